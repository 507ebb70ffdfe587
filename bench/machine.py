"""On what, with what and when something was measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("strawberry-graphql", "graphql-core", "starlette", "uvicorn", "uvloop", "asyncpg", "sqlalchemy")


def describe(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Processor, kernel, date and versions, in words."""
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}",
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "versions": ", ".join(
            [
                f"Python {platform.python_version()}",
                *(f"{package} {version(package)}" for package in packages),
            ]
        ),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()
