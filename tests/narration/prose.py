"""Stories of any length for measuring: the same each time, with sentences of every length."""

from __future__ import annotations

import random

_VOCABULARY = """
    the lighthouse keeper had three rules and he broke two of them before breakfast while wind came off cold
    salt water carrying a bell that nobody rang in forty years she counted every step until her lamp burned
    low beside letter addressed to Mara who never wrote back because harbour wall crumbled slowly under rain
"""
_LENGTHS = (2, 4, 7, 9, 12, 15, 18, 24, 33, 48, 70)
_ENDS = (".", ".", ".", ".", "?", "!", "…", ".”")


def prose(characters: int) -> str:
    """A story of so many characters."""
    chance = random.Random(45)
    vocabulary = _VOCABULARY.split()
    parts: list[str] = []
    length = 0
    while length < characters:
        words = chance.choices(vocabulary, k=chance.choice(_LENGTHS))
        for comma in range(7, len(words) - 2, 9):
            words[comma] += ","
        sentence = " ".join(words).capitalize() + chance.choice(_ENDS)
        parts.append(sentence + ("\n\n" if chance.random() < 0.2 else " "))
        length += len(parts[-1])
    return "".join(parts)[:characters]
