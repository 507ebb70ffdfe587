"""What is heard: an MP3, and its waveform beside it."""

from __future__ import annotations

from typing import BinaryIO

from narration.engine import Samples
from narration.mp3 import Mp3Writer
from narration.waveform import Waveform


class Recording:
    """Written as Mp3Writer has it. The waveform covers all that is decoded, from the lead-in to the end."""

    def __init__(self, file: BinaryIO) -> None:
        self._mp3 = Mp3Writer(file)
        self._waveform = Waveform()
        self._waveform.pause(self._mp3.position)

    @property
    def position(self) -> int:
        """Where the next sample will be heard, in samples from the start of the decoded recording."""
        return self._mp3.position

    def write(self, samples: Samples) -> None:
        """Add speech."""
        self._mp3.write(samples)
        self._waveform.add(samples)

    def pause(self, length: int) -> None:
        """Add silence of so many samples."""
        self._mp3.pause(length)
        self._waveform.pause(length)

    def finish(self) -> tuple[float, list[int]]:
        """End the MP3. Returns its length in seconds, and the peaks of its waveform."""
        return self._mp3.finish(), self._waveform.peaks()
