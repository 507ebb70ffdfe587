"""Subscriptions whose events are made at once, held to those of graphql-core: the first of a document goes by
that, all others by plans.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any
from uuid import UUID

import pytest

import resolvers.progress_desk
from core.events import ChangeKind, GenerationChange
from core.settings import Settings
from tests.callers import Api, Socket
from tests.conftest import adjust
from tests.graphql.statements import recording
from tests.live.hand import Hand
from tests.live.streams import DELETE, EVENTS, PROGRESS, follow, has_begun, show_documents, until
from tests.live.test_leaving import tasks_of_sockets, unread

ALL = """id storyId status progress revision durationSeconds attempts createdAt startedAt finishedAt
    voice { id name language } error { code message }"""
DOCUMENTS = [
    pytest.param(f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {ALL} }} }}", id="all"),
    pytest.param(
        """subscription Named($id: UUID!) { x: storyGenerationProgress(id: $id) { ...F kind: __typename } }
        fragment F on StoryGeneration { again: revision state: status progress voice { ...V } }
        fragment V on Voice { __typename id }""",
        id="aliases and fragments",
    ),
    pytest.param(
        f"""subscription {{ storyGenerationEvents {{ change id
        generation {{ {ALL} ... on StoryGeneration {{ p: progress }} }} }} }}""",
        id="events",
    ),
]
BEYOND_INT = 2**31
LONG_ID = "x" * 60_000
MESSAGES = 400
# What the kernel's buffers, ours and one event on its way hold at the most.
MOST_BUFFERED = 150


@pytest.fixture(scope="module")
def door_settings(door_settings: Settings) -> Settings:
    """With plans, however the run has documents answered: this is about them."""
    return adjust(door_settings, plans=True)


@pytest.fixture
def api(door: Api) -> Api:
    return door


@pytest.fixture
def hand(door_hand: Hand) -> Hand:
    return door_hand


def by_graphql_core() -> int:
    """How many of the streams underway are graphql-core's, which have a task each."""
    return sum("run_operation" in name for name in tasks_of_sockets())


FOLLOW = "storyGenerationProgress(id: $id)"


@pytest.mark.parametrize(
    "selection",
    [
        pytest.param(f"{FOLLOW} {{ revision story {{ title }} }}", id="a field that is read"),
        pytest.param(f"{FOLLOW} {{ revision log {{ event }} }}", id="a list that is read"),
        pytest.param(f"{FOLLOW} {{ revision @include(if: true) }}", id="a directive"),
        pytest.param(f"{FOLLOW} {{ revision }} {FOLLOW} {{ progress }}", id="a field twice"),
        pytest.param(f"... on Subscription {{ {FOLLOW} {{ revision }} }}", id="a fragment at the root"),
    ],
)
async def test_what_no_plan_is_for_is_graphql_cores_every_time(
    api: Api, hand: Hand, alice: UUID, selection: str
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    document = f"subscription ($id: UUID!) {{ {selection} }}"
    async with api.socket(alice) as socket:
        for number in range(3):
            await socket.subscribe(str(number), document, id=generation)
            assert (await socket.next(str(number)))["storyGenerationProgress"]
        assert by_graphql_core() == 3
        await hand.claim(generation)
        assert {(await socket.receive())["id"] for _ in range(3)} == {"0", "1", "2"}


async def test_of_several_subscriptions_in_a_document_the_one_that_is_named_runs(
    api: Api, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    document = f"""subscription A($id: UUID!) {{ a: {FOLLOW} {{ revision }} }}
        subscription B($id: UUID!) {{ b: {FOLLOW} {{ revision }} }}"""
    async with api.socket(alice) as socket:
        for number, name in enumerate("ABABBA"):
            payload = {"query": document, "variables": {"id": generation}, "operationName": name}
            await socket.send({"type": "subscribe", "id": str(number), "payload": payload})
            assert await socket.next(str(number)) == {name.lower(): {"revision": 1}}


@pytest.mark.parametrize(
    "variables",
    [
        pytest.param({}, id="none"),
        pytest.param({"id": None}, id="null"),
        pytest.param({"id": 5}, id="a number"),
        pytest.param({"id": "x"}, id="no UUID"),
        pytest.param({"more": [1] * 10_001}, id="too many values"),
    ],
)
async def test_variables_are_held_to_the_same(api: Api, alice: UUID, variables: dict[str, Any]) -> None:
    await show_documents(api)
    given = {"id": await api.initiate(alice, await api.add_story(alice))} if "more" in variables else {}
    async with api.socket(alice) as socket:
        for number in range(3):
            await socket.subscribe(str(number), PROGRESS, **{**given, **variables})
            refused = await socket.receive()
            assert (refused["type"], refused["id"]) == ("error", str(number))
            assert [error["extensions"]["code"] for error in refused["payload"]] == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_what_is_told_is_what_graphql_core_tells(
    api: Api, hand: Hand, alice: UUID, document: str
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    variables = {"id": generation} if "$id" in document else {}
    async with api.socket(alice) as by_core, api.socket(alice) as by_plan:
        for number, socket in enumerate((by_core, by_plan)):
            await socket.subscribe("1", document, **variables)
            await until(partial(_has_streams, api, alice, number + 1))
        await until(lambda: has_begun(api, alice))
        assert by_graphql_core() == 1
        told = [await _same(by_core, by_plan)] if variables else []
        held = await hand.claim(generation)
        told.append(await _same(by_core, by_plan))
        for percent in (10, 10, 99):
            await hand.progress(held, percent)
            told.append(await _same(by_core, by_plan))
        await hand.succeed(held)
        told.append(await _same(by_core, by_plan))
        if not variables:
            await api.data(alice, DELETE, id=generation)
        told.append(await _same(by_core, by_plan))
    assert [message["type"] for message in told[:-1]] == ["next"] * (len(told) - 1)
    assert "errors" not in str(told)
    assert told[-1]["type"] == "complete" if variables else "DELETED" in str(told[-1])


def _has_streams(api: Api, user: UUID, number: int) -> bool:
    kept = api.services.desk._news.get(user)  # noqa: SLF001 - the protocol has no sign of it
    return number == (len(kept.news) if kept else 0)


async def _same(one: Socket, other: Socket) -> Any:
    """What comes next on both, to the letter."""
    async with asyncio.timeout(20):
        first, second = await one.connection.recv(), await other.connection.recv()
    assert first == second
    return json.loads(first)


async def begin(api: Api, socket: Socket, generation: str) -> None:
    """Follow it, by a plan."""
    assert (await (await follow(socket, generation, "by graphql-core")).next())[0] == "IN_PROGRESS"
    await socket.send({"type": "complete", "id": "by graphql-core"})
    await until(lambda: not by_graphql_core())


async def test_progress_within_an_attempt_is_told_without_a_look_at_the_database(
    api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as socket:
        await begin(api, socket, generation)
        progress = await follow(socket, generation)
        assert await progress.next() == ("IN_PROGRESS", 0, 2)
        with recording(api) as asked:
            for percent in range(1, 20):
                await hand.progress(held, percent)
                assert await progress.next() == ("IN_PROGRESS", percent, percent + 2)
            assert asked.round_trips == []
            await hand.succeed(held)
            assert await progress.rest() == [("SUCCEEDED", 100, 22)]
            assert len(asked.statements) == 1


async def test_a_change_is_read_once_for_all_streams_of_a_user(api: Api, hand: Hand, alice: UUID) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as socket, api.socket(alice) as other:
        await begin(api, socket, generation)
        streams = [await follow(each, generation, str(n)) for each in (socket, other) for n in range(10)]
        await until(lambda: _has_streams(api, alice, len(streams)) and has_begun(api, alice))
        with recording(api) as asked:
            await hand.succeed(held)
            for each in (socket, other):
                for _ in range(30):
                    assert (await each.receive())["type"] in {"next", "complete"}
            assert len(asked.statements) == 1


@pytest.mark.parametrize(
    ("kind", "revision", "status", "progress", "attempt"),
    [
        pytest.param("updated", 9, "in_progress", 90, None, id="of no attempt"),
        pytest.param("updated", 9, "in_progress", 90, 2, id="of another attempt"),
        pytest.param("updated", 9, "in_progress", 9, 1, id="fallen back"),
        pytest.param("updated", 9, "in_progress", 101, 1, id="more than all"),
        pytest.param("updated", BEYOND_INT, "in_progress", 90, 1, id="no Int"),
        pytest.param("updated", 9, "pending", 90, 1, id="pending again"),
        pytest.param("updated", 9, "failed", 90, 1, id="failed"),
        pytest.param("updated", 9, "nonsense", 90, 1, id="no status"),
        pytest.param("created", 9, "in_progress", 90, 1, id="created"),
        pytest.param("deleted", 9, "in_progress", 90, 1, id="deleted"),
        pytest.param("deleted", 1, "in_progress", 90, 1, id="deleted long ago"),
    ],
)
async def test_a_message_that_says_more_than_progress_is_no_more_than_a_reason_to_read(
    *,
    api: Api,
    hand: Hand,
    alice: UUID,
    kind: str,
    revision: int,
    status: str,
    progress: int,
    attempt: int | None,
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    await hand.progress(held, 10)
    async with api.socket(alice) as socket:
        await begin(api, socket, generation)
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 10, 3)
        with recording(api) as asked:
            forged = GenerationChange(UUID(generation), ChangeKind(kind), revision, status, progress, attempt)
            await api.services.publisher.publish(alice, forged)
            await until(lambda: len(asked.statements) == 1)
        await hand.progress(held, 20)
        assert await followed.next() == ("IN_PROGRESS", 20, 4)
        await hand.succeed(held)
        assert await followed.rest() == [("SUCCEEDED", 100, 5)]


async def test_progress_that_was_never_made_keeps_nobody_from_the_end(
    api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as socket:
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await _publish_untrue(api, alice, generation)
        assert await followed.next() == ("IN_PROGRESS", 90, 99)
        await hand.progress(held, 10)
        await hand.succeed(held)
        assert await followed.rest() == [("SUCCEEDED", 100, 4)]


async def test_progress_that_was_never_made_lasts_no_longer_than_to_the_next_look(
    api: Api, hand: Hand, alice: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolvers.progress_desk, "REREAD_SECONDS", (0.2, 0.2))
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as socket:
        followed = await follow(socket, generation)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await _publish_untrue(api, alice, generation)
        assert await followed.next() == ("IN_PROGRESS", 90, 99)
        assert await followed.next() == ("IN_PROGRESS", 0, 2)
        await hand.progress(held, 10)
        assert await followed.next() == ("IN_PROGRESS", 10, 3)


async def _publish_untrue(api: Api, user: UUID, generation: str) -> None:
    untrue = GenerationChange(UUID(generation), ChangeKind.UPDATED, 99, "in_progress", 90, 1)
    await api.services.publisher.publish(user, untrue)


async def test_each_is_told_what_they_asked_for_by_the_name_that_they_gave_it(
    api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    fields = ["revision", "progress", "state: status"]
    async with api.socket(alice) as socket:
        for name in ("by graphql-core", "by plan"):
            for number, field in enumerate(fields):
                document = f"subscription ($id: UUID!) {{ {FOLLOW} {{ {field} }} }}"
                await socket.subscribe(f"{name} {number}", document, id=generation)
                await socket.next(f"{name} {number}")
        assert by_graphql_core() == len(fields)
        await hand.progress(held, 30)
        messages = [await socket.receive() for _ in range(2 * len(fields))]
        told = {message["id"]: message["payload"]["data"] for message in messages}
    answers = [{"revision": 3}, {"progress": 30}, {"state": "IN_PROGRESS"}]
    assert told == {
        f"{name} {number}": {"storyGenerationProgress": answer}
        for name in ("by graphql-core", "by plan")
        for number, answer in enumerate(answers)
    }


async def test_nothing_runs_for_a_stream_between_two_events(api: Api, hand: Hand, alice: UUID) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    await hand.claim(generation)
    async with api.socket(alice) as socket:
        await begin(api, socket, generation)
        before = len(asyncio.all_tasks())
        for number in range(50):
            assert (await (await follow(socket, generation, str(number))).next())[0] == "IN_PROGRESS"
        await until(lambda: len(asyncio.all_tasks()) <= before)


async def test_one_who_reads_late_gets_the_latest_state_and_the_end(
    api: Api, hand: Hand, alice: UUID
) -> None:
    generation = await api.initiate(alice, await api.add_story(alice))
    held = await hand.claim(generation)
    async with api.socket(alice) as ready:
        await begin(api, ready, generation)
    async with unread(api, alice) as slow:
        await slow.subscribe(LONG_ID, PROGRESS, id=generation)
        assert (await slow.next(LONG_ID))["storyGenerationProgress"]["revision"] == 2
        for revision in range(3, MESSAGES):
            moved = GenerationChange(UUID(generation), ChangeKind.UPDATED, revision, "in_progress", 1, 1)
            await api.services.publisher.publish(alice, moved)
        await hand.succeed(held)
        told = [event["storyGenerationProgress"] for event in await slow.until_complete(LONG_ID)]
    assert told[-1] == {"status": "SUCCEEDED", "progress": 100, "revision": 3}
    revisions = [each["revision"] for each in told[:-1]]
    assert revisions == sorted(set(revisions))
    assert len(told) < MOST_BUFFERED


async def test_one_who_reads_late_is_told_of_a_creation_that_others_know_as_moved_since(
    api: Api, hand: Hand, alice: UUID
) -> None:
    busy = await api.initiate(alice, await api.add_story(alice))
    await hand.claim(busy)
    async with api.socket(alice) as ready, unread(api, alice) as slow:
        await _follow_all_by_plan(api, ready, alice, 1)
        await _follow_all_by_plan(api, slow, alice, 2)
        for revision in range(3, MESSAGES):
            moved = GenerationChange(UUID(busy), ChangeKind.UPDATED, revision, "in_progress", 1, 1)
            await api.services.publisher.publish(alice, moved)
        created = await api.initiate(alice, await api.add_story(alice))
        assert await _told_of(ready, created) == "CREATED"
        await hand.claim(created)
        assert await _told_of(ready, created) == "UPDATED"
        assert await _told_of(slow, created) == "CREATED"


async def _follow_all_by_plan(api: Api, socket: Socket, user: UUID, number: int) -> None:
    await show_documents(api)
    await socket.subscribe(LONG_ID, EVENTS)
    await until(partial(_has_streams, api, user, number))
    await until(lambda: has_begun(api, user))
    assert not by_graphql_core()


async def _told_of(socket: Socket, generation: str) -> str:
    """What became of it, by the next event that says so."""
    while True:
        event = (await socket.next(LONG_ID))["storyGenerationEvents"]
        if event["id"] == generation:
            change: str = event["change"]
            return change


async def test_with_plans_switched_off_graphql_core_tells_everything(
    serve_with: Any, bench: Any, alice: UUID
) -> None:
    async with serve_with(plans=False) as api, api.socket(alice) as socket:
        generation = await api.initiate(alice, await api.add_story(alice))
        for number in range(3):
            assert await (await follow(socket, generation, str(number))).next() == ("PENDING", 0, 1)
        assert by_graphql_core() == 3
        held = await Hand(bench).claim(generation)
        assert {(await socket.receive())["id"] for _ in range(3)} == {"0", "1", "2"}
        await Hand(bench).succeed(held)
        kinds = [(await socket.receive())["type"] for _ in range(6)]
        assert sorted(kinds) == ["complete"] * 3 + ["next"] * 3
