"""However little a document asks for, its answer holds no more story text than an answer may."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from uuid import UUID

import asyncpg
import psutil
import pytest

from core.errors import TooMuchContent
from core.settings import Settings
from resolvers.batches import MOST_CONTENT, contents_by_id
from resolvers.services import Services
from schema.context import MOST_STORY_ANSWERS
from tests.callers import LIMIT_SECONDS, Api, Client
from tests.chaos.memory import unsent
from tests.live.streams import CANCEL
from tests.processes import ApiProcess

LONGEST = 1_000_000
MANY = MOST_CONTENT // LONGEST
TOO_MUCH = {
    "message": "The contents asked for are over 5,000,000 characters together: ask for fewer",
    "extensions": {"code": "BAD_USER_INPUT"},
}
PAGE = "query ($size: Int!) { stories(pageSize: $size) { items { content } } }"


@pytest.fixture
async def long_stories(sql: asyncpg.Connection, alice: UUID) -> None:
    """One more than an answer may hold."""
    await sql.execute(
        "INSERT INTO stories (id, user_id, title, content)"
        " SELECT gen_random_uuid(), $1, 'Long', repeat('ü', $2) FROM generate_series(0, $3)",
        alice,
        LONGEST,
        MANY,
    )


async def refusals(api: Api, user: UUID, query: str, **variables: object) -> list[dict[str, object]]:
    errors = await api.errors(user, query, **variables)
    return [{name: error[name] for name in TOO_MUCH} for error in errors]


async def test_a_page_of_contents_up_to_the_most_is_told_and_one_more_refused(
    api: Api, alice: UUID, long_stories: None
) -> None:
    items = (await api.data(alice, PAGE, size=MANY))["stories"]["items"]
    assert [item["content"] for item in items] == ["ü" * LONGEST] * MANY
    assert TOO_MUCH in await refusals(api, alice, PAGE, size=MANY + 1)


async def test_what_an_answer_may_not_hold_is_not_fetched_either(
    services: Services, sql: asyncpg.Connection, alice: UUID, long_stories: None
) -> None:
    ids = [row["id"] for row in await sql.fetch("SELECT id FROM stories")]
    assert len(await contents_by_id(services, alice, ids[1:])) == MANY
    with pytest.raises(TooMuchContent):
        await contents_by_id(services, alice, ids)


@pytest.mark.parametrize("times", [MANY, MANY + 1])
async def test_the_same_content_under_many_names_counts_each_time(api: Api, alice: UUID, times: int) -> None:
    story = await api.add_story(alice, "x" * LONGEST)
    fields = " ".join(f"c{number}: content" for number in range(times))
    answered = await api.answer(alice, f"query ($id: UUID!) {{ story(id: $id) {{ {fields} }} }}", id=story)
    assert ("errors" not in answered) is (times == MANY)


async def test_each_event_of_a_subscription_has_an_allowance_of_its_own(api: Api, alice: UUID) -> None:
    story = await api.add_story(alice, "x" * LONGEST)
    query = """subscription ($id: UUID!) { storyGenerationProgress(id: $id) {
        status story { a: content b: content c: content } } }"""
    generation = await api.initiate(alice, story)
    async with api.socket(alice) as socket:
        socket.connection.protocol.max_message_size = 10 * MOST_CONTENT
        await socket.subscribe("1", query, id=generation)
        first = await socket.next("1")
        await api.data(alice, CANCEL, id=generation)
        [last] = await socket.until_complete("1")
    assert first["storyGenerationProgress"]["story"]["c"] == "x" * LONGEST
    assert last["storyGenerationProgress"]["status"] == "FAILED"


LONG = "query ($id: UUID!) { story(id: $id) { a: content b: content c: content d: content e: content } }"
OPERATIONS = 40
# What the machine needs to make an answer, many times over.
QUIET_SECONDS = 0.5
# Of each answer that nobody reads: the kernel takes 64 KiB, so that three of them are not enough for four.
LEAST_UNSENT_BYTES = 50 * 1024
# One answer as objects, text and bytes, and what an allocator keeps of them: forty take several times it.
MOST_GROWTH_BYTES = 60 * 2**20


async def test_answers_with_stories_leave_a_socket_one_after_the_other(api: Api, alice: UUID) -> None:
    story = await api.add_story(alice, "x" * LONGEST)
    async with api.socket(alice) as socket:
        socket.connection.protocol.max_message_size = 10 * MOST_CONTENT
        for number in range(5):
            await socket.subscribe(str(number), LONG, id=story)
        told = [await socket.receive() for _ in range(10)]
    answers = {message["id"]: message["payload"] for message in told if message["type"] == "next"}
    assert answers == {
        str(number): {"data": {"story": dict.fromkeys("abcde", "x" * LONGEST)}} for number in range(5)
    }


async def test_a_socket_that_is_not_read_holds_one_answer_with_stories(
    settings: Settings, alice: UUID
) -> None:
    with ApiProcess(settings) as process:
        client = Client(process.base, settings)
        story = await client.add_story(alice, "x" * LONGEST)
        api = psutil.Process(process.pid)
        async with client.socket(alice) as socket:
            socket.connection.transport.pause_reading()
            before = api.memory_info().rss
            for number in range(OPERATIONS):
                await socket.subscribe(str(number), LONG, id=story)
            peak = await until_idle(api)
            assert peak - before < MOST_GROWTH_BYTES
            socket.connection.transport.resume_reading()
            socket.connection.transport.abort()
        await client.close()


async def until_idle(process: psutil.Process) -> int:
    """The most memory it takes until it has had nothing to do for half a second."""
    peak, spent, since = 0, -1.0, time.monotonic()
    while time.monotonic() < since + 0.5:
        peak = max(peak, process.memory_info().rss)
        times = process.cpu_times()
        if times.user + times.system > spent + 0.02:
            spent, since = times.user + times.system, time.monotonic()
        await asyncio.sleep(0.02)
    return peak


# Its answer is whole when `generations` has failed; `content` is still looked up.
FAILING_BESIDE = """query ($id: UUID!, $page: Int = 1) {
    story(id: $id) { content generations(page: $page) { meta { page } } } }"""


async def test_a_field_that_outlives_its_answer_keeps_nobody_waiting(api: Api, alice: UUID) -> None:
    story = await api.add_story(alice)
    content = "query ($id: UUID!) { story(id: $id) { content } }"
    async with api.socket(alice) as socket:
        for number in range(MOST_STORY_ANSWERS + 1):
            await socket.subscribe(f"failing {number}", FAILING_BESIDE, id=story, page=None)
            assert (await socket.receive())["payload"]["data"] == {"story": None}
            assert (await socket.receive())["type"] == "complete"
            assert (await api.answer(alice, FAILING_BESIDE, id=story, page=None))["data"] == {"story": None}
        await socket.subscribe("content", content, id=story)
        assert await socket.next("content") == {"story": {"content": "Hello there."}}
    assert await api.data(alice, content, id=story) == {"story": {"content": "Hello there."}}


async def test_a_field_without_an_answer_waits_for_no_turn(api: Api, alice: UUID) -> None:
    story = await api.add_story(alice)
    turns = api.services.story_turns.setdefault(alice, asyncio.Semaphore(MOST_STORY_ANSWERS))
    async with AsyncExitStack() as stack:
        for _ in range(MOST_STORY_ANSWERS):
            await stack.enter_async_context(turns)
        before = len(asyncio.all_tasks())
        for _ in range(OPERATIONS):
            assert (await api.answer(alice, FAILING_BESIDE, id=story, page=None))["data"] == {"story": None}
        async with asyncio.timeout(LIMIT_SECONDS):
            while len(asyncio.all_tasks()) > before:  # noqa: ASYNC110 - whatever they wait for
                await asyncio.sleep(0.01)


def _stuck(port: int) -> list[int]:
    """The connections on which an answer is on its way, and not taken."""
    return [size for size in unsent(port) if size >= LEAST_UNSENT_BYTES]


@pytest.mark.parametrize("leaves", [False, True], ids=["unread", "unread and completed"])
async def test_few_answers_with_stories_wait_on_all_the_sockets_of_a_user(
    settings: Settings, alice: UUID, leaves: bool
) -> None:
    with ApiProcess(settings) as process:
        client = Client(process.base, settings)
        story = await client.add_story(alice, "x" * LONGEST)
        async with AsyncExitStack() as stack:
            sockets = [
                await stack.enter_async_context(client.socket(alice)) for _ in range(MOST_STORY_ANSWERS + 1)
            ]
            for socket in sockets:
                socket.connection.protocol.max_message_size = 10 * MOST_CONTENT
            for socket in sockets[:-1]:
                socket.connection.transport.pause_reading()
                await socket.subscribe("unread", LONG, id=story)
            async with asyncio.timeout(LIMIT_SECONDS):
                while len(_stuck(process.port)) < MOST_STORY_ANSWERS:  # noqa: ASYNC110 - the kernel's
                    await asyncio.sleep(0.02)
            if leaves:
                for socket in sockets[:-1]:
                    await socket.send({"type": "complete", "id": "unread"})
            await sockets[-1].subscribe("waits", LONG, id=story)
            waiting = asyncio.create_task(sockets[-1].next("waits"))
            assert (await client.data(alice, "{ viewer { id } }"))["viewer"]["id"] == str(alice)
            assert not (await asyncio.wait([waiting], timeout=QUIET_SECONDS))[0]
            sockets[0].connection.transport.abort()
            assert (await waiting)["story"]["e"] == "x" * LONGEST
            for socket in sockets[1:-1]:
                socket.connection.transport.abort()
        await client.close()


async def test_letters_go_over_sockets_as_they_are(api: Api, alice: UUID) -> None:
    story = await api.add_story(alice, "Grüße 💥")
    async with api.socket(alice) as socket:
        await socket.subscribe("1", "query ($id: UUID!) { story(id: $id) { content } }", id=story)
        assert "Grüße 💥" in str(await socket.connection.recv())
