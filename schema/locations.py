"""Where in its document an error lies: looked up for those errors alone that a client gets, in one scan.

graphql-core scans the document's lines for each error that it makes, and makes many that nobody gets: one
for each item of a list, of which the first leaves no list to answer.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator

from graphql import SourceLocation
from strawberry.extensions import SchemaExtension

# https://spec.graphql.org/draft/#LineTerminator
LINE_END = re.compile(r"\r\n|[\n\r]")


class Locations(SchemaExtension):
    """Takes the text from a document that is parsed, so that errors keep their positions and cost no scan."""

    def on_parse(self) -> Iterator[None]:
        yield
        document = self.execution_context.graphql_document
        if document and document.loc:
            document.loc.source.body = ""


class Lines:
    """The lines of a document's text."""

    def __init__(self, text: str) -> None:
        self._ends = [found.span() for found in LINE_END.finditer(text)]

    def locate(self, positions: Iterable[int]) -> list[SourceLocation]:
        """Line and column, from 1 on, of each."""
        return [self._location(position) for position in positions]

    def _location(self, position: int) -> SourceLocation:
        before = bisect_left(self._ends, (position, 0))
        start = self._ends[before - 1][1] if before else 0
        return SourceLocation(before + 1, position + 1 - start)
