"""A process that could see past row security does not start."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from core.errors import StartupError
from core.settings import Settings
from db.roles import API, WORKER
from jobs.worker import _check_role
from server.local.postgres import LocalPostgres
from server.serve import open_services
from tests.conftest import adjust
from tests.database.servers import ask, tell
from tests.processes import ROOT, environment_of

BYPASSES = (
    "The database role 'overmighty' is a superuser or may bypass row security, or can become a role that"
    " does; connect as {role}."
)
OWNS = (
    "The database role 'overmighty' owns Storycast's tables, or can become a role that does;"
    " connect as {role}."
)

END_SECONDS = 30

TOO_POWERFUL = [
    pytest.param(["CREATE ROLE overmighty LOGIN SUPERUSER PASSWORD 'p'"], BYPASSES, id="superuser"),
    pytest.param(["CREATE ROLE overmighty LOGIN BYPASSRLS PASSWORD 'p'"], BYPASSES, id="bypasses"),
    pytest.param(
        ["CREATE ROLE overmighty LOGIN NOINHERIT PASSWORD 'p'", "GRANT postgres TO overmighty"],
        BYPASSES,
        id="member of a superuser",
    ),
    pytest.param(
        [
            "CREATE ROLE overmighty LOGIN SUPERUSER PASSWORD 'p'",
            "ALTER ROLE overmighty SET role = 'storycast_api'",
        ],
        BYPASSES,
        id="superuser in disguise",
    ),
    pytest.param(
        [
            "CREATE ROLE overmighty LOGIN PASSWORD 'p'",
            "GRANT USAGE, CREATE ON SCHEMA public TO overmighty",
            "ALTER TABLE generation_logs OWNER TO overmighty",
        ],
        OWNS,
        id="owner of one table",
    ),
    pytest.param(
        ["CREATE ROLE overmighty LOGIN NOINHERIT PASSWORD 'p'", "GRANT storycast_owner TO overmighty"],
        OWNS,
        id="member of the owner",
    ),
]


@pytest.fixture
def overmighty(postgres: LocalPostgres, database: str) -> Iterator[Callable[[list[str]], str]]:
    """Makes the role `overmighty` by the statements given; its address."""

    def make(statements: list[str]) -> str:
        tell(postgres.url(database=database), *statements)
        return postgres.url("overmighty", "p", database)

    yield make
    tell(postgres.url(database=database), "DROP OWNED BY overmighty CASCADE", "DROP ROLE overmighty")


@pytest.mark.parametrize(("statements", "sentence"), TOO_POWERFUL)
def test_neither_api_nor_worker_starts_on_a_role_that_is_too_powerful(
    settings: Settings, overmighty: Callable[[list[str]], str], statements: list[str], sentence: str
) -> None:
    url = overmighty(statements)
    with pytest.raises(StartupError, match=exactly(sentence.format(role=API))):
        asyncio.run(_open(adjust(settings, database_url=url)))
    with pytest.raises(StartupError, match=exactly(sentence.format(role=WORKER))):
        asyncio.run(_check_role(adjust(settings, worker_database_url=url)))


def test_both_processes_say_so_in_a_sentence_and_end(
    settings: Settings, postgres: LocalPostgres, database: str
) -> None:
    superuser = postgres.url(database=database)
    told = environment_of(adjust(settings, port=0, database_url=superuser, worker_database_url=superuser))
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "server", *command],
            cwd=ROOT,
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for command in (["serve"], ["worker", "--single"])
    ]
    try:
        ended = [(*process.communicate(timeout=END_SECONDS), process.returncode) for process in started]
    finally:
        for process in started:
            process.kill()
    sentence = BYPASSES.replace("overmighty", "postgres") + "\n"
    assert ended == [("", sentence.format(role=role), 1) for role in (API, WORKER)]


def test_addresses_that_were_swapped_are_noticed(settings: Settings) -> None:
    api, worker = settings.need("database_url"), settings.need("worker_database_url")
    with pytest.raises(
        StartupError, match=exactly(f"The database role '{WORKER}' is not {API}; connect as {API}.")
    ):
        asyncio.run(_open(adjust(settings, database_url=worker)))
    with pytest.raises(
        StartupError, match=exactly(f"The database role '{API}' is not {WORKER}; connect as {WORKER}.")
    ):
        asyncio.run(_check_role(adjust(settings, worker_database_url=api)))


def test_a_role_that_is_both_is_too_powerful_for_either(
    settings: Settings, overmighty: Callable[[list[str]], str]
) -> None:
    url = overmighty(["CREATE ROLE overmighty LOGIN PASSWORD 'p'", f"GRANT {API}, {WORKER} TO overmighty"])
    with pytest.raises(StartupError, match=f"can become {WORKER}, too; connect as {API}"):
        asyncio.run(_open(adjust(settings, database_url=url)))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda url: url.replace(":api@", ":wrong@"),
            'The database cannot be used: password authentication failed for user "storycast_api"',
        ),
        (
            lambda url: url.replace("/test_", "/no_test_"),
            'The database cannot be used: database "no_test_[0-9]+" does not exist',
        ),
        (lambda _: "postgresql://a:b@127.0.0.1:1/c", "The database cannot be used: .*Connect call failed.*"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_in_a_sentence(
    settings: Settings, change: Callable[[str], str], sentence: str
) -> None:
    with pytest.raises(StartupError, match=rf"\A{sentence}\Z"):
        asyncio.run(_open(adjust(settings, database_url=change(settings.need("database_url")))))


def test_the_roles_that_migrations_make_are_welcome(settings: Settings) -> None:
    asyncio.run(_open(settings))
    rows = ask(
        settings.need("worker_database_url"),
        "SELECT pg_has_role(session_user, 'storycast_owner', 'MEMBER') AS powerful",
    )
    assert rows == [(False,)]


def exactly(sentence: str) -> str:
    return rf"\A{re.escape(sentence)}\Z"


async def _open(settings: Settings) -> None:
    async with open_services(settings):
        pass
