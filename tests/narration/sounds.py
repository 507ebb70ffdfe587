"""Sounds that tests make, and what is coded of them."""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np

from narration.engine import SAMPLE_RATE, Samples
from narration.mp3 import Mp3Writer


def noise(length: int) -> Samples:
    """Noise of so many samples, of another loudness every 10 ms; the same each time."""
    chance = np.random.default_rng(length)
    stretch = SAMPLE_RATE // 100
    loudness = chance.random(length // stretch + 1, np.float32).repeat(stretch)[:length]
    return (chance.random(length, np.float32) * 2 - 1) * loudness


def mp3_of(pieces: Iterable[Samples]) -> bytes:
    file = io.BytesIO()
    writer = Mp3Writer(file)
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    return file.getvalue()
