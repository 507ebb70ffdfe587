"""What a benchmark found: figures by contender, column and round, and how they are shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

Figures = Mapping[str, Mapping[str, Sequence[float]]]  # contender, column, one figure a round


@dataclass(frozen=True)
class Column:
    """One thing that was measured. `key` is its name among the figures, `title` says the unit too.

    `compared`: also show the ratio to the table's reference, round by round.
    """

    key: str
    title: str
    digits: int = 0
    compared: bool = True


@dataclass(frozen=True)
class Table:
    """Everything measured in one comparison. `reference` is the contender that the others are put beside;
    where there is none, nothing is compared.
    """

    title: str
    reference: str
    columns: Sequence[Column]
    figures: Figures
    notes: Sequence[str] = field(default_factory=tuple)

    def markdown(self) -> str:
        """The table as docs/performance.md has it, with its notes below."""
        heads = ["contender"]
        for column in self.columns:
            heads += [column.title, *([f"to {self.reference}"] if self._compares(column) else [])]
        rows = [heads, ["---"] * len(heads), *(self._row(contender) for contender in self.figures)]
        lines = [f"| {' | '.join(cells)} |" for cells in rows]
        return "\n".join([f"### {self.title}", "", *lines, "", *(f"- {note}" for note in self.notes), ""])

    def ratios(self, contender: str, column: str) -> list[float]:
        """The contender's figure by the reference's, of each round."""
        pairs = zip(self.figures[contender][column], self.figures[self.reference][column], strict=True)
        return [ours / theirs if theirs else math.inf for ours, theirs in pairs]

    def raw(self) -> dict[str, Any]:
        """All figures, for a file."""
        figures = {
            name: {key: list(each) for key, each in columns.items()} for name, columns in self.figures.items()
        }
        return {
            "title": self.title,
            "reference": self.reference,
            "figures": figures,
            "notes": list(self.notes),
        }

    def _compares(self, column: Column) -> bool:
        return column.compared and bool(self.reference)

    def _row(self, contender: str) -> list[str]:
        cells = [contender]
        for column in self.columns:
            found = self.figures[contender].get(column.key)
            cells.append(_spread(found, column.digits) if found else "")
            if self._compares(column):
                cells.append(_spread(self.ratios(contender, column.key), 2) if found else "")
        return cells


def _spread(figures: Sequence[float], digits: int) -> str:
    """The median, and between which two the rounds lay."""
    low, middle, high = (f"{each:,.{digits}f}" for each in (min(figures), median(figures), max(figures)))
    return f"{middle} ({low} to {high})" if low != high else middle
