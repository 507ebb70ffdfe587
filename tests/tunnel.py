"""What lies between a client and a server, to be cut, and to fall silent."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024


@dataclass
class Tunnel:
    """Leads from `base` to the server. `opened` counts the connections there have been."""

    base: str
    opened: int = 0
    _swallowing: bool = False
    _deaf: bool = False
    _parted: bool = False
    _open: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        """Every connection, at both ends at once, with whatever is on its way."""
        for writer in self._open:
            writer.transport.abort()

    def swallow(self) -> None:
        """From here on both ends stay connected, and nothing arrives at either."""
        self._swallowing = True

    def lose_answers(self) -> None:
        """From here on what the client says arrives, and what the server says does not."""
        self._deaf = True

    def part(self) -> None:
        """Cut, and cut at once whoever comes."""
        self._parted = True
        self.cut()

    def mend(self) -> None:
        """From here on everything passes again; what was swallowed stays lost."""
        self._swallowing = self._deaf = self._parted = False

    async def _carry(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, back: bool = False
    ) -> None:
        with suppress(ConnectionError):
            while part := await reader.read(CHUNK_BYTES):
                if not self._swallowing and not (back and self._deaf):
                    writer.write(part)
                    await writer.drain()


@asynccontextmanager
async def tunnel(base: str) -> AsyncIterator[Tunnel]:
    """A tunnel to the server at `base`, from a loopback port of its own."""
    address = urlsplit(base)

    async def pass_through(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if made._parted:  # noqa: SLF001 - this module's
            writer.transport.abort()
            return
        made.opened += 1
        made._open.add(writer)  # noqa: SLF001 - this module's
        there: asyncio.StreamWriter | None = None
        try:
            answers, there = await asyncio.open_connection(address.hostname, address.port)
            made._open.add(there)  # noqa: SLF001
            ways = [made._carry(reader, there), made._carry(answers, writer, back=True)]  # noqa: SLF001
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        except OSError:
            pass  # nobody there
        finally:
            for end in filter(None, (writer, there)):
                made._open.discard(end)  # noqa: SLF001
                # What one end has said to the last is told to the other before it ends.
                end.close()

    server = await asyncio.start_server(pass_through, "127.0.0.1", 0)
    made = Tunnel(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    try:
        yield made
    finally:
        server.close()
        made.cut()
        await server.wait_closed()
