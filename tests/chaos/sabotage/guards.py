"""How to take a guard out of the process that this runs in, for negative controls."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Callable
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any, BinaryIO

from sqlalchemy import DateTime, Select, bindparam, event, select, text

from db.calls import Function
from db.models import Generation

GUARDS: dict[str, Callable[[], None]] = {}


def guard(take_out: Callable[[], None]) -> Callable[[], None]:
    GUARDS[take_out.__name__] = take_out
    return take_out


def replace(module: str, name: str, value: object) -> None:
    """Put `value` in the place of what a module calls `name`; it has to have one."""
    holder = import_module(module)
    assert hasattr(holder, name), f"{module} has no {name}"
    setattr(holder, name, value)


# Each connection's own functions, by which it calls those whose names begin alike, but for some of the text.
CHANGED = """
DO $do$
DECLARE
    definition text;
BEGIN
    FOR definition IN SELECT pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace AND starts_with(proname, {begins})
    LOOP
        EXECUTE {changed};
    END LOOP;
END
$do$
"""
_changes: list[tuple[str, str]] = [("FUNCTION public.", "FUNCTION pg_temp.")]


def change_functions(begins: str, old: str, new: str) -> None:
    """Have the API call functions of the database that are otherwise than its own in this."""
    _changes.append((old, new))
    if len(_changes) > 2:
        return
    for module in ("db.reads", "db.changes", "db.initiations"):
        for function in vars(import_module(module)).values():
            if isinstance(function, Function) and function.query.startswith(f"SELECT * FROM {begins}"):
                function.query = function.query.replace("FROM ", "FROM pg_temp.")
    sessions: Any = import_module("db.sessions")
    open_pool = sessions._open_pool  # noqa: SLF001 - where connections are made

    def opened(*arguments: Any) -> Any:
        engine = open_pool(*arguments)
        event.listen(engine.sync_engine, "connect", make)
        return engine

    def make(connection: Any, _record: object) -> None:
        changed = "definition"
        for was, becomes in _changes:
            changed = f"replace({changed}, {_quoted(was)}, {_quoted(becomes)})"
        script = CHANGED.format(begins=_quoted(begins), changed=changed)
        connection.run_async(lambda raw: raw.execute(script))

    replace("db.sessions", "_open_pool", opened)


def _quoted(said: str) -> str:
    return "'" + said.replace("'", "''") + "'"


@guard
def sweeper() -> None:
    """Nothing rings again, and nothing is ended after its last attempt."""

    async def nothing(*_: Any, **__: Any) -> tuple[()]:
        return ()

    replace("jobs.sweeper", "find_to_ring", nothing)
    replace("jobs.sweeper", "fail_exhausted", nothing)


@guard
def fence() -> None:
    """Writes do not ask whose attempt it is."""
    claims: Any = import_module("db.claims")
    for name in ("_RENEW", "_PROGRESS", "_SUCCEED", "_FAIL", "_RETRY", "_HAND_BACK"):
        fenced = getattr(claims, name).text
        assert claims._FENCE in fenced  # noqa: SLF001 - that is what is taken out
        replace("db.claims", name, text(fenced.replace(claims._FENCE, "id = :id AND :attempt > 0")))  # noqa: SLF001


@guard
def attempts_limit() -> None:
    """A generation is taken up again however often it was tried."""

    async def nothing(*_: Any, **__: Any) -> tuple[()]:
        return ()

    replace("jobs.sweeper", "fail_exhausted", nothing)
    for module, name in (("db.claims", "_CLAIM"), ("db.sweeps", "_TO_RING")):
        limited = getattr(import_module(module), name).text
        assert "attempt < :max_attempts" in limited
        replace(module, name, text(limited.replace("attempt < :max_attempts", ":max_attempts > 0")))


@guard
def durable_commit() -> None:
    """Commits are acknowledged before they are on disk."""
    sessions: Any = import_module("db.sessions")
    opens = sessions.open_engine

    def open_careless(url: str, server_settings: dict[str, str], *rest: Any, **options: Any) -> Any:
        return opens(url, {**server_settings, "synchronous_commit": "off"}, *rest, **options)

    replace("db.sessions", "open_engine", open_careless)


@guard
def lease_end() -> None:
    """A lease is for ever: nobody takes over from a worker that died."""
    claims: Any = import_module("db.claims")
    ended = "lease_until < now() AND attempt < :max_attempts"
    assert ended in claims._CLAIM.text  # noqa: SLF001 - that is what is taken out
    replace("db.claims", "_CLAIM", text(claims._CLAIM.text.replace(ended, "attempt > 10 * :max_attempts")))  # noqa: SLF001


@guard
def database_clock() -> None:
    """Leases go by the clock of whoever claims and sweeps."""

    def by_own_clock(statement: str) -> Any:
        told = bindparam("clock", callable_=lambda: datetime.now(UTC), type_=DateTime(timezone=True))
        return text(statement.replace("now()", ":clock")).bindparams(told)

    for module, names in {"db.claims": ("_CLAIM", "_RENEW", "_RETRY"), "db.sweeps": ("_TO_RING",)}.items():
        for name in names:
            replace(module, name, by_own_clock(getattr(import_module(module), name).text))


@guard
def orderly_end() -> None:
    """SIGTERM ends the process where it stands."""
    install = signal.signal

    def install_others(number: int, handler: Any) -> Any:
        return install(number, signal.SIG_DFL if number == signal.SIGTERM else handler)

    replace("signal", "signal", install_others)


@guard
def lock_timeout() -> None:
    """A migration waits for its lock as long as it takes."""
    replace("db.provision", "LOCK_TIMEOUT_MS", 0)


@guard
def whole_files() -> None:
    """Files are written where they will be read, and what could not be ended stays."""

    def write(self: Any, target: Path, file: BinaryIO) -> None:
        with module._telling(f"write {target}"):  # noqa: SLF001 - as it does itself
            target.parent.mkdir(parents=True, exist_ok=True)
            file.seek(0)
            with target.open("wb") as out:
                shutil.copyfileobj(file, out)

    module: Any = import_module("core.folder")
    module.Folder._write = write  # noqa: SLF001 - that is what is taken out


@guard
def page_ranges() -> None:
    """Any page of any size goes to the database as it is."""

    def nothing(*_: object) -> None:
        return

    replace("resolvers.pages", "_check_range", nothing)


@guard
def checked_path() -> None:
    """The id in a REST path goes to the database as it is."""
    replace(
        "server.rest.shim",
        "GenerationPath",
        SimpleNamespace(model_validate=lambda path: SimpleNamespace(**path)),
    )


@guard
def quota_row() -> None:
    """No row of the user's is taken, so that nothing makes one initiation wait for the other."""
    change_functions("initiate", "FOR UPDATE", "")


KEPT = "coalesce(nullif(current_setting('app.user_id', true), ''), {user})"


@guard
def whose() -> None:
    """A connection keeps the first user it was told of, and a query of generations does not say whose."""
    kept = KEPT.format(user=":user")
    for statement in ("_SET_READER", "_SET_WRITER"):
        replace("db.sessions", statement, text(f"SELECT set_config('app.user_id', {kept}, false)"))
    kept = KEPT.format(user="me::text")
    change_functions(
        "read", "set_config('app.user_id', me::text, true)", f"set_config('app.user_id', {kept}, false)"
    )
    change_functions("read", "found.user_id = me", "true")
    change_functions("read", "counted.user_id = me", "true")

    def anybodys(_: object, status: Any = None) -> Select[Generation]:
        query = select(Generation)
        return query.where(Generation.status == status.value) if status else query

    replace("db.generations", "_own", anybodys)


@guard
def signatures() -> None:
    """Nobody looks at who signed a token, or how."""

    def nothing(*_: object, **__: object) -> None:
        return

    jws: Any = import_module("jwt.api_jws").PyJWS
    assert callable(jws._verify_signature)  # noqa: SLF001 - that is what is taken out
    jws._verify_signature = nothing  # noqa: SLF001


@guard
def link_signature() -> None:
    """Whoever asks for a file has it."""
    links: Any = import_module("core.links")
    links.SignedLinks.check = lambda *_: 60
