"""Workers frozen past their lease in the middle of a narration, some with the result stored, then woken."""

from __future__ import annotations

import asyncio
import itertools
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg

from core.links import SignedLinks
from core.results import parse_key, result_key
from tests.callers import Client
from tests.chaos import history
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.holders import Held, find_holders
from tests.chaos.installation import Installation, installation
from tests.chaos.verdict import judge
from tests.processes import Worker

LOOK_SECONDS = 0.05
# Of narrations that take about twice as long.
LATEST_SECONDS = 2.0
TO_THE_END_SHARE = 0.3
WAITING_AT_MOST = 3
# A frozen worker may hold a row's lock: PostgreSQL takes that away after 30 s.
SETTLE_SECONDS = 60
CLEAN_SECONDS = 5


async def run(plan: Plan) -> Findings:
    """Freeze workers until `many` were overtaken, or `seconds` are over: two, one of them at a time, at any
    moment, and one that freezes itself whenever its files are stored and its success is not written.
    """
    findings = Findings()
    async with installation(plan, max_attempts=100) as made, made.client(made.start_api()) as client:
        crowd = Crowd([client], plan.dice, people(4))
        await crowd.write_stories([20, 40, 80])
        freezer = Freezer(made, crowd)
        over = asyncio.Event()
        looking = asyncio.create_task(_collect_links(client, crowd.users, over))
        await freezer.freeze()
        waking = asyncio.create_task(freezer.keep_awake())
        findings.expect(await made.settle(SETTLE_SECONDS), "some were not final in time")
        over.set()
        links = await looking
        findings.note("freezes, at first", "; ".join(map(str, freezer.spells[:5])))
        findings.note("frozen and overtaken", freezer.overtaken)
        findings.note("of these with their result stored", freezer.overtaken_with_result)
        findings.expect(freezer.overtaken >= plan.size.many, "too few were overtaken to prove anything")
        await judge(made, findings, crowd.asked.acknowledged)
        await _judge_writers(made, findings)
        await _judge_files(made, findings, client, links)
        waking.cancel()
    return findings


@dataclass(frozen=True)
class Spell:
    """One freeze: of which of the plain workers, how many seconds into a narration, and whether until the
    one who took over has ended too.
    """

    worker: int
    after: float
    to_the_end: bool

    def __str__(self) -> str:
        until = "ended" if self.to_the_end else "overtaken"
        return f"worker {self.worker + 1} after {self.after:.1f} s until {until}"


def spells(dice: Random) -> Iterator[Spell]:
    """The schedule, without an end."""
    while True:
        yield Spell(dice.randrange(2), dice.uniform(0, LATEST_SECONDS), dice.random() < TO_THE_END_SHARE)


class Freezer:
    """Stops and wakes workers; one of the plain ones is always awake. The one that freezes itself sleeps
    until it is overtaken.
    """

    def __init__(self, made: Installation, crowd: Crowd) -> None:
        self._made, self._crowd = made, crowd
        self._plain = [made.start_worker(fault="named") for _ in range(2)]
        self._late = made.start_worker(fault="stops_before_success")
        self._frozen: dict[int, Held | None] = {}
        self._schedule = spells(made.plan.fault_dice)
        self._spell = next(self._schedule)
        self._narrating: tuple[Held | None, float] = None, 0.0  # whom the spell is for, what, and since when
        self.spells: list[Spell] = []  # those that came
        self.overtaken = self.overtaken_with_result = 0

    async def freeze(self) -> None:
        size = self._made.plan.size
        limit = time.monotonic() + size.seconds
        async with self._made.sql() as connection:
            while self.overtaken < size.many and time.monotonic() < limit:
                if await self._made.unfinished() < WAITING_AT_MOST:
                    await self._crowd.ask(self._made.plan.dice.choice(self._crowd.users))
                await self._look(connection)
                await asyncio.sleep(LOOK_SECONDS)
        self._late.send(signal.SIGUSR1)

    async def keep_awake(self) -> None:
        """One may freeze itself a last time, until it has heard that it is not to."""
        while True:
            for worker in (*self._plain, self._late):
                worker.send(signal.SIGCONT)
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self, connection: asyncpg.Connection) -> None:
        held = await find_holders(connection)
        for worker in (*self._plain, self._late):
            if worker.pid in self._frozen:
                await self._wake_if_overtaken(connection, worker)
            elif worker is self._late and _is_stopped(worker):
                self._frozen[worker.pid] = held.get(worker.pid)
        if not any(worker.pid in self._frozen for worker in self._plain):
            self._freeze_in_time(held)

    def _freeze_in_time(self, held: Mapping[int, Held]) -> None:
        """The one whose turn it is, once it has narrated for as long as its spell says."""
        worker = self._plain[self._spell.worker]
        narrated = held.get(worker.pid)
        if narrated != self._narrating[0]:
            self._narrating = narrated, time.monotonic()
        if narrated and time.monotonic() - self._narrating[1] >= self._spell.after:
            worker.send(signal.SIGSTOP)
            self._frozen[worker.pid] = narrated
            self.spells.append(self._spell)

    async def _wake_if_overtaken(self, connection: asyncpg.Connection, worker: Worker) -> None:
        held = self._frozen[worker.pid]
        if held:
            row = await connection.fetchrow(
                "SELECT attempt, status FROM story_generations WHERE id = $1", held[0]
            )
            if row["status"] == "in_progress" and (row["attempt"] == held[1] or self._sleeps_on(worker)):
                return
            if row["attempt"] > held[1]:
                self.overtaken += 1
                self.overtaken_with_result += worker is self._late
        del self._frozen[worker.pid]
        if worker is not self._late:
            self._spell, self._narrating = next(self._schedule), (None, 0.0)
        worker.send(signal.SIGCONT)

    def _sleeps_on(self, worker: Worker) -> bool:
        return worker is not self._late and self._spell.to_the_end


def _is_stopped(worker: Worker) -> bool:
    return Path(f"/proc/{worker.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


async def _collect_links(client: Client, users: Sequence[UUID], over: asyncio.Event) -> dict[UUID, set[str]]:
    """Every path that clients were ever sent to, by generation; each is followed once."""
    found: dict[UUID, set[str]] = {}
    is_over = False
    while not is_over:
        is_over = over.is_set()
        for user in users:
            page = await client.request("GET", "/api/story-generations?pageSize=100", user)
            for listed in page.json()["data"]:
                if listed["result_url"]:
                    path = listed["result_url"].partition("?")[0]
                    found.setdefault(UUID(listed["id"]), set()).add(path)
        await asyncio.sleep(LOOK_SECONDS)
    return found


async def _judge_writers(made: Installation, findings: Findings) -> None:
    async with made.sql() as connection:
        written = await history.writes(connection)
    taken = [
        after.at - before.lease_until
        for steps in written.values()
        for before, after in itertools.pairwise(steps)
        if after.attempt != before.attempt and before.lease_until
    ]
    findings.note("seconds from a lease's end to the next claim, at the most", max(taken, default=0.0))
    findings.note("writes", sum(len(steps) for steps in written.values()))
    findings.expect_none("writes of stale attempts", list(itertools.chain(*map(_stale, written.values()))))


def _stale(steps: Sequence[history.Write]) -> list[str]:
    """Writes of another worker than the one whose attempt it is. Any worker may ring, which changes nothing
    that is kept here.
    """
    found = []
    claimant = ""
    for before, after in itertools.pairwise(steps):
        if after.attempt != before.attempt:
            claimant = after.writer
        elif after.writer != claimant and _without_time(before) != _without_time(after):
            found.append(f"{after.id}: {after.writer} wrote into attempt {after.attempt} of {claimant}")
    return found


def _without_time(write: history.Write) -> tuple[object, ...]:
    return (write.status, write.progress, write.revision, write.lease_until, write.result_key)


async def _judge_files(
    made: Installation, findings: Findings, client: Client, links: dict[UUID, set[str]]
) -> None:
    """Only the winners' files are linked to; the others are gone, and could not be had with the secret."""
    async with made.sql() as connection:
        rows = await connection.fetch("SELECT * FROM story_generations WHERE status = 'succeeded'")
    wanted = {
        row["id"]: sorted(row[name].rpartition("/")[2] for name in ("result_key", "captions_key"))
        for row in rows
    }
    began = time.monotonic()
    while made.files() != wanted and time.monotonic() < began + CLEAN_SECONDS:  # noqa: ASYNC110 - files tell none
        await asyncio.sleep(LOOK_SECONDS)
    findings.note("seconds until files of stale attempts were gone", time.monotonic() - began)
    left = [
        f"{key}/{name}"
        for key, names in made.files().items()
        for name in set(names) - set(wanted.get(key, []))
    ]
    findings.expect_none("files of stale attempts left", left)
    signer = SignedLinks(client.base, 3600, made.settings.need("link_secret").encode())
    linked, served = [], []
    for row in rows:
        winner = parse_key(row["result_key"])
        linked += sorted(links[row["id"]] - {f"{client.base}/files/{row['result_key']}"})
        answer = await client.request("GET", signer.url(row["result_key"]))
        findings.expect(answer.status_code == 200, f"{row['result_key']}: {answer.status_code}")
        for attempt in range(1, row["attempt"] + 1):
            key = result_key(winner.user_id, winner.generation_id, attempt, ".mp3")
            if (
                attempt != winner.attempt
                and (await client.request("GET", signer.url(key))).status_code != 404
            ):
                served.append(key)
    findings.note("stale attempts", sum(row["attempt"] - 1 for row in rows))
    findings.expect_none("links to other than the winner's file", linked)
    findings.expect_none("files of stale attempts served to whoever could sign", served)


EXPERIMENT = Experiment(
    name="frozen-worker",
    promise="a worker frozen past its lease changes nothing when it wakes, and no file of it is served",
    guard="fence",
    breaks="writes of stale attempts: ",
    run=run,
    full=Size(seconds=900, many=30),
    short=Size(seconds=40, many=2, lease_seconds=2, sweep_seconds=0.5),
)
