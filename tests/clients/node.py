"""Node from its wheel, with the packages of tests/clients/package.json."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests import programs
from tests.programs import Ran
from web import node
from web.node import NotInstalled

__all__ = ["HERE", "NotInstalled", "environment", "install", "link_modules", "run"]

HERE = Path(__file__).resolve().parent
MODULES = HERE / "node_modules"


def install() -> None:
    """Have the packages of the lock file, and no others.

    Raises NotInstalled.
    """
    node.install(HERE)


def environment(**more: str) -> dict[str, str]:
    """The present one, where `node` and the installed programs are the pinned ones."""
    return {**node.environment(HERE), **more}


def link_modules(folder: Path) -> None:
    """Let programs in `folder` import the packages."""
    (folder / "node_modules").symlink_to(MODULES, target_is_directory=True)


async def run(
    *command: str | Path, cwd: Path = HERE, seconds: float = 60, variables: Mapping[str, str] | None = None
) -> Ran:
    """As `programs.run`, where `node` and the installed programs are the pinned ones."""
    return await programs.run(*command, cwd=cwd, seconds=seconds, env=environment(**(variables or {})))
