from __future__ import annotations

import io
import struct

import numpy as np
import pytest

from narration.engine import SAMPLE_RATE, Samples
from narration.mp3 import BYTES_PER_FRAME, LEAD_IN, SAMPLES_PER_FRAME, Mp3Writer
from tests.narration.conftest import decode

CLICK_AT = SAMPLE_RATE // 2


def click() -> Samples:
    """A second of silence but for 5 ms in its middle."""
    samples = np.zeros(SAMPLE_RATE, np.float32)
    samples[CLICK_AT : CLICK_AT + SAMPLE_RATE // 200] = np.sin(
        np.arange(SAMPLE_RATE // 200), dtype=np.float32
    )
    return samples


def encoded(*pieces: Samples) -> tuple[bytes, float]:
    file = io.BytesIO()
    writer = Mp3Writer(file)
    for piece in pieces:
        writer.write(piece)
    seconds = writer.finish()
    return file.getvalue(), seconds


def late(audio: bytes) -> float:
    """How much later than its position the click is heard, in seconds."""
    loud = np.flatnonzero(np.abs(decode(audio)) > 0.3)
    return (int(loud[0]) - CLICK_AT - LEAD_IN) / SAMPLE_RATE


@pytest.mark.parametrize("length", [1, 575, 576, 577, 5_000, 24_000, 100_001])
def test_a_recording_decodes_to_exactly_its_length(length: int) -> None:
    audio, seconds = encoded(np.full(length, 0.1, np.float32))
    assert len(decode(audio)) == LEAD_IN + length == round(seconds * SAMPLE_RATE)


def test_sound_is_heard_where_the_writer_said() -> None:
    audio, _ = encoded(click())
    assert abs(late(audio)) < 0.002


def test_a_player_that_does_not_know_the_info_frame_is_less_than_50_ms_late() -> None:
    audio, _ = encoded(click())
    no_gapless = audio[BYTES_PER_FRAME:]
    frame_played = audio.replace(b"Info", b"\0\0\0\0", 1)
    assert late(no_gapless) == pytest.approx(0.022, abs=0.002)
    assert late(frame_played) == pytest.approx(0.046, abs=0.002)


def test_the_info_frame_counts_what_follows() -> None:
    audio, _ = encoded(click())
    frames = len(audio) // BYTES_PER_FRAME - 1
    assert audio[:4] == audio[BYTES_PER_FRAME : BYTES_PER_FRAME + 4]
    assert audio[13:17] == b"Info"
    assert struct.unpack(">III", audio[17:29]) == (7, frames, len(audio))
    assert audio[129:133] == b"LAME"
    padding = int.from_bytes(audio[150:153], "big")
    assert padding == frames * SAMPLES_PER_FRAME - LEAD_IN - SAMPLE_RATE < 4096


def test_what_is_too_loud_is_clipped_not_wrapped() -> None:
    wave = np.sin(np.arange(SAMPLE_RATE) * 0.05, dtype=np.float32)
    clipped, _ = encoded(wave * 3)
    heard = decode(clipped)[LEAD_IN : LEAD_IN + SAMPLE_RATE]
    assert np.corrcoef(heard, wave)[0, 1] > 0.9


def test_pieces_join_without_a_gap() -> None:
    wave = np.sin(np.arange(SAMPLE_RATE) * 0.05, dtype=np.float32) * np.float32(0.5)
    assert encoded(wave)[0] == encoded(*np.array_split(wave, 7))[0]


def test_it_writes_where_the_file_stands() -> None:
    file = io.BytesIO(b"before")
    file.seek(0, io.SEEK_END)
    writer = Mp3Writer(file)
    writer.write(click())
    writer.finish()
    assert file.getvalue().startswith(b"before\xff\xf3")
    assert file.tell() == len(file.getvalue())
