"""`python -m web.build`: the web UI, built from its sources where it is not.

What is broken off leaves nothing that looks whole, and from the first one on, `dist` leads to a whole build
at any time. Two at once build once. Whatever is wrong is told in a sentence on stderr, with exit code 1.
"""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import fcntl
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from web import node
from web.sources import BUILDS, DIST, LABEL, WEB, built_of, digest

BUILD_SECONDS = 600
# Of what Vite says, where it fails.
MOST_LINES = 12

_VITE = Path("node_modules", "vite", "bin", "vite.js")
_DOCUMENTS = Path("documents.ts")
_PAINT = re.compile(r"\x1b\[[0-9;]*m")
# Nothing, and where in Vite it was.
_UNTOLD = re.compile(r"\s*(at .*)?$")


class NotBuilt(Exception):
    """The present sources were not built; says why."""


def main() -> int:
    try:
        build()
    except (NotBuilt, node.NotInstalled) as error:
        print(f"The web UI was not built: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"The web UI was not built: {error.filename}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def build() -> None:
    """Have DIST lead to a build of the present sources.

    Raises NotBuilt, or node.NotInstalled where packages cannot be had; DIST is then as before.
    """
    with _alone() as lock:
        wanted = digest()
        if built_of(DIST) == wanted:
            return
        built = BUILDS / wanted
        if built_of(built) != wanted:
            node.install(WEB)
            _make(built, wanted, lock)
        before = DIST.resolve()
        _lead_to(built)
        _remove_all_but({built.name, before.name})


@contextmanager
def _alone() -> Iterator[int]:
    """No other process builds meanwhile; gives the descriptor that says so."""
    BUILDS.mkdir(exist_ok=True)
    with (BUILDS / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another dev.py is building the web UI: waiting for it ...", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


def _make(built: Path, wanted: str, lock: int) -> None:
    unfinished = built.with_suffix(".unfinished")
    for folder in (built, unfinished):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        _run(_VITE, "build", "--logLevel", "error", "--outDir", unfinished, lock=lock)
        _run(_DOCUMENTS, unfinished, lock=lock)
    except NotBuilt:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise
    if digest() != wanted:
        raise NotBuilt("its sources were changed meanwhile; the next start builds it.")
    (unfinished / LABEL).write_text(wanted)
    unfinished.rename(built)


def _run(script: Path, *arguments: str | Path, lock: int) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - Vite, and a script of ours
            [node.NODE, script, *arguments],
            cwd=WEB,
            env=node.environment(WEB),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # One that is left behind keeps the next from working in the same folder.
            pass_fds=[lock],
            timeout=BUILD_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotBuilt(f"{script.name} took longer than {BUILD_SECONDS} seconds.") from error
    if done.returncode:
        said = [line for line in _plain(done.stdout).splitlines() if not _UNTOLD.match(line)]
        raise NotBuilt("\n".join([f"{script.name} said", *(f"    {line}" for line in said[:MOST_LINES])]))


def _plain(output: bytes) -> str:
    # Rolldown paints whatever NO_COLOR says.
    return _PAINT.sub("", output.decode(errors="replace"))


def _lead_to(built: Path) -> None:
    link = BUILDS / "dist.unfinished"
    link.unlink(missing_ok=True)
    link.symlink_to(built.relative_to(WEB))
    if DIST.is_dir() and not DIST.is_symlink():
        # Somebody put a folder there, which a link cannot replace.
        DIST.rename(BUILDS / "replaced.unfinished")
    link.replace(DIST)


def _remove_all_but(kept: set[str]) -> None:
    for entry in BUILDS.iterdir():
        if entry.is_dir() and entry.name not in kept:
            with suppress(OSError):
                shutil.rmtree(entry)


if __name__ == "__main__":
    sys.exit(main())
