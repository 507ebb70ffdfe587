"""`migrate` on servers elsewhere, by whatever right its role has there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

import asyncpg
import pytest

from core.errors import SettingsError, StartupError
from core.settings import Settings
from db import provision
from db.provision import MIGRATION_LOCK, expected_revision, migrate
from tests.database.servers import HARD_PASSWORD, Cluster, ask, tell, within
from tests.database.shape import security, structure
from tests.processes import ROOT, environment_of

API_PASSWORD = f"{HARD_PASSWORD} of the API"
WORKER_PASSWORD = f"{HARD_PASSWORD} of the worker"
ADMIN_PASSWORD = f"{HARD_PASSWORD} of the administrator"
END_SECONDS = 30


@dataclass(frozen=True)
class Elsewhere:
    """A database on a server elsewhere, as its superuser and as Storycast's settings know it."""

    cluster: Cluster
    database: str

    @property
    def superuser(self) -> str:
        return self.cluster.url(database=self.database)

    def url(self, role: str, password: str) -> str:
        return self.cluster.url(role, password, self.database)

    def settings(self, migration_database_url: str | None = None) -> Settings:
        return Settings(
            migration_database_url=migration_database_url or self.superuser,
            database_url=self.url("storycast_api", API_PASSWORD),
            worker_database_url=self.url("storycast_worker", WORKER_PASSWORD),
        )

    def tell(self, *statements: str) -> None:
        tell(self.superuser, *statements)

    def make_role(self, name: str, options: str = "") -> str:
        """The address of a role that may sign in."""
        quoted = ask(self.superuser, "SELECT quote_literal($1)", ADMIN_PASSWORD)[0][0]
        self.tell(f'CREATE ROLE "{name}" LOGIN PASSWORD {quoted} {options}')
        return self.url(name, ADMIN_PASSWORD)

    def is_ready(self) -> bool:
        """Whether both processes' roles sign in with their passwords, and find the schema they expect."""
        signed_in = (self.url("storycast_api", API_PASSWORD), self.url("storycast_worker", WORKER_PASSWORD))
        found = [ask(url, "SELECT version_num FROM alembic_version") for url in signed_in]
        return found == [[(expected_revision(),)]] * 2


@pytest.fixture
def there(cluster: Cluster, elsewhere: str) -> Elsewhere:
    return Elsewhere(cluster, elsewhere)


def test_a_superuser_migrates_an_empty_database_and_doing_it_again_changes_nothing(there: Elsewhere) -> None:
    migrate(there.settings())
    assert there.is_ready()
    before = within(there.superuser, structure), within(there.superuser, security)
    migrate(there.settings())
    assert (within(there.superuser, structure), within(there.superuser, security)) == before


async def test_two_migrations_at_once_take_turns_and_both_succeed(there: Elsewhere) -> None:
    environment = environment_of(there.settings())
    command = [sys.executable, "-m", "server", "migrate"]
    blocker = await asyncpg.connect(there.superuser)
    await blocker.execute(f"SELECT pg_advisory_lock({MIGRATION_LOCK})")
    both = [
        await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environment, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    try:
        async with asyncio.timeout(END_SECONDS):
            while await blocker.fetchval(waiting) < 2:
                assert [migration.returncode for migration in both] == [None, None]
    finally:
        await blocker.close()
        said = [(await migration.communicate())[1] for migration in both]
    assert [(migration.returncode, error) for migration, error in zip(both, said, strict=True)] == [
        (0, b"")
    ] * 2


def _made_by_an_administrator(there: Elsewhere) -> str:
    """Who may make roles, and owns the database: as on managed servers."""
    url = there.make_role("administrator", "CREATEROLE")
    there.tell(f"ALTER DATABASE {there.database} OWNER TO administrator")
    return url


def _with_roles_made_before(there: Elsewhere) -> str:
    """The same, whose roles are there: it may grant them, and is no member yet as version 16 counts it. That
    everybody may create tables in `public` is what databases of version 14 and before were born with.
    """
    url = _made_by_an_administrator(there)
    tell(
        url,
        "CREATE ROLE storycast_owner",
        f"CREATE ROLE storycast_api LOGIN PASSWORD '{API_PASSWORD.replace(chr(39), chr(39) * 2)}'",
        f"CREATE ROLE storycast_worker LOGIN PASSWORD '{WORKER_PASSWORD.replace(chr(39), chr(39) * 2)}'",
    )
    there.tell("GRANT USAGE, CREATE ON SCHEMA public TO PUBLIC")
    return url


@pytest.mark.parametrize("prepare", [_made_by_an_administrator, _with_roles_made_before])
def test_an_administrator_who_is_no_superuser_migrates(
    there: Elsewhere, prepare: Callable[[Elsewhere], str]
) -> None:
    settings = there.settings(prepare(there))
    migrate(settings)
    assert there.is_ready()
    migrate(settings)


def _without_rights(there: Elsewhere) -> str:
    return there.make_role("Deploy er")


def _makes_roles_only(there: Elsewhere) -> str:
    """It may make roles, and may grant nothing on the schema: PostgreSQL merely warns of that."""
    return there.make_role("role_maker", "CREATEROLE")


def _roles_of_another(there: Elsewhere) -> str:
    """The roles are there from another database of the same server, and this one may not hand them out."""
    there.tell("CREATE ROLE storycast_owner")
    there.make_role("storycast_api")
    there.make_role("storycast_worker")
    for role, password in (("storycast_api", API_PASSWORD), ("storycast_worker", WORKER_PASSWORD)):
        quoted = ask(there.superuser, "SELECT quote_literal($1)", password)[0][0]
        there.tell(f"ALTER ROLE {role} PASSWORD {quoted}")
    return there.make_role("newcomer")


def _owner_alone(there: Elsewhere) -> str:
    """Migrations sign in as the owner role itself, and the others are missing."""
    return there.make_role("storycast_owner")


@pytest.mark.parametrize("prepare", [_without_rights, _makes_roles_only, _roles_of_another, _owner_alone])
def test_where_it_may_not_it_prints_the_sql_and_works_once_that_has_run(
    there: Elsewhere, prepare: Callable[[Elsewhere], str]
) -> None:
    settings = there.settings(prepare(there))
    with pytest.raises(StartupError) as refused:
        migrate(settings)
    sentence, printed = str(refused.value).split("\n\n")
    assert (
        sentence
        == "This role may not prepare the database. Let an administrator run, in Storycast's database:"
    )
    assert HARD_PASSWORD[:8] not in printed
    there.tell(printed)
    migrate(settings)
    assert there.is_ready()


def test_a_role_that_everything_was_prepared_for_migrates(there: Elsewhere) -> None:
    migrate(there.settings())
    there.tell("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
    there.tell(
        "GRANT USAGE, CREATE ON SCHEMA public TO storycast_owner",
        "GRANT USAGE ON SCHEMA public TO storycast_api, storycast_worker",
        "ALTER ROLE storycast_owner LOGIN PASSWORD 'o'",
    )
    migrate(there.settings(there.url("storycast_owner", "o")))
    assert there.is_ready()


def test_a_migration_that_cannot_have_its_lock_soon_gives_up(
    there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(there.settings())
    monkeypatch.setattr(provision, "LOCK_TIMEOUT_MS", 50)

    async def migrate_while_locked(connection: asyncpg.Connection) -> None:
        async with asyncio.timeout(END_SECONDS), connection.transaction():
            await connection.execute("LOCK TABLE alembic_version")
            await asyncio.to_thread(migrate, there.settings())

    with pytest.raises(StartupError, match=r"\AThe database .* canceling statement due to lock timeout\Z"):
        within(there.superuser, migrate_while_locked)
    migrate(there.settings())


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda url: f"{url}?sslmode=disable", None),
        (
            lambda url: f"{url}?sslmode=require",
            "The database could not be migrated: PostgreSQL server at .* rejected SSL upgrade",
        ),
        (
            lambda url: url.replace(":p%3A", ":q%3A"),
            'The database could not be migrated: password authentication failed for user "postgres"',
        ),
        (
            lambda url: url.replace("/elsewhere", "/nowhere"),
            'The database could not be migrated: database "nowhere" does not exist',
        ),
        (
            lambda url: url.replace("127.0.0.1", "127.0.0.2"),
            r"The database could not be migrated: .*Connect call failed \('127.0.0.2'",
        ),
    ],
)
def test_an_address_is_followed_to_the_letter_or_refused_in_a_sentence(
    there: Elsewhere, change: Callable[[str], str], sentence: str | None
) -> None:
    settings = there.settings(change(there.superuser))
    if sentence is None:
        migrate(settings)
        return
    with pytest.raises(StartupError, match=rf"\A{sentence}") as refused:
        migrate(settings)
    assert "sqlalche.me" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_an_address_that_cannot_be_read_is_told_without_showing_it() -> None:
    unreadable = "postgresql://user:secret@host:port/name"
    with pytest.raises(SettingsError, match=r"\AA database address cannot be read\.") as refused:
        migrate(
            Settings(
                migration_database_url=unreadable, database_url=unreadable, worker_database_url=unreadable
            )
        )
    assert "secret" not in str(refused.value)
