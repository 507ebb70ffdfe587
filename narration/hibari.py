"""The engine `hibari`: a neural voice that comes inside its wheel and runs on one core."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from hibari import SAMPLE_RATE as HIBARI_SAMPLE_RATE
from hibari import Hibari

from narration.cuts import cut
from narration.engine import SAMPLE_RATE, Samples
from narration.english import respell
from narration.voices import DEFAULT_VOICE, Voice

# Its memory grows with the longest run it was ever given, and stays: 250 phonemes are 15 s and 100 MB.
LONGEST_RUN = 250
# It speaks at about -27 dB RMS, with peaks near -8: twice that is an audiobook's loudness.
GAIN = 2.0
SEED = 0

_STRESS_AND_LENGTH = frozenset("ˈˌː")


class HibariEngine:
    """Loads in under a second, about 220 MB resident with its libraries; from then on it opens no file."""

    def __init__(self, voice: Voice = DEFAULT_VOICE) -> None:
        assert HIBARI_SAMPLE_RATE == SAMPLE_RATE
        self._hibari = Hibari(voice=voice.id)
        self._noise = _Noise()
        # The first word, and the first one that is in no dictionary, load what reads words.
        self._hibari.phonemize("Hello, Zzyzxian.")

    def speak(self, text: str) -> Iterator[Samples]:
        """As the Protocol has it. Words in other than Latin script are passed over."""
        for phonemes in self._hibari.phonemize(respell(text)):
            for start, end in cut(phonemes, 0, len(phonemes), LONGEST_RUN):
                run = phonemes[start:end].strip()
                if any(sign.isalpha() and sign not in _STRESS_AND_LENGTH for sign in run):
                    samples: Samples = self._hibari.from_ids(self._hibari.ids(run), rng=self._noise)
                    samples *= GAIN
                    yield samples


class _Noise:
    """As much of `default_rng(SEED)`, made afresh for each run, as Hibari needs: 601 pairs for each 12.5 ms.

    All runs begin with the same noise, which takes a sixth of their time to draw: so it is drawn once.
    """

    def __init__(self) -> None:
        self._drawn = np.empty(0, np.float32)

    def standard_normal(self, size: tuple[int, int], dtype: type[np.float32]) -> Samples:
        """An array that the caller may write to."""
        count = math.prod(size)
        if count > len(self._drawn):
            self._drawn = np.random.default_rng(SEED).standard_normal(count, dtype)
        return self._drawn[:count].reshape(size).copy()
