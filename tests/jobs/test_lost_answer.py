"""A database that goes away at the commit of a success, its answer unheard."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from db.logs import Event
from jobs.attempt import attempt
from narration.hibari import HibariEngine
from tests.conftest import adjust, open_bench
from tests.jobs.records import Records, started

SOCKET = ".s.PGSQL.5432"


class DeafLine:
    """Stands between a worker and PostgreSQL, and once hangs up in place of the answer to a COMMIT: the
    one that ends a transaction with `word` in it.
    """

    def __init__(self, server: Path, word: bytes) -> None:
        self.hung_up = False
        self._server = server
        self._word = word

    @asynccontextmanager
    async def listening(self, folder: Path) -> AsyncIterator[None]:
        async with await asyncio.start_unix_server(self._serve, folder / SOCKET):
            yield

    async def _serve(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._server)
        is_last = asyncio.Event()
        answering = asyncio.create_task(self._answer(server, to_client, is_last))
        is_word_said = False
        try:
            while said := await client.read(65_536):
                is_word_said = is_word_said or self._word in said
                if is_word_said and not self.hung_up and b"COMMIT" in said:
                    is_last.set()
                to_server.write(said)
        finally:
            to_server.close()
            await answering

    async def _answer(
        self, server: asyncio.StreamReader, to_client: asyncio.StreamWriter, is_last: asyncio.Event
    ) -> None:
        with suppress(ConnectionError):
            while said := await server.read(65_536):
                if is_last.is_set():
                    self.hung_up = b"COMMIT" in said
                    break
                to_client.write(said)
        to_client.close()


async def test_a_result_whose_commit_went_unheard_stays_with_its_files(
    records: Records, engine: HibariEngine, tmp_path: Path
) -> None:
    url = records.settings.need("worker_database_url")
    [folder] = parse_qs(urlsplit(url).query)["host"]
    line = DeafLine(Path(folder) / SOCKET, b"SET status = 'succeeded'")
    settings = adjust(records.settings, worker_database_url=url.replace(folder, str(tmp_path)))
    generation_id = await records.initiate("The fox slept. \u4f60\u597d\u3002")
    async with line.listening(tmp_path), open_bench(settings, engine) as bench:
        await attempt(bench, generation_id, threading.Event())
    assert line.hung_up
    row = await records.row(generation_id)
    assert (row["status"], row["progress"], row["attempt"]) == ("succeeded", 100, 1)
    assert records.files() == records.keys(generation_id, 1) == [row["result_key"], row["captions_key"]]
    assert await records.log(generation_id) == [
        *started(1),
        (Event.SENTENCE_SKIPPED, "The voice cannot read it: \u4f60\u597d\u3002"),
        (Event.SUCCEEDED, None),
    ]
