"""What processes log: a line a record, with the request's id, and nobody's token."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import httpx
import pytest

from core.identity import sign_token
from core.settings import Settings
from tests.callers import LIMIT_SECONDS
from tests.conftest import adjust
from tests.operations.test_settings import ROOT
from tests.processes import Worker, environment_of

LINE = re.compile(
    r"(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (?P<level>[A-Z]+) \[(?P<pid>\d+)\]"
    r" (?P<name>[\w.]+)(?: \((?P<request>[0-9a-f]{16})\))?: (?P<message>.*)"
)
LIFETIME = timedelta(hours=1)
LEVELS = ("debug", "info", "warning", "error")
SPEAK = """
import logging, sys
from server.logs import set_up
set_up(sys.argv[1])
for name in ("server.rest", "dramatiq.worker", "uvicorn.error", "sqlalchemy.engine"):
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger(name), level)("spoken")
"""
MISLEAD = """
import logging
from server.logs import set_up
set_up("info")
logging.getLogger("server").warning("odd: %s", "a\\n2026-01-01T00:00:00.000Z ERROR [1] server: forged")
"""


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[tuple[str, Path, subprocess.Popen[bytes]]]:
    """An API process as `serve` starts it: its address, its log, itself."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    log = tmp_path / "serve.log"
    with log.open("wb") as written:
        process = subprocess.Popen(
            [sys.executable, "-m", "server", "serve"],
            cwd=ROOT,
            env=environment_of(adjust(settings, port=port)),
            stderr=written,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(base))
        yield base, log, process
    finally:
        process.terminate()
        process.wait(LIMIT_SECONDS)


def answers(base: str) -> bool:
    try:
        return httpx.get(f"{base}/healthz").status_code == 200
    except httpx.TransportError:
        return False


def wait_for(is_so: Callable[[], bool]) -> None:
    """For what other processes do, and give no event of."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def test_a_fault_is_one_record_with_the_answers_request_id_and_without_the_token(
    served: tuple[str, Path, subprocess.Popen[bytes]],
    settings: Settings,
    sql: asyncpg.Connection,
    alice: UUID,
) -> None:
    base, log, process = served
    await sql.execute("REVOKE SELECT ON story_generations FROM storycast_api")
    token = sign_token(settings, alice, LIFETIME)
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(headers=headers) as client:
        response = await client.get(f"{base}/api/story-generations")
        await client.get(f"{base}/api/story-generations/{alice}?token={token}")
        await client.post(f"{base}/api/story-generations", content=token)
        await client.post(f"{base}/graphql", content=token)
        await client.get(f"{base}/healthz", headers={"Authorization": f"Bearer {token}x"})
    process.terminate()
    assert process.wait(LIMIT_SECONDS) == 0
    written = log.read_text()
    assert token not in written
    assert token.rpartition(".")[2] not in written
    records = [found for line in written.splitlines() if (found := LINE.fullmatch(line))]
    first = records[0]
    assert (first["level"], first["name"], first["message"]) == ("ERROR", "server.rest", "Request failed")
    assert first["request"] == response.headers["x-request-id"]
    assert first["pid"] == str(process.pid)
    assert [(record["level"], record["name"]) for record in records] == [("ERROR", "server.rest")] * 2
    assert "permission denied for table story_generations" in written
    assert all(LINE.fullmatch(line) or line.startswith("    ") for line in written.splitlines())


async def test_a_worker_that_is_well_says_little(
    settings: Settings, tmp_path: Path, sql: asyncpg.Connection
) -> None:
    log = tmp_path / "worker.log"
    with Worker(settings, log) as worker:
        wait_for(lambda: "Worker ready" in log.read_text())
    records = [LINE.fullmatch(line) for line in log.read_text().splitlines()]
    told = [(record["level"], record["name"], record["message"]) for record in records if record]
    assert told == [("INFO", "jobs.worker", "Worker ready")]
    assert [record["pid"] for record in records if record] == [str(worker.pid)]
    assert None not in records


@pytest.mark.parametrize("chosen", LEVELS)
def test_the_level_chosen_holds_for_us_and_libraries_are_heard_from_warnings_on(chosen: str) -> None:
    spoken = run(SPEAK, chosen)
    heard = [(record["name"], record["level"].lower()) for line in spoken if (record := LINE.fullmatch(line))]
    ours = [level for level in LEVELS if LEVELS.index(level) >= LEVELS.index(chosen)]
    theirs = [level for level in ours if level in {"warning", "error"}]
    assert heard == [
        *(("server.rest", level) for level in ours),
        *(("dramatiq.worker", level) for level in theirs),
        *(("uvicorn.error", level) for level in theirs),
        *(("sqlalchemy.engine", level) for level in theirs),
    ]


def test_no_text_passes_for_a_record() -> None:
    first, second = run(MISLEAD)
    assert LINE.fullmatch(first)
    assert second == "    2026-01-01T00:00:00.000Z ERROR [1] server: forged"


def run(program: str, *arguments: str) -> list[str]:
    """What a program writes to stderr, line by line."""
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        timeout=LIMIT_SECONDS,
        check=True,
    )
    return ended.stderr.splitlines()
