"""The product's own processes on a PostgreSQL and a Valkey that run elsewhere, told by four addresses."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from core.settings import Settings
from server.local.valkey import LocalValkey
from server.serve import open_services
from tests.callers import Api
from tests.conftest import adjust, settings_for
from tests.database.servers import HARD_PASSWORD, Cluster, free_port
from tests.local.product import eventually
from tests.processes import ROOT, environment_of

END_SECONDS = 30
READY = {"status": "ready", "checks": {"database": "ok", "redis": "ok", "migrations": "ok"}}

FOLLOW = """subscription ($id: UUID!) {
    storyGenerationProgress(id: $id) { status progress resultUrl story { title } log { event } } }"""


@pytest.fixture
def settings(cluster: Cluster, elsewhere: str, tmp_path: Path) -> Iterator[Settings]:
    """Over TCP, every password a hard one, no two the same."""
    valkey = LocalValkey(tmp_path / "valkey", port=free_port(), password=f"{HARD_PASSWORD} of Valkey")
    urls = {
        "migration_database_url": cluster.url(database=elsewhere),
        "database_url": cluster.url("storycast_api", f"{HARD_PASSWORD} of the API", elsewhere),
        "worker_database_url": cluster.url("storycast_worker", f"{HARD_PASSWORD} of the worker", elsewhere),
    }
    with valkey.running():
        yield adjust(settings_for(urls, valkey.url(), tmp_path), port=free_port())


async def test_a_story_is_narrated_over_tcp_with_passwords(settings: Settings, alice: UUID) -> None:
    migrated = server_command(settings, "migrate")
    assert (migrated.wait(END_SECONDS), migrated.communicate()) == (0, ("", ""))
    with ExitStack() as stack:
        stack.enter_context(keeping(settings, "serve"))
        stack.enter_context(keeping(settings, "worker"))
        eventually(lambda: says_ready(settings.public_base), seconds=END_SECONDS, what="ready")
        async with open_services(settings) as services:
            api = Api(settings.public_base, settings, services=services)
            story_id = await api.add_story(alice, "It rang from far away. Somebody answered.")
            generation_id = await api.initiate(alice, story_id)
            async with api.socket(alice) as socket:
                await socket.subscribe("1", FOLLOW, id=generation_id)
                last = (await socket.until_complete("1"))[-1]["storyGenerationProgress"]
            audio = await api.request("GET", last["resultUrl"])
            await api.close()
    assert (last["status"], last["progress"], last["story"]) == ("SUCCEEDED", 100, {"title": "A story"})
    assert [entry["event"] for entry in last["log"]] == ["created", "started", "succeeded"]
    assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/mpeg")


def says_ready(base: str) -> bool:
    try:
        return bool(httpx.get(f"{base}/readyz").json() == READY)
    except httpx.TransportError:
        return False


def server_command(settings: Settings, command: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "server", command],
        cwd=ROOT,
        env=environment_of(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def keeping(settings: Settings, command: str) -> Iterator[None]:
    """The command runs for as long as the block lasts, and ends in order when it is told to."""
    process = server_command(settings, command)
    try:
        yield
        assert process.poll() is None
    finally:
        process.terminate()
        said = process.communicate(timeout=END_SECONDS)
    assert process.returncode in {0, -signal.SIGTERM}, said
    assert "Traceback" not in said[1]
