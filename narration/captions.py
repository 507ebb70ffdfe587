"""WebVTT, written cue by cue. https://www.w3.org/TR/webvtt1/"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import BinaryIO

from narration.waveform import LOUDEST

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")
# An escaped `>` can't be part of an arrow either, which would end the cue's text.
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_PEAKS_A_LINE = 25


class CaptionWriter:
    """Writes to a binary file, which stays open."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._last_end = 0
        file.write(b"WEBVTT\n")

    def add(self, start: float, end: float, text: str) -> None:
        """Show `text`, on one line, from `start` to `end` seconds; cues come in order and never overlap."""
        start_ms = max(round(start * 1000), self._last_end)
        end_ms = max(round(end * 1000), start_ms + 1)
        self._last_end = end_ms
        shown = " ".join(_CONTROL.sub("", text).split()).translate(_ESCAPES)
        cue = f"\n{_timestamp(start_ms)} --> {_timestamp(end_ms)}\n{shown}\n"
        self._file.write(cue.encode("utf-8", "replace"))

    def add_peaks(self, peaks: Sequence[int]) -> None:
        r"""End with the peaks of the waveform, in a comment, which players overlook.

        The block is `NOTE waveform N peaks, 0 to 99, of equal parts of the audio`, then N numbers with a
        space or a line end after each; `/\n\nNOTE waveform .*\n([\d \n]+)$/` finds it. No cue can pass for
        it: its text is one line, with its times right above.
        """
        title = f"\nNOTE waveform {len(peaks)} peaks, 0 to {LOUDEST}, of equal parts of the audio\n"
        lines = (peaks[first : first + _PEAKS_A_LINE] for first in range(0, len(peaks), _PEAKS_A_LINE))
        self._file.write((title + "".join(f"{' '.join(map(str, line))}\n" for line in lines)).encode())


def _timestamp(milliseconds: int) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}.{milliseconds:03}"
