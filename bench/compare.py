"""GraphQL requests put to Storycast and to its peers: checked, then timed in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial

from bench import answers, http_load, rounds
from bench.ground import Ground
from bench.http_load import Expected, Request
from bench.processes import Process
from bench.tables import Column, Figures

COLUMNS = (
    Column("per_second", "requests/s"),
    Column("cpu", "µs of processor a request"),
    Column("p50", "p50 ms", 1, compared=False),
    Column("p99", "p99 ms", 1, compared=False),
)

Step = Callable[[], Awaitable[None]]


async def _nothing() -> None:
    pass


async def compare(
    ground: Ground,
    contenders: Mapping[str, Process],
    timed: Sequence[Request],
    odd: Sequence[Request],
    *,
    made: Collection[str] = (),
    before: Step = _nothing,
    after: Step = _nothing,
) -> Figures:
    """The figures of all contenders. `odd` requests are checked and not timed.

    `made`: keys of the answers whose values are new each time. `before` and `after` are awaited around each
    measurement. Raises Different and LoadFailed.
    """
    await answers.agree(contenders, odd, made)
    expected = await answers.agree(contenders, timed, made)
    return await rounds.interleave(
        ground.rounds,
        {
            name: partial(_measure, process, expected[name], ground.seconds, before, after)
            for name, process in contenders.items()
        },
    )


async def _measure(
    process: Process, expected: Sequence[Expected], seconds: float, before: Step, after: Step
) -> Mapping[str, float]:
    await before()
    figures = await http_load.measure(process, expected, seconds)
    await after()
    return figures
