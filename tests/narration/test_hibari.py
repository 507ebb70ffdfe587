"""The engine, beside the library that it makes quicker."""

from __future__ import annotations

import numpy as np
import pytest
from hibari import Hibari

from narration.cuts import cut
from narration.english import respell
from narration.hibari import GAIN, LONGEST_RUN, SEED, HibariEngine
from tests.narration.prose import prose

LINES = ("Why?", prose(390), "A lamp burned.", prose(200), prose(397), "Why?")


def test_every_sample_is_what_the_library_makes_of_the_same_seed(voice: HibariEngine) -> None:
    library = Hibari()
    for line in LINES:
        runs = [
            phonemes[start:end].strip()
            for phonemes in library.phonemize(respell(line))
            for start, end in cut(phonemes, 0, len(phonemes), LONGEST_RUN)
        ]
        made = [library.from_phonemes(run, seed=SEED) * np.float32(GAIN) for run in runs]
        spoken = list(voice.speak(line))
        assert [piece.tobytes() for piece in spoken] == [piece.tobytes() for piece in made]


def test_noise_is_drawn_no_more_once_there_is_enough(
    voice: HibariEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    pieces = list(voice.speak(LINES[1]))

    def draw(_: int) -> None:
        pytest.fail("noise was drawn again")

    monkeypatch.setattr(np.random, "default_rng", draw)
    assert [piece.tobytes() for piece in voice.speak(LINES[1])] == [piece.tobytes() for piece in pieces]
