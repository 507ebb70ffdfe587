"""Where to cut a text that is longer than may be spoken, or shown, at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

_CLAUSE_END = re.compile(r"[.!?…,;:—–][\"”’)\]]*(?=\s)|[、，；：。！？]")  # noqa: RUF001  # full-width punctuation is meant
# The longest run of marks that is kept with the letter before it.
_MOST_MARKS = 16


def cut(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """Spans of at most `limit` characters that together are text[start:end].

    They end after clause punctuation if possible, else after white space, else anywhere but between a
    letter and its marks. They are of similar length, so that no stump is left over.
    """
    while end - start > limit:
        left = end - start
        even = -(-left // -(-left // limit))
        at = start + _place(text[start : start + min(limit, even + limit // 8)])
        yield start, at
        start = at
    if start < end:
        yield start, end


def _place(window: str) -> int:
    clause = max((match.end() for match in _CLAUSE_END.finditer(window)), default=0)
    if clause > len(window) // 3:
        return clause
    space = max(window.rfind(" "), window.rfind("\n"), window.rfind("\t"))
    if space > 0:
        return space + 1
    at = len(window) - 1
    while at > len(window) - _MOST_MARKS and unicodedata.combining(window[at]):
        at -= 1
    return max(at, 1)
