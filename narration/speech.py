"""One line spoken, come what may: what the engine cannot do whole is tried in parts, and left out at last."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from core.errors import StorycastError
from narration.cuts import cut
from narration.engine import SAMPLE_RATE, Engine, Samples
from narration.markup import is_decoration, without_markup

# -54 dB: softer than any consonant that is heard, louder than what engines leave around speech.
_SILENCE = 0.002
_KEPT_BEFORE = SAMPLE_RATE * 20 // 1000
_KEPT_AFTER = SAMPLE_RATE * 60 // 1000
_SHORTEST_PART = 20
_LONGEST_EXCERPT = 80

logger = logging.getLogger(__name__)


class Stopped(StorycastError):
    """A narration was told to stop; nothing is wrong with it."""


class StopSignal(Protocol):
    """As much of threading.Event as a narration needs."""

    def is_set(self) -> bool: ...


@dataclass(frozen=True)
class Skipped:
    """Text that cannot be heard in the narration: how it begins, and why."""

    excerpt: str
    reason: str


@dataclass(frozen=True)
class Piece:
    """Speech without the silence around it; the voice starts at `onset` and ends at `offset` (samples)."""

    samples: Samples
    onset: int
    offset: int


@dataclass(frozen=True)
class Speech:
    """`failed` says whether the engine broke on some of it, for good."""

    pieces: list[Piece] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    failed: bool = False


def speech_of(text: str, engine: Engine, stopped: StopSignal) -> Speech:
    """The line `text` (as written) as speech. Empty where there is nothing to hear or to miss.

    Raises Stopped, and MemoryError.
    """
    heard = without_markup(text)
    if is_decoration(heard):
        return Speech()
    speech = _attempt(heard, engine, stopped)
    if speech.pieces or speech.skipped:
        return speech
    return Speech(skipped=[_skip(text, "The voice cannot read it")])


def _attempt(text: str, engine: Engine, stopped: StopSignal) -> Speech:
    pieces = []
    try:
        for samples in engine.speak(text):
            piece = _trim(samples)
            if piece:
                pieces.append(piece)
            _check(stopped)
    except (Stopped, MemoryError):
        raise
    except Exception as error:  # noqa: BLE001  # an engine may break in any way on odd text
        return _attempt_parts(text, engine, stopped, error)
    return Speech(pieces)


def _attempt_parts(text: str, engine: Engine, stopped: StopSignal, error: Exception) -> Speech:
    if len(text) <= _SHORTEST_PART:
        logger.warning("The voice failed on %d characters", len(text), exc_info=error)
        return Speech([], [_skip(text, f"The voice failed on it ({type(error).__name__})")], failed=True)
    parts = [
        _attempt(text[start:end].strip(), engine, stopped)
        for start, end in cut(text, 0, len(text), len(text) // 2 + 1)
    ]
    return Speech(
        [piece for part in parts for piece in part.pieces],
        [skipped for part in parts for skipped in part.skipped],
        failed=any(part.failed for part in parts),
    )


def _check(stopped: StopSignal) -> None:
    if stopped.is_set():
        raise Stopped


def _trim(samples: Samples) -> Piece | None:
    loud = np.flatnonzero(np.abs(samples) > _SILENCE)
    if not len(loud):
        return None
    first, last = int(loud[0]), int(loud[-1]) + 1
    start = max(first - _KEPT_BEFORE, 0)
    return Piece(samples[start : last + _KEPT_AFTER], first - start, last - start)


def _skip(text: str, reason: str) -> Skipped:
    excerpt = " ".join(text.split())
    if len(excerpt) > _LONGEST_EXCERPT:
        excerpt = excerpt[: _LONGEST_EXCERPT - 1] + "…"
    return Skipped(excerpt, reason)
