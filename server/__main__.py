"""The command line: `python -m server run | serve | worker | migrate | token | schema`.

Each command imports only what it runs. Whatever is wrong is told in a sentence on stderr, with exit code 1.
"""

# ruff: noqa: PLC0415, T201
# Imports wait for the command that needs them (a second's worth, some), and a command line prints.
from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from core.errors import StorycastError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TOKEN_LIFETIME_SECONDS = 86_400


def main(arguments: Sequence[str] | None = None) -> int:
    _open_standard_streams()
    chosen = _parser().parse_args(arguments)
    try:
        chosen.command(chosen)
    except StorycastError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _run(chosen: argparse.Namespace) -> None:
    from server.children import First

    # Before anything else: what they import takes longest of all.
    first = First.spawn()
    from server.local.run import run

    run(first, host=chosen.host, port=chosen.port, data_directory=chosen.data_dir)


def _serve(chosen: argparse.Namespace) -> None:
    with _imports():
        from core.settings import load_settings
        from server.logs import set_up
        from server.serve import serve
    if chosen.first:
        with _imports():
            from server.local.first import prepare
        if not prepare():
            return
    settings = load_settings()
    set_up(settings.log_level)
    serve(settings)


def _worker(chosen: argparse.Namespace) -> None:
    from core.settings import load_settings

    if chosen.first:
        with _imports():
            from jobs.worker import work
            from narration.hibari import HibariEngine
            from server.local.orders import await_orders
            from server.logs import set_up

            engine = HibariEngine()
        if await_orders() is None:
            return
        settings = load_settings()
        set_up(settings.log_level)
        work(settings, lambda: engine)
        return
    settings = load_settings()
    if chosen.single:
        with _imports():
            from jobs.worker import work
            from server.logs import set_up
        set_up(settings.log_level)
        work(settings)
    else:
        from server.workers import keep_working

        keep_working(settings)


def _migrate(_chosen: argparse.Namespace) -> None:
    from core.settings import load_settings
    from db.provision import migrate

    migrate(load_settings())


def _token(chosen: argparse.Namespace) -> None:
    from server.local.tokens import token

    print(token(chosen.user, timedelta(seconds=chosen.lifetime), chosen.data_dir))


def _schema(chosen: argparse.Namespace) -> None:
    from schema.export import export

    export(check=chosen.check, release=chosen.release)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dev.py", description="Storycast, on this machine or in parts.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="everything on this machine")
    run.add_argument("--host", help="address to listen on (127.0.0.1)")
    run.add_argument("--port", type=int, help="port to listen on (8000; 0 for any that is free)")
    run.set_defaults(command=_run)

    serve = commands.add_parser("serve", help="one API process")
    serve.add_argument("--first", action="store_true", help=argparse.SUPPRESS)  # as `run` starts it
    serve.set_defaults(command=_serve)

    worker = commands.add_parser("worker", help="STORYCAST_WORKER_PROCESSES worker processes, kept running")
    worker.add_argument("--single", action="store_true", help="one, and not kept running")
    worker.add_argument("--first", action="store_true", help=argparse.SUPPRESS)  # as `run` starts it
    worker.set_defaults(command=_worker)

    migrate = commands.add_parser("migrate", help="bring the database to the schema this code expects")
    migrate.set_defaults(command=_migrate)

    token = commands.add_parser("token", help="print a signed JWT")
    token.add_argument("--user", type=UUID, required=True, help="the user's id, a UUID")
    token.add_argument(
        "--lifetime", type=_seconds, default=TOKEN_LIFETIME_SECONDS, metavar="SECONDS", help="(a day)"
    )
    token.set_defaults(command=_token)

    for placed in (run, token):
        placed.add_argument("--data-dir", type=_folder, help="data directory (.storycast in the checkout)")

    schema = commands.add_parser("schema", help="write schema/schema.graphql")
    instead = schema.add_mutually_exclusive_group()
    instead.add_argument(
        "--check",
        action="store_true",
        help="only fail when it is not what is served, or breaks the last release",
    )
    instead.add_argument("--release", action="store_true", help="keep it as what this version promises")
    schema.set_defaults(command=_schema)
    return parser


def _folder(text: str) -> Path:
    # A shell variable that is not set would make the current folder the data directory.
    if not text:
        raise argparse.ArgumentTypeError("the folder's name is empty")
    return Path(text)


def _seconds(text: str) -> int:
    seconds = int(text)
    if not 1 <= seconds <= 10 * 365 * 86_400:
        raise argparse.ArgumentTypeError("between one second and ten years")
    return seconds


@contextmanager
def _imports() -> Iterator[None]:
    """Import without looking for garbage: a fifth of the time, and none of it is any."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _open_standard_streams() -> None:
    # With one of them closed, the next file opened would take its number, and get what children print.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    sys.exit(main())
