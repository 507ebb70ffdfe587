"""More clients than the process may have files open."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.callers import Client
from tests.chaos.clients.load import people
from tests.chaos.clients.movers import Mover, mover
from tests.chaos.clients.sockets import LiveSocket, SocketRefused, open_socket
from tests.chaos.clients.watchers import Watcher
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import installation
from tests.chaos.leftovers import open_files
from tests.chaos.logs import tracebacks
from tests.chaos.memory import cpu_seconds
from tests.processes import ApiProcess

FILES = 256
POOL_SIZE = 40
SETTLED = 20
AGAIN_SECONDS = 1.0
ANSWER_SECONDS = 10
LET_IN_SECONDS = 5
MOST_LOG_LINES = 20
QUIET_SECONDS = 2
MOST_IDLE_SHARE = 0.5
# By each of those who settled: more in all than the database has connections.
QUESTIONS = 5
LIST = "query { storyGenerations { items { id status } } }"
# What Python runs before it becomes the product.
FEW_FILES = (
    "-c",
    f"""import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, ({FILES}, {FILES}))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])""",
)


async def run(plan: Plan) -> Findings:
    """A few have settled; then `many` try for `seconds` to get in, again and again where they are refused."""
    findings = Findings()
    changes = {"database_pool_size": POOL_SIZE, "sockets_per_user": 10_000}
    async with installation(plan, **changes) as made:
        api = made.start_api(through=FEW_FILES)
        async with made.client(api) as client, mover(client, made.settings) as moving:
            users = people(SETTLED)
            await moving.write_stories(users, "Short.")
            settled = [await Settled.sit_down(api, client, user) for user in users]
            while any(each.watcher.first_at is None for each in settled):
                await moving.keep_moving(users, SETTLED, 1)
            crowd = Crowd(api, client.token(users[0]))
            await crowd.press(plan.size.many, plan.size.seconds)
            findings.note("files that may be open, that are", f"{FILES}, {open_files(api.pid)}")
            findings.note("clients in, refused", f"{len(crowd.sockets)}, {crowd.refused.total()}")
            findings.expect(crowd.refused.total() > 0, "there was room for all: nothing was tried")
            await _is_quiet(api, findings)
            await _is_served(settled, moving, findings)
            crowd.leave()
            await _is_let_in(api, client, users[0], findings)
            for each in settled:
                each.socket.close()
        lines = len(made.log("api").read_text().splitlines())
        findings.note("lines of the API's log", lines)
        findings.expect(lines <= MOST_LOG_LINES, f"the API logged {lines} lines")
        findings.expect_none("tracebacks of the API", tracebacks(made.log("api")))
    return findings


@dataclass
class Settled:
    """One who came in time: follows what happens, and asks on the same socket."""

    watcher: Watcher
    socket: LiveSocket
    answers: list[dict[str, Any]]

    def refusals(self) -> list[dict[str, Any]]:
        return [answer for answer in self.answers if "errors" in str(answer) or answer["type"] != "next"]

    @classmethod
    async def sit_down(cls, api: ApiProcess, client: Client, user: UUID) -> Settled:
        watcher, answers = Watcher(user), list[dict[str, Any]]()

        def hear(message: dict[str, Any], at: float) -> None:
            if message["id"] == "1":
                watcher.hear(message, at)
            elif message["type"] != "complete":
                answers.append(message)

        socket = await open_socket(api.port, client.token(user), hear)
        watcher.follow(socket)
        return cls(watcher, socket, answers)


@dataclass
class Crowd:
    """Clients who all want in, and do nothing there."""

    api: ApiProcess
    token: str
    sockets: list[LiveSocket] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)  # by what they saw

    async def press(self, number: int, seconds: float) -> None:
        limit = time.monotonic() + seconds

        async def press() -> None:
            while time.monotonic() < limit:
                try:
                    self.sockets.append(await open_socket(self.api.port, self.token, lambda *_: None))
                except (SocketRefused, OSError, TimeoutError) as error:
                    self.refused[repr(error)] += 1
                    await asyncio.sleep(AGAIN_SECONDS)
                else:
                    return

        async with asyncio.TaskGroup() as tasks:
            for _ in range(number):
                tasks.create_task(press())

    def leave(self) -> None:
        for socket in self.sockets:
            socket.close()


async def _is_quiet(api: ApiProcess, findings: Findings) -> None:
    """While nobody asks for anything, the process does next to nothing."""
    used = cpu_seconds(api.pid)
    await asyncio.sleep(QUIET_SECONDS)
    share = (cpu_seconds(api.pid) - used) / QUIET_SECONDS
    findings.note("CPU seconds a second, full and idle", share)
    findings.expect(share < MOST_IDLE_SHARE, f"it uses {share:.0%} of a core with nothing to do")


async def _is_served(settled: Sequence[Settled], moving: Mover, findings: Findings) -> None:
    """All who settled ask at once, more than the database has connections; then each hears of a change."""
    for each in settled:
        for question in range(QUESTIONS):
            each.socket.subscribe(f"question {question}", LIST)
    since = time.time()
    with suppress(TimeoutError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while any(len(each.answers) < QUESTIONS for each in settled):  # noqa: ASYNC110 - many sockets, one look
                await asyncio.sleep(0.05)
    for each in settled:
        await moving.move(each.watcher.user)
    await asyncio.sleep(1)
    answered = [each for each in settled if len(each.answers) == QUESTIONS and not each.refusals()]
    told = [each for each in settled if any(heard[-1].at > since for heard in each.watcher.heard.values())]
    findings.note("settled, answered, told of changes", f"{len(settled)}, {len(answered)}, {len(told)}")
    findings.expect(len(answered) == len(settled), "some who had settled got no answer")
    findings.expect(len(told) == len(settled), "some who had settled were told of no change")
    findings.expect_none("errors told", [words for each in settled for words in each.watcher.complaints])
    findings.expect_none(
        "settled sockets dropped", [each.socket.end for each in settled if each.socket.ended.is_set()]
    )


async def _is_let_in(api: ApiProcess, client: Client, user: UUID, findings: Findings) -> None:
    """As soon as the others have left."""
    began = time.monotonic()
    late = Crowd(api, client.token(user))
    await late.press(1, LET_IN_SECONDS)
    findings.note("seconds until one is let in once the others leave", time.monotonic() - began)
    findings.expect(bool(late.sockets), "nobody was let in once the others had left")
    late.leave()


EXPERIMENT = Experiment(
    name="many-sockets",
    promise="where no more files may be open, those who are connected are served as before, others refused",
    guard="room_for_connections",
    breaks="settled",
    run=run,
    full=Size(seconds=20, many=1000),
    short=Size(seconds=3, many=250),
)
