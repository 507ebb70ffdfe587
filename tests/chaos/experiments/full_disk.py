"""A result folder, and a scratch folder, that have no room left or cannot be written, and have room again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from core.links import SignedLinks
from core.results import Suffix, result_key
from tests.callers import Client
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.chaos.pauses import is_over
from tests.chaos.sabotage.volumes import Volumes, volumes
from tests.chaos.verdict import judge
from tests.processes import START_SECONDS

VOLUME_BYTES = 8_000_000
# What the recordings of one round's generations take, and some.
BYTES_A_GENERATION = 1_000_000
# Less than any of the recordings takes, and room for a part of each.
LEFT_BYTES = (20_000, 100_000)
SENTENCES = [7, 8, 9]
USERS = 3
ATTEMPTS = 2
PAUSE_SECONDS = 0.1
SUFFIXES: tuple[Suffix, ...] = (".mp3", ".vtt")


async def run(plan: Plan) -> Findings:
    """Of each trouble `many` generations, and as many when it is over. Each time all have to end within
    `seconds`. Meanwhile every file that there may be is asked for, again and again.
    """
    findings = Findings()
    scratch, results = plan.directory / "scratch", plan.directory / "results"
    scratch.mkdir()
    async with installation(plan, max_attempts=ATTEMPTS, scratch_directory=scratch) as made:
        room = VOLUME_BYTES + BYTES_A_GENERATION * plan.size.many
        with volumes({results: room, scratch: VOLUME_BYTES}) as small:
            made.results = small.inside(results)
            async with made.client(made.start_api(through=small.through)) as client:
                made.start_worker(through=small.through)
                crowd = Crowd([client], plan.dice, people(USERS))
                await crowd.write_stories(SENTENCES)
                disk = Disk(made, small, crowd, findings)
                reader = Reader(client, made, crowd)
                await disk.narrate(USERS)
                findings.expect(await made.settle(START_SECONDS), "no worker began")
                await reader.learn()
                over = asyncio.Event()
                reading = asyncio.create_task(reader.read_until(over))
                await disk.fill(results, "results full")
                await disk.make_room_in_time(results)
                await disk.seal(results)
                await disk.fill(scratch, "scratch full")
                over.set()
                await reading
            findings.note("files read", reader.whole)
            findings.expect_none("files served in part", sorted(reader.partial))
            await judge(made, findings, crowd.asked.acknowledged, all_succeed=False)
            findings.expect_none("leftovers of interrupted writes", _leftovers(made.results))
        findings.expect_none("tracebacks", [name for name in ("api", "worker") if _broke(made.log(name))])
    return findings


@dataclass
class Disk:
    """Makes trouble for the folders, and says what became of generations meanwhile and after."""

    made: Installation
    small: Volumes
    crowd: Crowd
    findings: Findings

    async def fill(self, folder: Path, what: str) -> None:
        ballast = self._put_ballast(folder)
        await self._expect(what, "failed", "STORAGE_FAILED")
        ballast.unlink()
        await self._expect(f"{what}, then room", "succeeded", None)

    async def seal(self, folder: Path) -> None:
        self.small.make_read_only(folder)
        await self._expect("results read-only", "failed", "STORAGE_FAILED")
        self.small.make_writable(folder)
        await self._expect("results read-only, then writable", "succeeded", None)

    async def make_room_in_time(self, folder: Path) -> None:
        """Room comes between the first attempt and the second."""
        ballast = self._put_ballast(folder)
        (key,) = await self.narrate(1)
        await self._until_first_failure(key)
        ballast.unlink()
        await self._check("room before the last attempt", {key}, "succeeded", None)

    async def narrate(self, number: int) -> set[UUID]:
        """The generations asked for."""
        before = set(self.crowd.asked.acknowledged)
        await self.crowd.initiate(number)
        return set(self.crowd.asked.acknowledged) - before

    async def _expect(self, what: str, status: str, code: str | None) -> None:
        await self._check(what, await self.narrate(self.made.plan.size.many), status, code)

    async def _check(self, what: str, keys: Collection[UUID], status: str, code: str | None) -> None:
        self.findings.expect(
            await self.made.settle(self.made.plan.size.seconds), f"{what}: not final in time"
        )
        async with self.made.sql() as connection:
            rows = await connection.fetch(
                "SELECT id, status, error_code FROM story_generations WHERE id = any($1)", list(keys)
            )
        ends = [(row["status"], row["error_code"]) for row in rows]
        self.findings.note(f"{what}: {code or status}", ends.count((status, code)))
        self.findings.expect_none(f"{what}: other ends", [end for end in ends if end != (status, code)])

    async def _until_first_failure(self, key: UUID) -> None:
        query = "SELECT error_code FROM story_generations WHERE id = $1 AND status = 'in_progress'"
        async with self.made.sql() as connection, asyncio.timeout(self.made.plan.size.seconds):
            while not await connection.fetchval(query, key):  # noqa: ASYNC110 - rows tell no event
                await asyncio.sleep(PAUSE_SECONDS)

    def _put_ballast(self, folder: Path) -> Path:
        """A file that leaves next to no room."""
        ballast = self.small.inside(folder) / "ballast"
        free = os.statvfs(ballast.parent)
        left = self.made.plan.fault_dice.randint(*LEFT_BYTES)
        ballast.write_bytes(bytes(free.f_bavail * free.f_frsize - left))
        return ballast


@dataclass
class Reader:
    """Asks for the files of every attempt, known to clients or not: each is whole, or not there."""

    client: Client
    made: Installation
    crowd: Crowd
    expected: dict[tuple[UUID, str], bytes] = field(default_factory=dict)
    partial: set[str] = field(default_factory=set)
    whole: int = 0

    async def learn(self) -> None:
        """A narration is the same each time: these are what every other has to be."""
        for user, listed in await self._list():
            for suffix in SUFFIXES:
                status, content = await self._get(user, listed, 1, suffix)
                assert status == 200
                self.expected[user, suffix] = content

    async def read_until(self, over: asyncio.Event) -> None:
        while not await is_over(over, PAUSE_SECONDS):
            for user, listed in await self._list():
                for attempt in range(1, ATTEMPTS + 1):
                    for suffix in SUFFIXES:
                        await self._read(user, listed, attempt, suffix)

    async def _read(self, user: UUID, generation: UUID, attempt: int, suffix: Suffix) -> None:
        status, content = await self._get(user, generation, attempt, suffix)
        if status == 200 and content == self.expected[user, suffix]:
            self.whole += 1
        elif status != 404:
            self.partial.add(f"{generation}/{attempt}{suffix}: {status}, {len(content)} bytes")

    async def _list(self) -> Sequence[tuple[UUID, UUID]]:
        found = []
        for user in self.crowd.users:
            page = await self.client.request("GET", "/api/story-generations?pageSize=100", user)
            found += [(user, UUID(listed["id"])) for listed in page.json()["data"]]
        return found

    async def _get(self, user: UUID, generation: UUID, attempt: int, suffix: Suffix) -> tuple[int, bytes]:
        signer = SignedLinks(self.client.base, 3600, self.made.settings.need("link_secret").encode())
        key = result_key(user, generation, attempt, suffix)
        answer = await self.client.request("GET", signer.url(key))
        return answer.status_code, answer.content


def _leftovers(results: Path) -> list[str]:
    return [path.name for path in results.rglob("*.part")]


def _broke(log: Path) -> bool:
    return "Traceback" in log.read_text()


EXPERIMENT = Experiment(
    name="full-disk",
    promise="without room, generations end as STORAGE_FAILED, no partial file is served, and room mends it",
    guard="whole_files",
    breaks="files served in part: ",
    run=run,
    full=Size(seconds=600, many=20),
    short=Size(seconds=40, many=2, lease_seconds=1, sweep_seconds=0.5),
)
