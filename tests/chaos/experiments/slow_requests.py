"""Many connections that take their time, want too much, or are never read, beside users who ask."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from core.links import open_links
from core.results import result_key
from core.settings import Settings
from core.storage import open_storage
from tests.callers import Client
from tests.chaos.clients.honest import Honest
from tests.chaos.clients.load import people
from tests.chaos.clients.slow import KINDS, Attacker, Kind
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import SHORT_SECONDS, judge_pace
from tests.chaos.installation import Installation, installation
from tests.chaos.leftovers import connections, open_files
from tests.chaos.logs import tracebacks
from tests.chaos.memory import MIB, Peaks, cpu_seconds, resident, watched
from tests.conftest import adjust
from tests.edges.raw import wire
from tests.processes import ApiProcess

CONNECTIONS_A_USER = 10
STORY_BYTES = 128 * 1024
FILE_BYTES = 8 * MIB
# What a busy machine may add to a limit.
LATE_SECONDS = 4
LONGEST_REQUEST_SECONDS = 10
GONE_SECONDS = 10
# A page or a file that is not read, a body: on average, while it is made, and with what an allocator keeps.
BOUND_A_CONNECTION = 128 * 1024
SPARE_BYTES = 32 * MIB
# Once it has seen all there is: in the second half of a run.
GROWTH_BYTES = 16 * MIB


async def run(plan: Plan) -> Findings:
    """`many` connections for `seconds`, each followed by another when it is cut off, of any kind."""
    findings = Findings()
    limit = min(LONGEST_REQUEST_SECONDS, plan.size.seconds / 3)
    async with installation(plan, request_seconds=limit, sign_in_seconds=limit) as made:
        api = made.start_api()
        async with made.client(api) as client:
            await _fill_the_pool(client, made.settings.database_pool_size)
            attackers = await _attackers(made, api, client)
        await _until_alone(api)
        before = open_files(api.pid)
        honest = Honest(api, made.settings)
        alone = await honest.ask(plan.size.seconds / 3)
        resting = resident(api.pid)
        used = cpu_seconds(api.pid)
        attack = Attack(api, made.settings, attackers, _kinds(plan, made.settings))
        async with watched(api.pid, api.port, made.settings.need("redis_url")) as peaks:
            beside = await honest.ask_during(attack.go_on(plan.size.seconds))
        findings.note("CPU seconds a second meanwhile", (cpu_seconds(api.pid) - used) / len(peaks.samples))
        _judge_attack(findings, attack)
        findings.note("answers to the others", len(beside))
        judge_pace(findings, "the others", alone, beside, short=plan.size.seconds < SHORT_SECONDS)
        findings.expect_none("answers to the others that are not as alone", honest.surprises)
        _judge_memory(findings, peaks, resting, resident(api.pid), plan.size.many)
        await _until_alone(api)
        findings.expect_none("connections left over", range(connections(api.port)))
        findings.expect_none("descriptors left over", range(open_files(api.pid) - before))
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


@dataclass
class Cut:
    """One connection that came to its end: how long after it began, and what it was told before."""

    seconds: float
    told: str


@dataclass
class Attack:
    """As many connections at once as there are attackers."""

    api: ApiProcess
    settings: Settings
    attackers: Sequence[Attacker]
    kinds: Mapping[str, Kind]
    cuts: dict[str, list[Cut]] = field(default_factory=lambda: defaultdict(list))
    not_cut: Counter[str] = field(default_factory=Counter)

    async def go_on(self, seconds: float) -> None:
        """For so long, and until those are cut off that there are then."""
        until = time.monotonic() + seconds
        async with asyncio.TaskGroup() as tasks:
            for attacker in self.attackers:
                tasks.create_task(self._go_on(attacker, until))

    async def _go_on(self, attacker: Attacker, until: float) -> None:
        # One after the other at the pace of those who wait for their limit, those who do not wait too.
        pace = self.settings.request_seconds
        await asyncio.sleep(attacker.dice.uniform(0, pace))
        while (began := time.monotonic()) < until:
            await self._attack(attacker)
            await asyncio.sleep(began + pace - time.monotonic())

    async def _attack(self, attacker: Attacker) -> None:
        name = attacker.dice.choice(list(self.kinds))
        kind = self.kinds[name]
        async with wire(self.api.base, receive_buffer=kind.receive_buffer) as end:
            began = time.monotonic()
            try:
                async with asyncio.timeout(kind.within(self.settings) + LATE_SECONDS):
                    told = await kind.attack(end, attacker)
            except TimeoutError:
                self.not_cut[name] += 1
            else:
                self.cuts[name].append(Cut(time.monotonic() - began, told))


def _kinds(plan: Plan, settings: Settings) -> dict[str, Kind]:
    """Those that a short run can wait for."""
    return {name: kind for name, kind in KINDS.items() if kind.within(settings) <= 2 * plan.size.seconds}


async def _attackers(made: Installation, api: ApiProcess, client: Client) -> list[Attacker]:
    """Some for each of a few users, who have a long story and a large file each."""
    links = open_links(adjust(made.settings, public_url=api.base), open_storage(made.settings))
    found: list[Attacker] = []
    for user in people(max(1, made.plan.size.many // CONNECTIONS_A_USER)):
        await client.add_story(user, "y" * STORY_BYTES)
        key = result_key(user, user, 1, ".mp3")
        file = Path(made.settings.need("results_url").removeprefix("file://")) / key
        file.parent.mkdir(parents=True)
        with file.open("wb") as begun:
            begun.truncate(FILE_BYTES)
        link = links.url(key).removeprefix(api.base)
        found += [
            Attacker(client, user, link, Random(made.plan.fault_dice.random()))
            for _ in range(CONNECTIONS_A_USER)
        ]
    return found


async def _fill_the_pool(client: Client, size: int) -> None:
    """So that every connection to the database is there that there may be."""
    [user] = people(1)
    await asyncio.gather(*(client.request("GET", "/api/story-generations", user) for _ in range(2 * size)))


async def _until_alone(api: ApiProcess) -> None:
    """Returns when nobody is connected, or somebody still is after too long."""
    limit = time.monotonic() + GONE_SECONDS
    while connections(api.port) and time.monotonic() < limit:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)


def _judge_attack(findings: Findings, attack: Attack) -> None:
    findings.note("seconds for headers, for bodies, for connection_init", attack.settings.request_seconds)
    surprises = Counter[str]()
    for name, kind in attack.kinds.items():
        cuts = attack.cuts[name]
        told = Counter(cut.told for cut in cuts)
        surprises.update({f"{name}: {word}": times for word, times in told.items() if word not in kind.told})
        longest = max((cut.seconds for cut in cuts), default=float("nan"))
        words = ", ".join(word for word, _ in told.most_common())
        findings.note(
            f"{name}: tried, seconds until cut off at the most (limit), told",
            f"{len(cuts) + attack.not_cut[name]}, {longest:.2f} ({kind.within(attack.settings):g}), {words}",
        )
    findings.expect_none("told otherwise than documented", sorted(surprises.elements()))
    findings.note("not cut off in time", attack.not_cut.total())
    for name, times in attack.not_cut.items():
        findings.expect(not times, f"not cut off in time: {name}, {times} times")


def _judge_memory(findings: Findings, peaks: Peaks, resting: int, after: int, many: int) -> None:
    grown, bound = peaks.api - resting, many * BOUND_A_CONNECTION + SPARE_BYTES
    half = len(peaks.samples) // 2
    later = max(peaks.samples[half:]) - max(peaks.samples[:half])
    findings.note("MiB of the API before they came", resting / MIB)
    findings.note("MiB more at the most", grown / MIB)
    findings.note("MiB more that are allowed", bound / MIB)
    findings.note("MiB more in the second half of the time than in the first", later / MIB)
    findings.note("MiB more that its allocators keep when they are gone", (after - resting) / MIB)
    findings.note("KiB in the kernel for each at the most", peaks.kernel / 1024 / many)
    findings.expect(grown <= bound, f"the API grew by {grown / MIB:.0f} MiB")
    findings.expect(later <= GROWTH_BYTES, f"the API went on growing, by {later / MIB:.0f} MiB")


EXPERIMENT = Experiment(
    name="slow-requests",
    promise="who is slow with a request, or with its answer, is cut off in time, and keeps nobody waiting",
    guard="request_time",
    breaks="not cut off in time: headers byte by byte",
    breaks_too="not cut off in time: files not read",
    run=run,
    full=Size(seconds=60, many=1000),
    short=Size(seconds=3, many=100),
)
