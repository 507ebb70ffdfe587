"""Where sentences end: which full stops are one, and which belong to an abbreviation or a number."""

from __future__ import annotations

import re
from collections.abc import Iterator

# The look-behind and the possessive repeats keep a flood of full stops linear.
_STOP = re.compile(
    r"(?<![.!?…])(?P<mark>[.!?…]++)(?P<closing>(?:[\"”’'»)\]*_]|</\w{1,10}>)*+)(?=\s)"  # noqa: RUF001  # typographic quotes are meant
    r"|[。！？]++[」』”’)]*+"  # noqa: RUF001  # full-width punctuation is meant
)
_SPACE = re.compile(r"\s*")
_WORD_BEFORE = re.compile(r"[^\s(\[\"“'‘*_]*$")  # noqa: RUF001  # typographic quotes are meant
_CLOSING_QUOTES = frozenset("\"”’'»")  # noqa: RUF001  # typographic quotes are meant
_LONGEST_ABBREVIATION = 12
_TITLE = re.compile(
    "Mr|Mrs|Ms|Mx|Dr|Prof|St|Mt|Gen|Gov|Sen|Rep|Capt|Lt|Col|Sgt|Cmdr|Rev|Hon|Cpl|Maj|Adm|Fr|Msgr"
)
_SHORTENED = re.compile(
    "jr|sr|vs|etc|approx|est|vol|fig|dept|inc|ltd|co|corp|ave|blvd|rd|hwy|cf|viz|ca", re.IGNORECASE
)
_NUMBER_SIGN = re.compile("no|nos|p|pp|vol|fig|ch", re.IGNORECASE)


def sentences_in(story: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of the paragraph story[start:end], however long; in linear time."""
    first = start
    for match in _STOP.finditer(story, start, end):
        following = _SPACE.match(story, match.end(), end)
        next_start = following.end() if following else end
        if next_start < end and _ends_sentence(story, match, first, story[next_start]):
            yield start, match.end()
            start = next_start
    if start < end:
        yield start, end


def _ends_sentence(story: str, match: re.Match[str], paragraph: int, following: str) -> bool:
    mark, closing = match["mark"], match["closing"]
    if mark is None:
        return True
    goes_on = following.islower()
    if goes_on and (mark[-1] == "…" or len(mark) > 2 or not _CLOSING_QUOTES.isdisjoint(closing)):
        return False
    return mark != "." or not _is_abbreviation(story, match.start(), paragraph, following)


def _is_abbreviation(story: str, dot: int, paragraph: int, following: str) -> bool:
    before = _WORD_BEFORE.search(story, max(paragraph, dot - _LONGEST_ABBREVIATION), dot)
    word = before[0] if before else ""
    last = word.rpartition(".")[2]
    return (
        _TITLE.fullmatch(word) is not None
        or (following.isdecimal() and _NUMBER_SIGN.fullmatch(word) is not None)
        or (len(last) == 1 and last.isupper() and last != "I")  # an initial
        or (following.islower() and ("." in word or _SHORTENED.fullmatch(word) is not None))
        or (word.isdecimal() and dot - len(word) == paragraph)  # the number of an item in a list
    )
