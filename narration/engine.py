"""What a speech engine is to the rest of narration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

# Mono, 24 kHz, -1.0 to 1.0, at the loudness of an audiobook (about -21 dB RMS).
Samples: TypeAlias = NDArray[np.float32]

SAMPLE_RATE = 24_000


class Engine(Protocol):
    """Turns text into speech. One thread at a time uses it."""

    def speak(self, text: str) -> Iterator[Samples]:
        """Speech for a few hundred characters of one sentence, in pieces of half a minute at most.

        Nothing where the text holds nothing the voice can speak; the same samples for the same text,
        whatever came before. It may raise anything on odd text: the caller tries smaller parts.
        """
        ...
