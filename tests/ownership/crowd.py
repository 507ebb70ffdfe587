"""Users who do everything at once, to themselves and to each other, over a pool that is too small for them.

Whatever is somebody's carries that user's id: titles, contents, log entries, keys of files, the files. So an
answer that holds an id first seen with somebody else is a leak, and nothing has to be known of what was
asked.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from websockets.exceptions import ConnectionClosed

from core.folder import Folder
from core.settings import Settings
from tests.callers import LIMIT_SECONDS, Api, Socket, serving
from tests.database.belongings import Belongings, plant
from tests.ownership.operations import CALLS, OPERATIONS, Call, Operation

POOL_SIZE = 2
HANDS = 4  # deeds of one user at once
CUT_OFF = 1 / 3
LONGEST_PATIENCE = 0.04  # seconds, of those who leave in the middle
LONGEST_LOOK = 0.2
# Ends at most so many times later than asked, where not everything has been answered once by then.
MOST_EXTENSION = 6

CHANGES = {
    "updateStory",
    "deleteStory",
    "initiateStoryGeneration",
    "cancelStoryGeneration",
    "deleteStoryGeneration",
}
CREATE = """mutation ($input: CreateStoryInput!) { createStory(input: $input) {
    ... on CreateStorySuccess { story { id title content } } } }"""
OWN_LINK = "{ storyGenerations(status: SUCCEEDED, pageSize: 100) { items { resultUrl } } }"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass
class Figures:
    """What came of it. `foreign`: each leak in a sentence; `faults`: answers that are our own trouble."""

    seconds: float = 0
    requests: int = 0
    cut_off: int = 0
    answers: int = 0
    own_ids: int = 0
    covered: int = 0
    to_cover: int = 0
    foreign: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Person:
    """One user, and what was planted for them: it stays as it is, or somebody else changed it."""

    user: UUID
    things: Belongings

    @property
    def story(self) -> dict[str, str]:
        return {"title": f"A story of {self.user}", "content": f"Told to {self.user} alone."}


Deed = tuple[str, Callable[[], Awaitable[object]]]


async def run_crowd(settings: Settings, *, seconds: float, seed: int, users: int = 2) -> Figures:
    """Serve the API over `settings` (its results in a folder), and let `users` loose on it for so long.

    The same seed makes the same users, in the same order of deeds; how they meet is up to the machine.
    """
    # Documents ask for all fields of all pages at once.
    changes = {"database_pool_size": POOL_SIZE, "query_cost": 1_000_000}
    small = Settings(**{**settings.model_dump(exclude_unset=True), **changes})
    sql = await asyncpg.connect(settings.need("migration_database_url"))
    try:
        async with serving(small) as api:
            crowd = await Crowd.gather(api, sql, seed, users)
            before = await crowd.planted(sql)
            await crowd.run(seconds)
            await crowd.look_behind(sql, before)
    finally:
        await sql.close()
    return crowd.figures


class Crowd:
    """The users, and who was seen with which id first."""

    def __init__(self, api: Api, people: list[Person], seed: int) -> None:
        self.figures = Figures()
        self._api = api
        self._people = people
        self._seed = seed
        self._owners: dict[str, UUID] = {}
        for person in people:
            theirs = ID.findall(" ".join(person.things.secrets))
            self._owners |= dict.fromkeys(theirs, person.user)
        self._missing = {
            f"{who} {whom} {name}"
            for who in range(len(people))
            for whom in range(len(people))
            for name, _ in self._deeds(people[who], people[whom], random.Random(0))
        }
        self.figures.to_cover = len(self._missing)

    @classmethod
    async def gather(cls, api: Api, sql: asyncpg.Connection, seed: int, users: int) -> Crowd:
        dice = random.Random(seed)
        people = []
        for _ in range(users):
            user = UUID(int=dice.getrandbits(128), version=4)
            people.append(Person(user, await plant(sql, user)))
            _put_files(api, people[-1])
        for person in people:
            marked = f"of {person.user}"
            await sql.execute(
                "UPDATE stories SET title = $2, content = $2 WHERE user_id = $1", person.user, marked
            )
            await sql.execute(
                "UPDATE generation_logs SET detail = $2 WHERE user_id = $1", person.user, marked
            )
        return cls(api, people, seed)

    async def run(self, seconds: float) -> None:
        began = time.monotonic()
        self._until, self._at_last = began + seconds, began + seconds * MOST_EXTENSION
        async with asyncio.TaskGroup() as tasks:
            for who in range(len(self._people)):
                for hand in range(HANDS):
                    tasks.create_task(self._keep_on(who, random.Random(f"{self._seed} {who} {hand}")))
        self.figures.seconds = time.monotonic() - began
        self.figures.covered = self.figures.to_cover - len(self._missing)

    async def planted(self, sql: asyncpg.Connection) -> list[Any]:
        """All rows that were there from the start."""
        stories = [person.things.story for person in self._people]
        generations = [each for person in self._people for each in person.things.generations.values()]
        return [
            await sql.fetch("SELECT * FROM stories WHERE id = any($1) ORDER BY id", stories),
            await sql.fetch("SELECT * FROM story_generations WHERE id = any($1) ORDER BY id", generations),
            await sql.fetch(
                "SELECT * FROM generation_logs WHERE generation_id = any($1) ORDER BY id", generations
            ),
        ]

    async def look_behind(self, sql: asyncpg.Connection, before: list[Any]) -> None:
        """What no answer shows: rows changed by others, and ids that were somebody else's all along."""
        if await self.planted(sql) != before:
            self.figures.foreign.append("rows were changed by somebody else")
        for row in await sql.fetch(
            """SELECT id, user_id, title AS told FROM stories
               UNION ALL SELECT id, user_id, text FROM story_generations
               UNION ALL SELECT generation_id, user_id, NULL FROM generation_logs"""
        ):
            known = self._owners.get(str(row["id"]), row["user_id"])
            others = set(ID.findall(row["told"] or "")) - {str(row["user_id"])}
            if known != row["user_id"] or others:
                self.figures.foreign.append(f"{row['id']} of {row['user_id']} was told to {known}: {others}")

    async def _keep_on(self, who: int, dice: random.Random) -> None:
        """Rounds of everything until the time is over, then of what nobody saw the end of."""
        me = self._people[who]
        while True:
            deeds = [
                (f"{who} {whom} {name}", deed)
                for whom, other in enumerate(self._people)
                for name, deed in self._deeds(me, other, dice)
            ]
            if time.monotonic() > self._until:
                deeds = [(name, deed) for name, deed in deeds if name in self._missing]
            if not deeds:
                return
            dice.shuffle(deeds)
            for name, deed in deeds:
                now = time.monotonic()
                if now > self._at_last:
                    return
                if now <= self._until or name in self._missing:
                    await self._do(name, deed, dice)

    async def _do(self, name: str, deed: Callable[[], Awaitable[object]], dice: random.Random) -> None:
        """See it through, or leave it at some moment."""
        self.figures.requests += 1
        task = asyncio.ensure_future(deed())
        if dice.random() < CUT_OFF:
            await asyncio.wait([task], timeout=dice.uniform(0, LONGEST_PATIENCE))
            if task.cancel():
                self.figures.cut_off += 1
        async with asyncio.timeout(LIMIT_SECONDS):
            await asyncio.wait([task])
        if task.cancelled():
            return
        try:
            task.result()
        except (KeyError, TypeError, AssertionError, httpx.HTTPError) as error:
            self.figures.faults.append(f"{name}: not what it has to be: {error!r}")
        self.figures.answers += 1
        self._missing.discard(name)

    def _deeds(self, me: Person, other: Person, dice: random.Random) -> Iterator[Deed]:
        """One of each operation, over each of its ways, asked by `me` about what is `other`'s."""
        for operation in OPERATIONS:
            if operation.field == "createStory" or (me is other and operation.field in CHANGES):
                continue
            variables = dice.choice(operation.variables(other.things))
            yield f"socket {operation.field}", self._over_socket(me, operation, variables, dice)
            if operation.kind != "subscription":
                yield f"http {operation.field}", self._over_http(me, operation, variables)
        for call in CALLS:
            if me is other and call.method != "GET":
                continue
            target = dice.choice(call.targets(other.things))
            yield f"rest {call.method} {call.path}", self._over_rest(me, other, call, target)
        if me is other:
            yield "life of a story", lambda: self._live(me)
            yield "file", lambda: self._listen(me)

    def _over_http(
        self, me: Person, operation: Operation, variables: dict[str, Any]
    ) -> Callable[[], Awaitable[Any]]:
        return lambda: self._ask(me, operation.document, variables)

    def _over_rest(self, me: Person, other: Person, call: Call, target: UUID) -> Callable[[], Awaitable[Any]]:
        async def deed() -> None:
            path = call.path.replace("{id}", str(target))
            sent = {"json": call.json(other.things), "headers": call.headers(other.things)}
            answer = await self._api.request(call.method, path, me.user, **sent)
            self._examine(me, answer.text, f"{call.method} {path}", answer.status_code)

        return deed

    def _over_socket(
        self, me: Person, operation: Operation, variables: dict[str, Any], dice: random.Random
    ) -> Callable[[], Awaitable[Any]]:
        look, breaks_off = dice.uniform(0, LONGEST_LOOK), dice.random() < CUT_OFF

        async def deed() -> None:
            async with self._socket(me) as socket:
                await socket.subscribe("1", operation.document, **variables)
                if operation.kind == "subscription":
                    with suppress(TimeoutError):
                        async with asyncio.timeout(look):
                            await self._hear(me, socket, "1")
                    if breaks_off:
                        socket.connection.transport.abort()
                        return
                    await socket.send({"type": "complete", "id": "1"})
                    await socket.subscribe("2", "{ viewer { id } stories { items { id title } } }")
                await self._hear(me, socket, "2" if operation.kind == "subscription" else "1")

        return deed

    @asynccontextmanager
    async def _socket(self, me: Person) -> AsyncIterator[Socket]:
        """One that is not closed but dropped where its user leaves."""
        async with self._api.socket(me.user) as socket:
            try:
                yield socket
            except asyncio.CancelledError:
                socket.connection.transport.abort()
                raise

    async def _hear(self, me: Person, socket: Socket, until: str) -> None:
        """All that comes until the operation ends."""
        with suppress(ConnectionClosed):
            while True:
                message = await socket.receive()
                self._examine(me, json.dumps(message), "websocket")
                if message["type"] in {"complete", "error"} and message["id"] == until:
                    return

    async def _ask(self, me: Person, document: str, variables: dict[str, Any]) -> Any:
        answer = await self._api.request(
            "POST", "/graphql", me.user, json={"query": document, "variables": variables}
        )
        self._examine(me, answer.text, document, answer.status_code)
        return answer.json().get("data")

    async def _live(self, me: Person) -> None:
        """All that changes something, on a story of one's own."""
        made = await self._ask(me, CREATE, {"input": me.story})
        story = made["createStory"]["story"]["id"]
        by_field = {operation.field: operation.document for operation in OPERATIONS}
        told = {"input": {"id": story, "title": f"Again a story of {me.user}"}}
        await self._ask(me, by_field["updateStory"], told)
        begun = await self._ask(me, by_field["initiateStoryGeneration"], {"input": {"storyId": story}})
        generation = begun["initiateStoryGeneration"]["generation"]["id"]
        for change, target in (
            ("cancelStoryGeneration", generation),
            ("deleteStoryGeneration", generation),
            ("deleteStory", story),
        ):
            done = await self._ask(me, by_field[change], {"id": target})
            if (done or {}).get(change, {}).get("code"):
                self.figures.faults.append(f"{change} of one's own: {done}")

    async def _listen(self, me: Person) -> None:
        found = await self._ask(me, OWN_LINK, {})
        for item in found["storyGenerations"]["items"]:
            answer = await self._api.request("GET", item["resultUrl"])
            self._examine(me, answer.text, "a file", answer.status_code)

    def _examine(self, me: Person, text: str, asked: str, status: int = 200) -> None:
        """Every id in what `me` was told must be theirs."""
        for found in ID.findall(text):
            owner = self._owners.setdefault(found, me.user)
            if owner == me.user:
                self.figures.own_ids += 1
            else:
                self.figures.foreign.append(f"{me.user} was told of {owner}'s {found} by {asked[:60]}")
        if status >= 500 or "INTERNAL_SERVER_ERROR" in text:
            self.figures.faults.append(f"{asked[:60]}: {status} {text[:200]}")


def _put_files(api: Api, person: Person) -> None:
    storage = api.services.storage
    assert isinstance(storage, Folder)
    for number, key in zip(count(), person.things.files, strict=False):
        path = storage.root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"file {number} of {person.user}")
