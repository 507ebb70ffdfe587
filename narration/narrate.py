"""A story becomes a recording and its captions, line by line, in memory that does not grow with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from core.errors import NarrationError, NothingToNarrate, StorageError
from narration.captions import CaptionWriter
from narration.engine import SAMPLE_RATE, Engine
from narration.lines import Break, lines_of
from narration.recording import Recording
from narration.speech import Skipped, Speech, Stopped, StopSignal, speech_of

__all__ = ["MOST_SKIPPED", "Narration", "Skipped", "StopSignal", "Stopped", "narrate"]

# How many skipped sentences a narration names; the rest are counted.
MOST_SKIPPED = 50

# Seconds, from the end of one voice to the start of the next but for 80 ms kept around it.
_PAUSES = {Break.WITHIN_SENTENCE: 0.1, Break.SENTENCE: 0.4, Break.PARAGRAPH: 0.9}
_PAUSE_AT_END = 0.5


@dataclass(frozen=True)
class Narration:
    """What became of a story: `sentences` were spoken, a cue each; `skipped` are the first that were not."""

    duration_seconds: float
    sentences: int
    skipped: tuple[Skipped, ...]
    skipped_count: int

    @property
    def skipped_lines(self) -> tuple[str, ...]:
        """What was skipped, a line each, and how much more there is than is named."""
        return _lines(self.skipped, self.skipped_count)


def narrate(
    text: str,
    engine: Engine,
    audio: BinaryIO,
    captions: BinaryIO,
    *,
    report: Callable[[float], None],
    stopped: StopSignal,
) -> Narration:
    """Write `text` as MP3 to `audio` (seekable) and as WebVTT to `captions`; blocks until done.

    The captions end with the waveform of the audio, in a comment (CaptionWriter.add_peaks).

    `report` gets the share of the text that is narrated, 0 to 1, after each line. Where `stopped` becomes
    set, Stopped is raised after one piece of speech at most. Raises NothingToNarrate where the voice can
    speak none of it, NarrationError where the engine fails on all it might, StorageError where a file
    cannot be written. Both files hold nothing of use then.
    """
    try:
        return _narrate(
            text, engine, Recording(audio), CaptionWriter(captions), report=report, stopped=stopped
        )
    except OSError as error:
        raise StorageError(f"The narration cannot be written: {error}") from error


def _narrate(
    text: str,
    engine: Engine,
    recording: Recording,
    captions: CaptionWriter,
    *,
    report: Callable[[float], None],
    stopped: StopSignal,
) -> Narration:
    sentences = skipped_count = 0
    skipped: list[Skipped] = []
    pause = Break.WITHIN_SENTENCE
    failed = False
    for line in lines_of(text):
        if stopped.is_set():
            raise Stopped
        speech = speech_of(line.text, engine, stopped)
        pause = max(pause, line.after)
        if speech.pieces:
            if sentences:
                recording.pause(_samples(_PAUSES[pause]))
            start, end = _record(speech, recording)
            captions.add(start, end, line.text)
            sentences += 1
            pause = Break.WITHIN_SENTENCE
        skipped += speech.skipped[: MOST_SKIPPED - len(skipped)]
        skipped_count += len(speech.skipped)
        failed = failed or speech.failed
        report(line.share)
    if not sentences and failed:
        raise NarrationError("The voice failed on every sentence of the story")
    if not sentences:
        raise NothingToNarrate(
            "The story holds nothing the voice can speak", _lines(tuple(skipped), skipped_count)
        )
    recording.pause(_samples(_PAUSE_AT_END))
    duration, peaks = recording.finish()
    captions.add_peaks(peaks)
    return Narration(duration, sentences, tuple(skipped), skipped_count)


def _lines(skipped: tuple[Skipped, ...], count: int) -> tuple[str, ...]:
    named = tuple(f"{one.reason}: {one.excerpt}" for one in skipped)
    unnamed = count - len(named)
    return (*named, f"{unnamed:,} more") if unnamed else named


def _record(speech: Speech, recording: Recording) -> tuple[float, float]:
    """Where the voice starts and ends in the recording, in seconds."""
    start = recording.position + speech.pieces[0].onset
    end = start
    for number, piece in enumerate(speech.pieces):
        if number:
            recording.pause(_samples(_PAUSES[Break.WITHIN_SENTENCE]))
        end = recording.position + piece.offset
        recording.write(piece.samples)
    return start / SAMPLE_RATE, end / SAMPLE_RATE


def _samples(seconds: float) -> int:
    return round(seconds * SAMPLE_RATE)
