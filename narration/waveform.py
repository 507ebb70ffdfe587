"""How loud a recording is over its time, for players to draw, kept while it is made."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from narration.engine import SAMPLE_RATE, Samples

MOST_PARTS = 1000
LOUDEST = 99
_SHORTEST_PART = SAMPLE_RATE * 20 // 1000

# Steps are what is kept: many, so that wherever a part begins a step begins close by, however long the
# recording has become. Each part has at least eight.
_MOST_STEPS = 16_384
_FIRST_STEP = _SHORTEST_PART // 8


class Waveform:
    """Takes a recording piece by piece, of any length, in 64 KiB."""

    def __init__(self) -> None:
        self._loudest = np.zeros(_MOST_STEPS, np.float32)
        self._step = _FIRST_STEP
        self._length = 0

    def add(self, samples: Samples) -> None:
        """Go on with sound; what is beyond -1.0 and 1.0 counts as clipped."""
        if not len(samples):
            return
        begun = self._length
        self.pause(len(samples))
        first = begun // self._step
        starts = np.arange(first, -(-self._length // self._step)) * self._step - begun
        starts[0] = 0
        heard = np.minimum(np.fmax.reduceat(np.abs(samples), starts), np.float32(1))
        steps = self._loudest[first : first + len(heard)]
        # A step that the piece before has begun keeps what is louder. By fmax, NaN is nothing.
        np.fmax(steps, heard, out=steps)

    def pause(self, length: int) -> None:
        """Go on with silence of so many samples."""
        self._length += length
        while self._length > self._step * _MOST_STEPS:
            half = _MOST_STEPS // 2
            self._loudest[:half] = np.maximum(self._loudest[::2], self._loudest[1::2])
            self._loudest[half:] = 0
            self._step *= 2

    def peaks(self) -> list[int]:
        """How loud each of up to 1,000 equal parts of the whole recording is at most; none of an empty one.

        Parts last 20 ms or more. Peaks are amplitudes, 99 being the loudest of this recording: a soft voice
        is drawn as tall as a loud one. A sound within a sixteenth of a part of its edge may count for the
        part beside it.
        """
        if not self._length:
            return []
        parts = min(max(self._length // _SHORTEST_PART, 1), MOST_PARTS)
        edges = np.arange(parts) * self._length / (parts * self._step)
        loudest: NDArray[np.float32] = np.maximum.reduceat(self._loudest, edges.round().astype(np.intp))
        scaled = loudest / (loudest.max() or 1) * LOUDEST
        return [int(peak) for peak in scaled.round()]
