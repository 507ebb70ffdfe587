"""From a story to the lines that are spoken and shown one by one.

A line is a sentence; a sentence too long for one caption is several lines. Nothing here grows with the
story, and nothing takes more than linear time, whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from narration.cuts import cut
from narration.sentences import sentences_in

LONGEST_LINE = 400

# Lines in between may have been ended by a margin, and not by the writer.
_NARROWEST_MARGIN = 25
_WIDEST_MARGIN = 100

_OTHER_NEWLINES = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_LINE_END = re.compile(r"(?<=\S)[^\S\n]*\n[^\S\n]*(?=\S)")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")
_NEWLINE = re.compile(r"\n\s*")


class Break(IntEnum):
    """What lies between a line and the one before it; the longer pause is the greater."""

    WITHIN_SENTENCE = 0
    SENTENCE = 1
    PARAGRAPH = 2


@dataclass(frozen=True)
class Line:
    """`text` as written, at most LONGEST_LINE characters; `share` of the story that ends with it, 0 to 1."""

    text: str
    share: float
    after: Break


def lines_of(story: str) -> Iterator[Line]:
    """The story's lines in order, none of them blank."""
    story = _OTHER_NEWLINES.sub("\n", story)
    for first, last in _paragraphs(story):
        after = Break.PARAGRAPH
        for start, end in sentences_in(story, first, last):
            for cut_start, cut_end in cut(story, start, end, LONGEST_LINE):
                text = story[cut_start:cut_end].strip()
                if text:
                    yield Line(text, cut_end / len(story), after)
                    after = Break.WITHIN_SENTENCE
            after = max(after, Break.SENTENCE)


def _paragraphs(story: str) -> Iterator[tuple[int, int]]:
    separator = _BLANK_LINE if _is_wrapped(story) else _NEWLINE
    start = 0
    for match in separator.finditer(story):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(story):
        yield start, len(story)


def _is_wrapped(story: str) -> bool:
    """Whether line ends are only where the margin was: lines are short, and many go on in lower case."""
    ends = soft = 0
    for match in _LINE_END.finditer(story):
        end = match.start()
        start = story.rfind("\n", max(end - _WIDEST_MARGIN - 1, 0), end) + 1
        if end - start > _WIDEST_MARGIN:
            return False
        ends += 1
        soft += end - start >= _NARROWEST_MARGIN and story[match.end()].islower()
    return soft * 3 > ends
