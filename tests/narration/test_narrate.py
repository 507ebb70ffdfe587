from __future__ import annotations

import io
import math
import threading
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from core.errors import NarrationError, NothingToNarrate, StorageError
from narration.engine import SAMPLE_RATE, Samples
from narration.hibari import HibariEngine
from narration.narrate import MOST_SKIPPED, Stopped, narrate
from tests.narration.conftest import Told, ToneEngine, tell
from tests.narration.prose import prose

STORY = """# The Lighthouse

The keeper had *three* rules, and he had broken two of them before breakfast. "You can't mean it," said Mara.

* * *

She counted the steps: one hundred & twelve. Why? At the top, a lamp burned; beside it lay a letter.
"""


def test_a_story_becomes_one_cue_a_sentence_as_written(told: Callable[[str], Told]) -> None:
    story = told(STORY)
    assert [cue.text for cue in story.cues] == [
        "# The Lighthouse",
        "The keeper had *three* rules, and he had broken two of them before breakfast.",
        '"You can\'t mean it," said Mara.',
        "She counted the steps: one hundred &amp; twelve.",
        "Why?",
        "At the top, a lamp burned; beside it lay a letter.",
    ]
    assert story.narration.sentences == 6
    assert story.narration.skipped == ()
    assert len(story.heard()) == round(story.narration.duration_seconds * SAMPLE_RATE)
    assert len(story.audio) / story.narration.duration_seconds == pytest.approx(8000, rel=0.01)


def test_the_voice_is_heard_where_its_cue_says(told: Callable[[str], Told], voice: HibariEngine) -> None:
    story = told(prose(1500))
    heard = story.heard()
    for cue in story.cues:
        spoken = next(voice.speak(cue.text))[: 3 * SAMPLE_RATE]
        first = int(np.argmax(np.abs(spoken) > 0.02))
        window_start = max(round((cue.start - 0.8) * SAMPLE_RATE), 0)
        window = heard[window_start : round((cue.start + 0.8) * SAMPLE_RATE) + len(spoken)]
        lag = int(np.argmax(np.correlate(window, spoken[first : first + SAMPLE_RATE // 2], "valid")))
        assert (window_start + lag) / SAMPLE_RATE == pytest.approx(cue.start, abs=0.05), cue


def test_cues_keep_time_to_the_end_of_a_long_story(tone: ToneEngine) -> None:
    story = tell(prose(60_000), tone)
    heard = np.abs(story.heard()) > 0.1
    cues = story.cues
    assert len(cues) == story.narration.sentences > 400
    for cue in cues:
        start, end = round(cue.start * SAMPLE_RATE), round(cue.end * SAMPLE_RATE)
        around = np.flatnonzero(heard[max(start - 2000, 0) : end + 2000]) + max(start - 2000, 0)
        assert abs(int(around[0]) - start) < SAMPLE_RATE // 200
        assert abs(int(around[-1]) - end) < SAMPLE_RATE // 200
    assert all(earlier.end < later.start for earlier, later in pairwise(cues))
    assert cues[-1].end < story.narration.duration_seconds


class ShoutEngine(ToneEngine):
    """Shouts what is written in capitals, and whispers the rest."""

    def speak(self, text: str) -> Iterator[Samples]:
        for samples in super().speak(text):
            yield samples * np.float32(1.6 if text.isupper() else 0.16)


def test_the_waveform_is_loud_where_a_cue_is_and_flat_where_none_is() -> None:
    story = tell("This is a whisper, and a long one. " * 60 + "STOP! Then it goes on. " * 2, ShoutEngine())
    parts = len(story.peaks)
    assert parts == 1000
    seconds = story.narration.duration_seconds / parts
    drawn = np.zeros(parts, np.int64)
    for cue in story.cues:
        # Parts half in a cue may be as loud as it is.
        within = slice(math.ceil(cue.start / seconds + 0.1), math.floor(cue.end / seconds - 0.1))
        around = slice(math.floor(cue.start / seconds - 0.1), math.ceil(cue.end / seconds + 0.1))
        loudness = 99 if cue.text == "STOP!" else 10
        assert set(story.peaks[within]) <= {loudness}, cue
        assert max(story.peaks[around]) == loudness, cue
        drawn[around] = 1
    assert [peak for peak, is_drawn in zip(story.peaks, drawn, strict=True) if not is_drawn and peak] == []
    assert story.peaks.count(0) > 200
    assert story.peaks[-1] == 0


@pytest.mark.parametrize("characters", [40, 3000])
def test_the_waveform_is_that_of_what_is_heard(characters: int, told: Callable[[str], Told]) -> None:
    story = told(prose(characters))
    heard = np.abs(story.heard())
    parts = np.array_split(heard, len(story.peaks))
    loudest = np.array([part.max() for part in parts])
    # Coding changes single peaks a little, and sound near an edge may be drawn beside it.
    apart = np.abs(loudest / loudest.max() * 99 - story.peaks)
    assert np.median(apart) < 2
    assert np.quantile(apart, 0.95) < 10
    assert max(story.peaks) == 99


def test_the_waveform_of_one_word_is_exact_to_20_ms(tone: ToneEngine) -> None:
    story = tell("Word.", tone)
    (cue,) = story.cues
    parts = len(story.peaks)
    assert parts == math.floor(story.narration.duration_seconds / 0.02)
    loud = [number for number, peak in enumerate(story.peaks) if peak]
    assert loud == list(range(math.floor(cue.start / 0.02), math.ceil(cue.end / 0.02)))
    assert loud[0] == 2  # 24 ms of lead-in, 20 ms kept before the voice


def test_paragraphs_are_further_apart_than_sentences(tone: ToneEngine) -> None:
    cues = tell("One. Two.\n\nThree.", tone).cues
    assert cues[1].start - cues[0].end == pytest.approx(0.48, abs=0.002)
    assert cues[2].start - cues[1].end == pytest.approx(0.98, abs=0.002)


def test_the_same_text_gives_the_same_bytes(told: Callable[[str], Told]) -> None:
    first = told(STORY)
    told("Something else in between.")
    assert told(STORY) == first


def test_it_is_as_loud_as_an_audiobook(told: Callable[[str], Told]) -> None:
    heard = told(prose(1000)).heard()
    level = 10 * np.log10(np.mean(heard**2))
    assert -25 < level < -17
    assert np.abs(heard).max() < 0.999


def test_progress_is_the_share_of_the_text(tone: ToneEngine) -> None:
    shares = tell("One two. " * 99 + "Three.", tone).shares
    assert len(shares) == 100
    assert shares[49] == pytest.approx(0.5, abs=0.02)
    assert all(earlier < later for earlier, later in pairwise(shares))
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    "text", ["", "...", "* * *\n\n—", "你好世界。", "🍕🍕", "שלום", " \n\x00\n", "?!" * 5000]
)  # full-width punctuation is meant
def test_a_story_the_voice_cannot_speak_at_all_is_refused(text: str, told: Callable[[str], Told]) -> None:
    with pytest.raises(NothingToNarrate):
        told(text)


def test_what_the_voice_cannot_read_is_skipped_and_named(told: Callable[[str], Told]) -> None:
    story = told(f"Hello there. 你好世界。 {'🍕' * 200}\n\nGoodbye.")  # full-width punctuation is meant
    assert [cue.text for cue in story.cues] == ["Hello there.", "Goodbye."]
    assert [skipped.excerpt for skipped in story.narration.skipped] == [
        "你好世界。",
        "🍕" * 79 + "…",
    ]  # full-width punctuation is meant
    assert {skipped.reason for skipped in story.narration.skipped} == {"The voice cannot read it"}


def test_a_sentence_that_breaks_the_engine_loses_only_the_part_that_does(tone: ToneEngine) -> None:
    story = tell("Before. This one goes on and on until it gets to BOOM and goes on after that. After.", tone)
    assert len(story.cues) == 3
    assert [skipped.reason for skipped in story.narration.skipped] == ["The voice failed on it (IndexError)"]
    assert "BOOM" in story.narration.skipped[0].excerpt
    assert len(story.narration.skipped[0].excerpt) <= 20


def test_an_engine_that_breaks_on_everything_is_not_the_storys_fault(tone: ToneEngine) -> None:
    with pytest.raises(NarrationError) as failure:
        tell("BOOM. ".replace(".", " .") * 3, tone)
    assert not isinstance(failure.value, NothingToNarrate)


def test_only_the_first_skipped_sentences_are_kept(tone: ToneEngine) -> None:
    narration = tell("Hello. " + "HUSH it is. " * 80, tone).narration
    assert len(narration.skipped) == MOST_SKIPPED
    assert narration.skipped_count == 80


class PatientEngine(ToneEngine):
    """Has much to say, and is told to stop at its third piece."""

    def __init__(self) -> None:
        self.pieces = 0
        self.stopped = threading.Event()

    def speak(self, text: str) -> Iterator[Samples]:
        for _ in range(20):
            self.pieces += 1
            if self.pieces == 3:
                self.stopped.set()
            yield from super().speak(text)


def test_a_narration_stops_at_the_next_piece() -> None:
    engine = PatientEngine()
    with pytest.raises(Stopped):
        narrate("Word.", engine, io.BytesIO(), io.BytesIO(), report=lambda _: None, stopped=engine.stopped)
    assert engine.pieces == 3


def test_a_narration_told_to_stop_beforehand_does_nothing(tone: ToneEngine) -> None:
    stopped = threading.Event()
    stopped.set()
    shares = list[float]()
    with pytest.raises(Stopped):
        narrate("Word.", tone, io.BytesIO(), io.BytesIO(), report=shares.append, stopped=stopped)
    assert shares == []


def test_a_full_disk_is_a_storage_error(tone: ToneEngine) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(StorageError):
        narrate(prose(5000), tone, io.BytesIO(), full, report=lambda _: None, stopped=threading.Event())
