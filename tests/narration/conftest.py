from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile

from narration.engine import SAMPLE_RATE, Engine, Samples
from narration.hibari import HibariEngine
from narration.narrate import Narration, narrate

# As docs/clients.md has it.
WAVEFORM = r"\n\nNOTE waveform .*\n([\d \n]+)$"
_CUE = re.compile(r"(\d+):(\d\d):(\d\d\.\d{3}) --> (\d+):(\d\d):(\d\d\.\d{3})\n(.*)\n")


@dataclass(frozen=True)
class Cue:
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Told:
    """A story narrated: the result, both files, and every progress report."""

    narration: Narration
    audio: bytes
    captions: str
    shares: list[float]

    @property
    def cues(self) -> list[Cue]:
        return cues_of(self.captions)

    @property
    def peaks(self) -> list[int]:
        return peaks_of(self.captions)

    def heard(self) -> Samples:
        return decode(self.audio)


class ToneEngine:
    """A second engine: a beep for each word, with silence around them, silent at HUSH, broken by BOOM."""

    word = SAMPLE_RATE // 20
    silence = np.zeros(SAMPLE_RATE // 4, np.float32)

    def speak(self, text: str) -> Iterator[Samples]:
        words = text.split()
        if "BOOM" in words:
            raise IndexError("BOOM")
        if "HUSH" not in words:
            beep = np.sin(np.arange(self.word * len(words)) * 0.3, dtype=np.float32) * np.float32(0.5)
            yield np.concatenate([self.silence, beep, self.silence])


def cues_of(captions: str) -> list[Cue]:
    return [
        Cue(int(h) * 3600 + int(m) * 60 + float(s), int(eh) * 3600 + int(em) * 60 + float(es), text)
        for h, m, s, eh, em, es, text in _CUE.findall(captions)
    ]


def peaks_of(captions: str) -> list[int]:
    """Empty where there is no waveform."""
    found = re.search(WAVEFORM, captions)
    return [int(peak) for peak in found[1].split()] if found else []


def decode(audio: bytes) -> Samples:
    samples, rate = soundfile.read(io.BytesIO(audio), dtype="float32")
    assert rate == SAMPLE_RATE
    assert samples.ndim == 1
    return np.asarray(samples, np.float32)


def tell(text: str, engine: Engine) -> Told:
    audio, captions, shares = io.BytesIO(), io.BytesIO(), list[float]()
    narration = narrate(text, engine, audio, captions, report=shares.append, stopped=threading.Event())
    return Told(narration, audio.getvalue(), captions.getvalue().decode(), shares)


@pytest.fixture(scope="session")
def voice() -> HibariEngine:
    return HibariEngine()


@pytest.fixture
def tone() -> ToneEngine:
    return ToneEngine()


@pytest.fixture
def told(voice: HibariEngine) -> Callable[[str], Told]:
    """Narrates with the real voice."""
    return lambda text: tell(text, voice)
