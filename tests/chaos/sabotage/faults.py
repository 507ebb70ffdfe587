"""Faults that no signal from outside could time: put into the process that this runs in."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from tests.chaos.sabotage.guards import replace

FAULTS: dict[str, Callable[[], None]] = {}

# A story with this word kills whoever narrates it.
DEADLY_WORD = "Basilisk"


def fault(put_in: Callable[[], None]) -> Callable[[], None]:
    FAULTS[put_in.__name__] = put_in
    return put_in


@fault
def named() -> None:
    """No fault: a worker's connections say which process they are of, for `history` to tell."""
    sessions: Any = import_module("db.sessions")
    opened = sessions.open_engine

    def open_engine(url: str, server_settings: dict[str, str] | None = None, *rest: Any, **more: Any) -> Any:
        if server_settings:
            server_settings = {**server_settings, "application_name": f"worker {os.getpid()}"}
        return opened(url, server_settings, *rest, **more)

    replace("db.sessions", "open_engine", open_engine)


@fault
def stops_before_success() -> None:
    """`named`; and freezes itself between storing a result and writing that down, until SIGUSR1."""
    named()
    attempt: Any = import_module("jobs.attempt")
    succeed = attempt.succeed
    cured = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: cured.set())

    async def late(*held: Any, **more: Any) -> Any:
        if not cured.is_set():
            os.kill(os.getpid(), signal.SIGSTOP)
        return await succeed(*held, **more)

    replace("jobs.attempt", "succeed", late)


@fault
def dies_of_deadly_stories() -> None:
    """The voice ends its process where it meets the word."""
    engine: Any = import_module("narration.hibari").HibariEngine

    class Mortal(engine):  # type: ignore[misc]
        def speak(self, text: str) -> Iterator[Any]:
            if DEADLY_WORD in text:
                _die()
            yield from super().speak(text)

    replace("narration.hibari", "HibariEngine", Mortal)


@fault
def dies_instead_of_ringing() -> None:
    """An API process ends where a generation is committed, and no worker told."""

    def ring(*_: object) -> None:
        _die()

    doorbell: Any = import_module("jobs.doorbell")
    doorbell.Doorbell.ring = ring


def _die() -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives that")


# Alembic runs it after all that there are.
MIGRATION = """
import sqlalchemy as sa
from alembic import op

revision = "chaos"
down_revision = {head!r}
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("story_generations", sa.Column("mood", sa.Text, server_default="calm"))
"""


@fault
def one_more_migration() -> None:
    """`migrate` knows of one that adds a column."""
    provision: Any = import_module("db.provision")
    folder = Path(tempfile.mkdtemp(prefix="migration-"))
    atexit.register(shutil.rmtree, folder)
    (folder / "chaos_mood.py").write_text(MIGRATION.format(head=provision.expected_revision()))
    opened = provision.alembic_config

    def alembic_config(*given: Any) -> Any:
        config = opened(*given)
        both = os.pathsep.join([str(provision.MIGRATIONS / "versions"), str(folder)])
        config.set_main_option("version_locations", both)
        return config

    replace("db.provision", "alembic_config", alembic_config)
