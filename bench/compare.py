"""GraphQL requests put to Storycast and to its peers: checked, then timed in turn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

from bench import answers, postgraphile
from bench.contenders import (
    LIMIT,
    MERCURIUS,
    RESPONDER,
    STORYCAST,
    Contender,
    start_limit,
    start_node,
    start_responder,
)
from bench.ground import Ground
from bench.http_load import Expected, Load, Request, open_load
from bench.rounds import SLICES, Measure, interleave
from bench.tables import Column, Figures, Table

COLUMNS = (
    Column("per_second", "requests/s"),
    Column("cpu", "µs of processor a request"),
    Column("p50", "p50 ms", 1, compared=False),
    Column("p99", "p99 ms", 1, compared=False),
)

SAMPLE = 20  # of requests whose answers are new each time


@dataclass(frozen=True)
class Work:
    """What surrounds each measurement of requests that change something.

    `made`: keys of the answers whose values are new each time. `clear` brings the data back to where it was;
    `check` is told how many answers there were, and raises Different where the work was not done.
    """

    made: Collection[str]
    clear: Callable[[], Awaitable[None]]
    check: Callable[[int], Awaitable[None]]


async def compare(
    ground: Ground,
    contenders: Mapping[str, Contender],
    timed: Sequence[Request],
    odd: Sequence[Request],
    work: Work | None = None,
) -> Figures:
    """The figures of all contenders, and of the load generator. `odd` requests are checked and not timed.

    Raises Different and LoadFailed.
    """
    made = work.made if work else ()
    await answers.agree(contenders, odd, made)
    checked = await answers.agree(contenders, timed[:SAMPLE] if work else timed, made)
    slice_seconds = ground.seconds / SLICES
    async with AsyncExitStack() as stack:
        measures: dict[str, Measure] = {}
        for name, contender in contenders.items():
            expected = checked[name]
            if work:
                expected = [Expected(contender.phrase(each), expected[0].status, None) for each in timed]
            load = await stack.enter_async_context(open_load(contender.process, expected))
            measures[name] = partial(_measure, load, slice_seconds, work)
        length = next(iter(checked.values()))[0].length or 0
        responder = await start_responder(ground, length)
        constant = [Expected(each, 200, length) for each in timed]
        load = await stack.enter_async_context(open_load(responder, constant))
        measures[RESPONDER] = partial(_measure, load, slice_seconds, None)
        return await interleave(ground.rounds, measures, SLICES)


async def both_ways(
    ground: Ground, title: str, timed: Sequence[Request], odd: Sequence[Request], work: Work | None = None
) -> list[Table]:
    """Put to Storycast and its peers: these work in a conventional transaction, then in one round trip."""
    storycast = {STORYCAST: Contender(await ground.start_api())}
    beside: dict[str, Contender] = {}
    if not work:
        beside[postgraphile.TITLE] = await postgraphile.start(ground)
    tables = []
    for one_trip, how in ((False, "in a conventional transaction"), (True, "in one round trip")):
        peers = storycast | await start_node(ground, one_trip=one_trip)
        if not work:
            peers[LIMIT] = await start_limit(ground, one_trip=one_trip)
        found = await compare(ground, peers if one_trip else peers | beside, timed, odd, work)
        notes = [postgraphile.NOTE] if beside and not one_trip else []
        tables.append(Table(f"{title}, peers {how}", MERCURIUS, COLUMNS, found, notes))
    return tables


async def _measure(load: Load, seconds: float, work: Work | None) -> Mapping[str, float]:
    if work is None:
        return await load.measure(seconds)
    await work.clear()
    figures = await load.measure(seconds)
    await work.check(int(figures["answers"]))
    return figures
