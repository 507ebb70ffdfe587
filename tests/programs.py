"""Programs that run to their end beside a test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """What came of a program."""

    code: int
    output: str
    errors: str


async def run(
    *command: str | Path,
    cwd: Path | None = None,
    seconds: float = 60,
    env: Mapping[str, str] | None = None,
) -> Ran:
    """Run a program, as in `run("curl", "--version")`, to its end.

    It is killed when it takes longer than `seconds`, and TimeoutError raised.
    """
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env=env,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(seconds):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        raise
    assert process.returncode is not None
    return Ran(process.returncode, output.decode(), errors.decode())
