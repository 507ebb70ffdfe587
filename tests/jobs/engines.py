"""Voices other than the product's, for what it would take luck to hear from a real one."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import numpy as np

from narration.engine import SAMPLE_RATE, Samples

LIMIT_SECONDS = 20


def tone(seconds: float) -> Samples:
    angles = np.arange(int(seconds * SAMPLE_RATE), dtype=np.float32) * (2 * np.pi * 440 / SAMPLE_RATE)
    sound: Samples = (0.1 * np.sin(angles)).astype(np.float32)
    return sound


class BrokenEngine:
    """Fails on every text."""

    def speak(self, text: str) -> Iterator[Samples]:  # noqa: ARG002 - the Protocol's
        raise RuntimeError("out of order")


class WaitingEngine:
    """Says nothing until `may_speak` is set, then a tone for each text; `has_begun` tells that it waits."""

    def __init__(self) -> None:
        self.has_begun = threading.Event()
        self.may_speak = threading.Event()

    def speak(self, text: str) -> Iterator[Samples]:  # noqa: ARG002 - the Protocol's
        self.has_begun.set()
        assert self.may_speak.wait(LIMIT_SECONDS)
        yield tone(0.1)


class SlowEngine:
    """A tone for each text, and so many seconds to make it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._never = threading.Event()

    def speak(self, text: str) -> Iterator[Samples]:  # noqa: ARG002 - the Protocol's
        self._never.wait(self._seconds)
        yield tone(0.1)
