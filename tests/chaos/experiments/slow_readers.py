"""Thousands of websockets, a tenth of whose clients never read what they asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

from server.serve import MOST_UNSENT_BYTES
from tests.chaos.clients.hall import OPENED_A_SECOND, SOCKETS_A_USER, Hall, Sleepers
from tests.chaos.clients.load import people
from tests.chaos.clients.movers import mover
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import percentile
from tests.chaos.installation import Installation, installation
from tests.chaos.logs import tracebacks
from tests.chaos.memory import MIB, Peaks, cpu_seconds, resident, watched
from tests.processes import ApiProcess

STORY_BYTES = 128 * 1024
# Of as many events as are told when all read.
LEAST_TOLD_SHARE = 0.8

# A socket with its subscription; what uvloop takes before it says stop; one event beyond that, one that waits
# for its turn, and one as text.
BOUND_A_SOCKET = (100 + 64) * 1024 + 3 * STORY_BYTES
# What an allocator and a collector of garbage keep, and what the readers take meanwhile, each.
SPARE_BYTES = 24 * MIB
SPARE_BYTES_A_READER = 16 * 1024
# What has not been sent, the piece that made it too much, and what is on its way.
KERNEL_BOUND_A_SOCKET = 3 * MOST_UNSENT_BYTES
VALKEY_BYTES = 16 * MIB
# How long it takes, once they have come, until nothing more fits on the way to them.
FILL_SECONDS = 2
# Of a run that is too short to even out what else the machine does, as a test may be.
SHORT_SECONDS, SHORT_LIMIT_SECONDS = 30, 0.25
# uvicorn's ping goes out every 15 s, and waits for its answer as long.
GONE_WITHIN_SECONDS = 35


async def run(plan: Plan) -> Findings:
    """`many` sockets: nine tenths read, for `seconds` alone, then for as long beside a tenth who do not.
    Everybody's generations change at the same rate both times.
    """
    findings = Findings()
    async with installation(plan) as made:
        api = made.start_api()
        async with made.client(api) as client, mover(client, made.settings) as moving:
            users = people(plan.size.many // SOCKETS_A_USER)
            slow_users, readers = users[: len(users) // 10], users[len(users) // 10 :]
            await moving.write_stories(readers, "Short.")
            await moving.write_stories(slow_users, "y" * STORY_BYTES)
            for user in users:
                await moving.move(user)  # begins a generation, which costs the most
            hall = Hall(api, client, moving)
            bare = resident(api.pid)
            await hall.seat(readers)
            findings.note("KiB a subscriber", (resident(api.pid) - bare) / 1024 / len(hall.sockets))
            await _at_rest(api, plan.size.seconds / 4, findings)
            noise = asyncio.create_task(hall.make_noise(slow_users))
            # The same looks as later: they take their time too.
            async with watched(api.pid, api.port, made.settings.need("redis_url")):
                before = await _alone(hall, readers, plan.size.seconds, findings)
            await _beside_slow(made, hall, readers, slow_users, findings, before=before)
            noise.cancel()
            await asyncio.gather(noise, return_exceptions=True)
            findings.expect_none("errors told to readers", hall.complaints)
            findings.expect_none(
                "readers' sockets dropped", [each.end for each in hall.sockets if each.ended.is_set()]
            )
            hall.leave()
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


async def _at_rest(api: ApiProcess, seconds: float, findings: Findings) -> None:
    """What it costs that each subscriber reads again every so often."""
    used = cpu_seconds(api.pid)
    await asyncio.sleep(seconds)
    findings.note("CPU seconds a second while nothing changes", (cpu_seconds(api.pid) - used) / seconds)


async def _alone(hall: Hall, readers: Sequence[UUID], seconds: float, findings: Findings) -> list[float]:
    used = cpu_seconds(hall.api.pid)
    delays = await hall.move(readers, seconds)
    findings.note("CPU seconds a second with changes", (cpu_seconds(hall.api.pid) - used) / seconds)
    _judge_told(hall, findings, delays, seconds, "alone")
    _note_delays(findings, delays, "alone")
    return delays


async def _beside_slow(
    made: Installation,
    hall: Hall,
    readers: Sequence[UUID],
    slow_users: Sequence[UUID],
    findings: Findings,
    *,
    before: list[float],
) -> None:
    seconds, slow = made.plan.size.seconds, len(slow_users) * SOCKETS_A_USER
    resting = resident(hall.api.pid)
    sleepers = Sleepers(hall)
    async with watched(hall.api.pid, hall.api.port, made.settings.need("redis_url")) as peaks:
        keeping = asyncio.create_task(sleepers.keep(slow_users))
        await hall.move(readers, slow / OPENED_A_SECOND + FILL_SECONDS)
        used = cpu_seconds(hall.api.pid)
        delays = await hall.move(readers, seconds)
        findings.note("CPU seconds a second beside them", (cpu_seconds(hall.api.pid) - used) / seconds)
        keeping.cancel()
        (ended,) = await asyncio.gather(keeping, return_exceptions=True)
        findings.expect(isinstance(ended, asyncio.CancelledError), f"those who do not read broke: {ended!r}")
    _judge_told(hall, findings, delays, seconds, "beside those who do not read")
    findings.expect(
        len(delays) >= LEAST_TOLD_SHARE * len(before), f"{len(delays)} events were told, {len(before)} alone"
    )
    findings.note("sockets that read, that do not", f"{len(hall.sockets)}, {slow}")
    _judge_delays(findings, before, delays, seconds)
    spare = SPARE_BYTES + len(hall.sockets) * SPARE_BYTES_A_READER
    _judge_memory(findings, peaks, resting, slow, spare)
    _judge_ends(findings, sleepers, seconds)
    for socket, _ in sleepers.sockets.values():
        socket.close()


def _judge_told(hall: Hall, findings: Findings, delays: list[float], seconds: float, when: str) -> None:
    findings.note(f"events told a second, {when}", len(delays) / seconds)
    untold = len(hall.sockets) - len(hall.told)
    findings.note(f"readers who were told of nothing, {when}", untold)
    findings.expect(untold == 0, f"{untold} readers were told of nothing, {when}")


def _judge_ends(findings: Findings, sleepers: Sleepers, seconds: float) -> None:
    findings.note("sockets that did not read, cut off", len(sleepers.gone_after))
    if seconds > GONE_WITHIN_SECONDS:
        longest = max(sleepers.gone_after, default=float("inf"))
        findings.note("seconds until one that does not read is cut off, most", longest)
        findings.expect(longest <= GONE_WITHIN_SECONDS, f"one was cut off after {longest:.0f} s only")


def _judge_delays(findings: Findings, before: list[float], delays: list[float], seconds: float) -> None:
    _note_delays(findings, delays, "beside those who do not read")
    usual, now = percentile(before, 0.99), percentile(delays, 0.99)
    limit = max(2 * usual, SHORT_LIMIT_SECONDS if seconds < SHORT_SECONDS else 0)
    findings.note("p99 to p99 alone", now / usual)
    findings.expect(now <= limit, f"p99 became {now * 1000:.0f} ms, and was {usual * 1000:.0f} ms alone")


def _judge_memory(findings: Findings, peaks: Peaks, resting: int, slow: int, spare: int) -> None:
    grown, bound = peaks.api - resting, slow * BOUND_A_SOCKET + spare
    findings.note("MiB of the API before they came", resting / MIB)
    findings.note("MiB more at the most", grown / MIB)
    findings.note("MiB more that are allowed", bound / MIB)
    findings.note("KiB more for each that does not read", grown / 1024 / slow)
    findings.note("KiB that are allowed for each, besides what is spare", BOUND_A_SOCKET / 1024)
    findings.note("MiB of Valkey at the most", peaks.valkey / MIB)
    findings.note("MiB that wait for Valkey's clients at the most", peaks.valkey_clients / MIB)
    findings.note("KiB in the kernel for each that does not read at the most", peaks.kernel / 1024 / slow)
    findings.note("KiB in the kernel that are allowed for each", KERNEL_BOUND_A_SOCKET / 1024)
    findings.expect(grown <= bound, f"the API grew by {grown / MIB:.0f} MiB")
    findings.expect(
        peaks.kernel <= slow * KERNEL_BOUND_A_SOCKET, f"the kernel held {peaks.kernel / MIB:.0f} MiB"
    )
    findings.expect(peaks.valkey <= VALKEY_BYTES, f"Valkey grew to {peaks.valkey / MIB:.0f} MiB")


def _note_delays(findings: Findings, delays: list[float], when: str) -> None:
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        findings.note(f"ms until an event is told, {when}, {name}", percentile(delays, share) * 1000)


EXPERIMENT = Experiment(
    name="slow-readers",
    promise="clients who do not read cost a bounded amount of memory, and keep nobody else waiting",
    guard="back_pressure",
    breaks="the API grew by",
    run=run,
    full=Size(seconds=50, many=2000),
    short=Size(seconds=5, many=200),
)
