from __future__ import annotations

import time
import tracemalloc

import numpy as np
import pytest

from narration.engine import SAMPLE_RATE, Samples
from narration.waveform import LOUDEST, MOST_PARTS, Waveform
from tests.narration.sounds import mp3_of, noise

HOUR = 3600 * SAMPLE_RATE
PART = SAMPLE_RATE // 50
CLICK = np.full(1, 0.5, np.float32)


def drawn(*pieces: Samples) -> list[int]:
    waveform = Waveform()
    for piece in pieces:
        waveform.add(piece)
    return waveform.peaks()


def level(length: int, loudness: float) -> Samples:
    return np.full(length, loudness, np.float32)


@pytest.mark.parametrize(
    ("length", "parts"),
    [
        (0, 0),
        (1, 1),
        (PART - 1, 1),
        (2 * PART - 1, 1),
        (2 * PART, 2),
        (20 * SAMPLE_RATE - 1, 999),
        (20 * SAMPLE_RATE, 1000),
        (20 * SAMPLE_RATE + 1, 1000),
        (3 * HOUR + 12_345, 1000),
    ],
)
def test_parts_last_20_ms_or_more_and_are_never_over_1000(length: int, parts: int) -> None:
    waveform = Waveform()
    waveform.pause(length)
    assert waveform.peaks() == [0] * parts


@pytest.mark.parametrize("length", [PART, 7_777, 333_333, 480_000, 983_040, 983_041, 5_000_011, 3 * HOUR + 1])
def test_a_click_is_drawn_in_the_part_that_it_is_in_and_in_no_other(length: int) -> None:
    parts = min(length // PART, MOST_PARTS)
    for part in {0, 1 % parts, parts // 3, parts // 2, parts - 1}:
        # Where a part may be off by a sixteenth, and in the middle.
        for within in (0.07, 0.5, 0.93):
            at = int((part + within) * length / parts)
            waveform = Waveform()
            waveform.pause(at)
            waveform.add(CLICK)
            waveform.pause(length - at - 1)
            assert waveform.peaks() == [LOUDEST * (each == part) for each in range(parts)], (part, within)


def test_the_very_first_and_the_very_last_sample_count() -> None:
    assert drawn(CLICK, level(HOUR // 60, 0), CLICK) == [LOUDEST, *[0] * 998, LOUDEST]


@pytest.mark.parametrize("length", [100, 1_000, 12_345, 479_999, 1_000_003, 2_400_000, 9_999_991])
def test_peaks_are_those_of_the_samples(length: int) -> None:
    samples = noise(length)
    heard = np.abs(samples)
    peaks = drawn(samples)
    width = length / len(peaks)
    tallest = heard.max()
    for part, peak in enumerate(peaks):
        surely = heard[int((part + 1 / 16) * width) + 1 : int((part + 15 / 16) * width)].max(initial=0)
        perhaps = heard[max(int((part - 1 / 16) * width) - 1, 0) : int((part + 17 / 16) * width) + 2].max()
        assert round(surely / tallest * LOUDEST) <= peak <= round(perhaps / tallest * LOUDEST)


@pytest.mark.parametrize("cuts", [2, 7, 1_000, 20_001])
def test_pieces_of_any_length_draw_the_same(cuts: int) -> None:
    samples = noise(1_500_000)
    at = np.sort(np.random.default_rng(45).integers(0, len(samples), cuts))
    assert drawn(*np.split(samples, at)) == drawn(samples)


def test_a_pause_draws_as_silence_does() -> None:
    waveform = Waveform()
    for piece in (noise(10_001), noise(70_007)):
        waveform.pause(600_011)
        waveform.add(piece)
    waveform.pause(1)
    silence = level(600_011, 0)
    assert waveform.peaks() == drawn(silence, noise(10_001), silence, noise(70_007), level(1, 0))


def test_peaks_are_amplitudes_beside_the_loudest() -> None:
    assert drawn(level(PART, 0.8), level(PART, -0.2), level(PART, 0), level(PART, -0.6)) == [99, 25, 0, 74]


@pytest.mark.parametrize("loudness", [1.0, 0.01, 1e-45])
def test_a_soft_voice_is_as_tall_as_a_loud_one(loudness: float) -> None:
    assert drawn(level(PART, loudness), level(PART, 0)) == [LOUDEST, 0]


def test_what_is_too_loud_counts_as_clipped() -> None:
    assert drawn(level(PART, -30), level(PART, np.inf), level(PART, 1), level(PART, 0.5)) == [99, 99, 99, 50]


def test_what_is_no_number_counts_as_nothing() -> None:
    assert drawn(level(PART, np.nan), np.concatenate([level(PART - 1, np.nan), CLICK])) == [0, LOUDEST]


def test_three_hours_take_no_more_memory_than_a_minute() -> None:
    piece = noise(SAMPLE_RATE * 10)
    waveform = Waveform()
    tracemalloc.start()
    try:
        for _ in range(6):
            waveform.add(piece)
        tracemalloc.reset_peak()
        held, _ = tracemalloc.get_traced_memory()
        for _ in range(1074):
            waveform.add(piece)
        held_at_end, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(waveform.peaks()) == MOST_PARTS
    assert held_at_end - held < 10_000
    assert peak - held < 2 * piece.nbytes


def test_it_takes_a_small_share_of_the_time_that_coding_takes() -> None:
    pieces = [noise(SAMPLE_RATE * 10)] * 6
    started = time.thread_time()
    mp3_of(pieces)
    coded = time.thread_time()
    drawn(*pieces)
    assert time.thread_time() - coded < (coded - started) / 10
