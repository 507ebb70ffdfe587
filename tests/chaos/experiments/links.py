"""Forged links, and odd requests with right ones, beside honest downloads."""

from __future__ import annotations

import asyncio
import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random

from core.folder import open_folder
from core.links import SignedLinks
from core.results import result_key
from core.settings import Settings
from tests.chaos.clients.bad_links import Shelf
from tests.chaos.clients.link_attacks import MARK, Downloader, LinkAttacker
from tests.chaos.clients.load import people
from tests.chaos.clients.siege import besiege, judge_attacks
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.figures import judge_pace
from tests.chaos.installation import installation
from tests.chaos.leftovers import open_files
from tests.chaos.logs import tracebacks

DOWNLOADERS = 4
ATTACKERS = 6
WARM_UP_ATTACKS = 100
SHORT = 5000
LINK_SECONDS = 3600
SETTLE_SECONDS = 10


async def run(plan: Plan) -> Findings:
    """`many` attacks within `seconds`."""
    findings = Findings()
    async with installation(plan) as made:
        api = made.start_api()
        async with made.client(api) as client:
            shelf = await _fill(made.settings, api.base, plan.dice)
            attackers = [LinkAttacker(api.base, shelf) for _ in range(ATTACKERS)]
            honest = [Downloader(client, shelf, Random(plan.dice.random())) for _ in range(DOWNLOADERS)]
            files = open_files(api.pid)
            async with _noise(honest):
                await besiege(attackers, plan.fault_dice, WARM_UP_ATTACKS, plan.size.seconds)
                calm = max(2, plan.size.many / 1000)
                alone = await _during(honest, calm)
                await besiege(attackers, plan.fault_dice, plan.size.many, plan.size.seconds)
                beside = _taken(honest)
                # Again, as the machine may have become busy with something else.
                alone = sorted(alone + await _during(honest, calm))
            statuses = sum((each.statuses for each in attackers), Counter[int]())
            findings.note("answers to attacks by status", dict(sorted(statuses.items())))
            judge_attacks(
                attackers, findings, WARM_UP_ATTACKS + plan.size.many, "attacks served, or answered wrongly"
            )
            fetched = sum((each.fetched for each in honest), Counter[int]())
            findings.note("honest downloads by status", dict(sorted(fetched.items())))
            findings.expect_none(
                "honest downloads gone wrong", [what for each in honest for what in each.wrong]
            )
            judge_pace(findings, "downloads", alone, beside, short=plan.size.many < SHORT)
            left = await _left(api.pid, files)
            findings.note("open files before, after", f"{files}, {left}")
            findings.expect(left <= files, f"{left} files are open, and {files} were before")
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


async def _fill(settings: Settings, base: str, dice: Random) -> Shelf:
    """Two users with two generations each, which took two attempts."""
    folder = open_folder(settings.need("results_url"))
    keys = [
        result_key(user, generation, attempt, suffix)
        for user in people(2)
        for generation in people(4)[2:]
        for attempt in (1, 2)
        for suffix in (".mp3", ".vtt")
    ]
    files = {key: _marked(dice) for key in keys}
    for key, content in files.items():
        await folder.put(key, io.BytesIO(content))
    (folder.root / "secret.txt").write_bytes(MARK)
    links = SignedLinks(base, LINK_SECONDS, settings.need("link_secret").encode())
    return Shelf(files, links)


def _marked(dice: Random) -> bytes:
    return b"".join(MARK + dice.randbytes(8) for _ in range(dice.randrange(1000, 4000)))


@asynccontextmanager
async def _noise(honest: Sequence[Downloader]) -> AsyncIterator[None]:
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for each in honest:
            tasks.create_task(each.fetch_until(over))
        yield
        over.set()


async def _during(honest: Sequence[Downloader], seconds: float) -> list[float]:
    _taken(honest)
    await asyncio.sleep(seconds)
    return _taken(honest)


def _taken(honest: Sequence[Downloader]) -> list[float]:
    """The seconds, rising, that downloads took since it was asked last."""
    taken = sorted(seconds for each in honest for seconds in each.seconds)
    for each in honest:
        each.seconds.clear()
    return taken


async def _left(pid: int, before: int) -> int:
    """How many files are open soon after."""
    for _ in range(10 * SETTLE_SECONDS):
        if open_files(pid) <= before:
            break
        await asyncio.sleep(0.1)
    return open_files(pid)


EXPERIMENT = Experiment(
    name="links",
    promise="no link but a right one is answered with a byte of any file, and none does harm",
    guard="link_signature",
    breaks="attacks served",
    run=run,
    full=Size(seconds=110, many=10_000),
    short=Size(seconds=60, many=500),
)
