"""The first of two guards: with row security off, the queries' own `user_id = …` keeps users apart."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import pytest

from core.errors import StoryNotFound
from db import changes, generations, initiations, logs, quotas, reads, stories
from db.calls import UserCall
from db.changes import Changes
from db.generations import Window
from db.initiations import Limits, Wish
from db.models import Status
from db.quotas import Left
from db.reads import Listing
from db.sessions import ApiDatabase, UserRead, UserWrite
from server.local.postgres import LocalPostgres
from tests.database.belongings import TABLES, Belongings, dump, plant
from tests.database.servers import within

MODULES = (changes, generations, initiations, logs, quotas, reads, stories)
ALL = Window(limit=100, offset=0)
FAILED = Window(limit=100, offset=0, status=Status.FAILED)


@dataclass(frozen=True)
class Raises:
    kind: type[Exception]


OWN = object()  # whatever comes back is a row of the caller's


@dataclass(frozen=True)
class Case:
    """What Bob gets who calls `function` for what is Alice's, and owns nothing."""

    function: Callable[..., Any]
    call: Callable[[Any, Belongings], Awaitable[Any]]
    expected: object


WISH = Wish(uuid4(), "hibari", None, b"")
ENOUGH = Limits(per_minute=20, unfinished=5)


def _pending(hers: Belongings) -> UUID:
    return hers.generations[Status.PENDING]


def _failed(hers: Belongings) -> UUID:
    return hers.generations[Status.FAILED]


def _ids(hers: Belongings) -> list[UUID]:
    return list(hers.generations.values())


CASES = [
    Case(changes.read_changes, lambda call, hers: changes.read_changes(call, None, _ids(hers)), ([], [])),
    Case(changes.read_generations, lambda call, hers: changes.read_generations(call, _ids(hers)), []),
    Case(generations.find_generation, lambda s, hers: generations.find_generation(s, _failed(hers)), None),
    Case(reads.read_generation, lambda call, hers: reads.read_generation(call, _failed(hers)), None),
    Case(
        reads.read_with_quota,
        lambda call, hers: reads.read_with_quota(call, _failed(hers), 20),
        (None, Left(20)),
    ),
    Case(
        reads.read_listing,
        lambda call, _: reads.read_listing(call, ALL, is_counted=True, per_minute=20),
        Listing([], 0, Left(20)),
    ),
    Case(
        reads.read_listing,
        lambda call, _: reads.read_listing(call, FAILED, is_counted=True, per_minute=20),
        Listing([], 0, Left(20)),
    ),
    Case(reads.read_before, lambda call, _: reads.read_before(call, None, 100, None), []),
    Case(reads.read_before, lambda call, _: reads.read_before(call, None, 100, Status.FAILED), []),
    Case(
        generations.list_generations_of_stories,
        lambda s, hers: generations.list_generations_of_stories(s, [hers.story], ALL),
        [[]],
    ),
    Case(
        generations.count_generations_of_stories,
        lambda s, hers: generations.count_generations_of_stories(s, [hers.story], None),
        [0],
    ),
    Case(
        generations.cancel_generation, lambda s, hers: generations.cancel_generation(s, _pending(hers)), None
    ),
    Case(
        generations.remove_generation, lambda s, hers: generations.remove_generation(s, _failed(hers)), None
    ),
    Case(
        generations.remove_generations_of_story,
        lambda s, hers: generations.remove_generations_of_story(s, hers.story),
        [],
    ),
    Case(generations.has_unfinished, lambda s, hers: generations.has_unfinished(s, hers.story), False),
    Case(
        initiations.initiate,
        lambda call, hers: initiations.initiate(call, replace(WISH, story_id=hers.story), ENOUGH, 1),
        Raises(StoryNotFound),
    ),
    # Her key is not his.
    Case(
        initiations.initiate,
        lambda call, hers: initiations.initiate(call, replace(WISH, key=hers.key), ENOUGH, 1),
        Raises(StoryNotFound),
    ),
    Case(
        logs.write_log,
        lambda s, hers: logs.write_log(s, s.user_id, _failed(hers), logs.Event.CANCELED, "mine"),
        None,
    ),
    Case(logs.read_logs, lambda s, hers: logs.read_logs(s, _ids(hers)), []),
    Case(logs.bury, lambda s, hers: logs.bury(s, _ids(hers)), None),
    Case(quotas.enroll, lambda s, _: quotas.enroll(s), expected=True),
    Case(quotas.read_quota, lambda s, _: quotas.read_quota(s, 20), Left(20)),
    Case(stories.add_story, lambda s, _: stories.add_story(s, "Bob's", "Bob's"), OWN),
    Case(stories.find_story, lambda s, hers: stories.find_story(s, hers.story), None),
    Case(stories.find_stories, lambda s, hers: stories.find_stories(s, [hers.story]), []),
    Case(stories.read_contents, lambda s, hers: stories.read_contents(s, [hers.story], 1000), []),
    Case(stories.list_stories, lambda s, _: stories.list_stories(s, limit=100, offset=0), []),
    Case(stories.count_stories, lambda s, _: stories.count_stories(s), 0),
    Case(stories.change_story, lambda s, hers: stories.change_story(s, hers.story, {"title": "Bob's"}), None),
    Case(stories.lock_story, lambda s, hers: stories.lock_story(s, hers.story), False),
    Case(stories.remove_story, lambda s, hers: stories.remove_story(s, hers.story), None),
]


def _user_queries(module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Every public function of the module that works for a user."""
    for name, function in inspect.getmembers(module, inspect.isfunction):
        if function.__module__ != module.__name__ or name.startswith("_"):
            continue
        kinds = [kind for hint in get_type_hints(function).values() for kind in (get_args(hint) or [hint])]
        if {UserCall, UserRead, UserWrite}.intersection(kind for kind in kinds if isinstance(kind, type)):
            yield function


@pytest.fixture(scope="module")
def hers(postgres: LocalPostgres, untouched: str) -> Belongings:
    """Alice's, in a database without row security; she keeps it over all tests, or they fail."""

    async def put(connection: asyncpg.Connection) -> Belongings:
        for table in TABLES:
            await connection.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        return await plant(connection, uuid4())

    return within(postgres.url(database=untouched), put)


@pytest.fixture
def database(hers: Belongings, untouched: str) -> str:
    return untouched


def test_every_query_that_a_user_can_cause_is_tried_below() -> None:
    tried = {case.function for case in CASES}
    assert tried == {function for module in MODULES for function in _user_queries(module)}


def test_no_other_module_of_the_database_layer_works_for_a_user() -> None:
    import db.claims  # noqa: PLC0415 - read for what it holds
    import db.sweeps  # noqa: PLC0415

    assert [*_user_queries(db.claims), *_user_queries(db.sweeps)] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.function.__name__)
async def test_without_row_security_a_querys_own_clause_still_hides_what_is_somebody_elses(
    sql: asyncpg.Connection, pool_of_one: ApiDatabase, hers: Belongings, bob: UUID, case: Case
) -> None:
    before = await dump(sql, hers.user)
    if isinstance(case.expected, Raises):
        with pytest.raises(case.expected.kind):
            await _ask(pool_of_one, bob, case, hers)
    else:
        answer = await _ask(pool_of_one, bob, case, hers)
        assert answer.user_id == bob if case.expected is OWN else answer == case.expected
    assert await dump(sql, hers.user) == before


async def _ask(database: ApiDatabase, user: UUID, case: Case, hers: Belongings) -> Any:
    """The answer in plain values; the transaction is committed."""
    if UserCall in get_type_hints(case.function).values():
        return _plain(await case.call(database.call(user), hers))
    async with database.write(user) as session:
        return _plain(await case.call(session, hers))


def _plain(answer: Any) -> Any:
    if isinstance(answer, Changes):
        return (list(answer.generations), list(answer.deleted))
    return list(answer.values()) if isinstance(answer, dict) else answer
