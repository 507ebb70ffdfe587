"""Strangers who ask for pages and read nothing of them: they cost next to nothing, and not for long."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import psutil

from core.settings import Settings
from tests.callers import LIMIT_SECONDS
from tests.conftest import adjust
from tests.edges.conftest import edge_process
from tests.edges.raw import wire
from tests.live.streams import until
from tests.web_pages.builds import HTML, PLAIN, SCRIPT, SCRIPT_BYTES

STRANGERS = 100
MEBIBYTE = 1024 * 1024
# The product, with another folder for its UI.
PROGRAM = """
import sys
from pathlib import Path
import server.dist
server.dist.DIST = Path({folder!r})
from server.__main__ import main
sys.exit(main(sys.argv[1:]))
"""


async def test_answers_that_nobody_reads_are_kept_once_for_all_and_cut_off(
    shared_settings: Settings, built: Path, tmp_path: Path
) -> None:
    settings = adjust(shared_settings, request_seconds=3)
    program = ("-c", PROGRAM.format(folder=str(built)))
    request = f"GET /assets/{SCRIPT} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    async with edge_process(settings, tmp_path / "api.log", program) as edge, AsyncExitStack() as stack:
        process = psutil.Process(edge.process.pid)
        before = process.memory_info().rss
        ends = [
            await stack.enter_async_context(wire(edge.base, receive_buffer=4096)) for _ in range(STRANGERS)
        ]
        for end in ends:
            end.writer.transport.pause_reading()  # type: ignore[attr-defined]  # every transport here reads
            await end.send(request)
        ports = {end.writer.get_extra_info("sockname")[1] for end in ends}
        await until(lambda: ports <= _connected(process))
        page = await edge.client.request("GET", "/", headers={**HTML, **PLAIN})
        assert "<title>a build</title>" in page.text
        most = before
        async with asyncio.timeout(LIMIT_SECONDS):
            while ports & _connected(process):
                most = max(most, process.memory_info().rss)
                await asyncio.sleep(0.02)
        assert most - before < STRANGERS * SCRIPT_BYTES / 4, f"{(most - before) / MEBIBYTE:.0f} MiB"
        assert edge.complaints() == []


def _connected(process: psutil.Process) -> set[int]:
    """The ports from which there are connections to the process."""
    connections = process.net_connections("tcp")
    return {each.raddr[1] for each in connections if each.status == psutil.CONN_ESTABLISHED}
