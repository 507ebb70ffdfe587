"""What is made of the figures: medians, spreads, ratios within a round."""

from __future__ import annotations

from dataclasses import replace

from bench.rounds import Measure, interleave
from bench.tables import Column, Table


def table() -> Table:
    figures = {
        "ours": {"per_second": [100.0, 90.0, 400.0], "p99": [1.0, 3.0, 2.0]},
        "theirs": {"per_second": [200.0, 100.0, 100.0], "p99": [5.0, 5.0, 5.0]},
    }
    columns = (Column("per_second", "requests/s"), Column("p99", "p99 ms", 1, compared=False))
    return Table("A list", "theirs", columns, figures, ["A note."])


def test_a_ratio_is_taken_within_each_round() -> None:
    assert table().ratios("ours", "per_second") == [0.5, 0.9, 4.0]


def test_a_table_shows_medians_spreads_and_ratios() -> None:
    assert table().markdown().splitlines() == [
        "### A list",
        "",
        "| contender | requests/s | to theirs | p99 ms |",
        "| --- | --- | --- | --- |",
        "| ours | 100 (90 to 400) | 0.90 (0.50 to 4.00) | 2.0 (1.0 to 3.0) |",
        "| theirs | 100 (100 to 200) | 1.00 | 5.0 |",
        "",
        "- A note.",
    ]


def test_a_table_without_a_reference_compares_nothing() -> None:
    assert replace(table(), reference="").markdown().splitlines()[2:5] == [
        "| contender | requests/s | p99 ms |",
        "| --- | --- | --- |",
        "| ours | 100 (90 to 400) | 2.0 (1.0 to 3.0) |",
    ]


async def test_a_round_is_the_median_of_its_slices() -> None:
    told = {"a": iter([1.0, 9.0, 2.0, 5.0, 3.0, 4.0]), "b": iter([7.0, 8.0, 9.0, 1.0, 1.0, 1.0])}
    order: list[str] = []

    def measure(name: str) -> Measure:
        async def measured() -> dict[str, float]:
            order.append(name)
            return {"p50": next(told[name])}

        return measured

    figures = await interleave(2, {name: measure(name) for name in "ab"}, slices=3)
    assert "".join(order) == "abbaabbaabba"
    assert figures == {"a": {"p50": [2.0, 4.0]}, "b": {"p50": [8.0, 1.0]}}


async def test_each_round_begins_with_the_next_contender() -> None:
    order: list[str] = []

    def measure(name: str) -> Measure:
        async def measured() -> dict[str, float]:
            order.append(name)
            return {"per_second": float(len(order))}

        return measured

    figures = await interleave(4, {name: measure(name) for name in "abc"})
    assert "".join(order) == "abcbcacababc"
    assert figures == {
        "a": {"per_second": [1.0, 6.0, 8.0, 10.0]},
        "b": {"per_second": [2.0, 4.0, 9.0, 11.0]},
        "c": {"per_second": [3.0, 5.0, 7.0, 12.0]},
    }
