"""A benchmark from end to end, contenders that answer otherwise, and what a killed run leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from bench import answers, data, pages, rest
from bench.__main__ import main
from bench.contenders import RESPONDER, STORYCAST, Contender, start_limit
from bench.ground import open_ground
from bench.http_load import Expected, LoadFailed, Request, open_load
from bench.rounds import Different

ROOT = Path(__file__).resolve().parents[2]
LIMIT_SECONDS = 60
SMALL_RUN = """
from bench import pages
from bench.__main__ import main
pages.USERS = pages.EACH = 20
main(["rest", "--seconds", "60"])
"""


@pytest.fixture
def few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "USERS", 40)
    monkeypatch.setattr(pages, "EACH", 20)


def test_a_benchmark_prints_its_table_and_keeps_its_figures(
    few_rows: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rest", "--rounds", "2", "--seconds", "0.3", "--results", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    contenders = [STORYCAST, rest.TRANSACTION, rest.ONE_TRIP, RESPONDER]
    rows = [line.split(" | ")[0].removeprefix("| ") for line in printed.splitlines() if " | " in line]
    assert rows == ["contender", "---", *contenders]
    (kept,) = tmp_path.iterdir()
    raw = json.loads(kept.read_text())
    (table,) = raw["tables"]
    assert list(table["figures"]) == contenders
    for figures in table["figures"].values():
        assert all(len(rounds) == 2 for rounds in figures.values())
        assert min(figures["per_second"]) > 0
    assert (raw["rounds"], raw["seconds"]) == (2, 0.3)


async def test_contenders_that_answer_otherwise_are_told(few_rows: None) -> None:
    def next_page(request: Request) -> Request:
        return replace(request, path=request.path.replace("page=1&", "page=2&"))

    def one_more(_: Request, answer: Any) -> Any:
        return {**answer, "meta": {**answer["meta"], "total": answer["meta"]["total"] + 1}}

    async with open_ground(1, 0.2) as ground:
        users = await data.fill(ground, pages.USERS, pages.EACH)
        first, second = (rest.ask(ground.token(user.id), 1) for user in users[:2])
        api = Contender(await ground.start_api())
        peer = await start_limit(ground, one_trip=True)
        agreed = await answers.agree({"ours": api, "theirs": peer}, [first, second])
        assert [each.status for each in agreed["ours"]] == [200, 200]
        for other in (replace(peer, phrase=next_page), replace(peer, read=one_more)):
            with pytest.raises(Different, match="theirs: 200"):
                await answers.agree({"ours": api, "theirs": other}, [first])
        unsigned = replace(first, token=first.token[:-4] + "AAAA")
        admitting = replace(peer, phrase=lambda _: first)
        with pytest.raises(Different, match="ours: 401"):
            await answers.agree({"ours": api, "theirs": admitting}, [unsigned])
        with pytest.raises(LoadFailed, match="expected 200 with 1 bytes"):
            async with open_load(api.process, [Expected(first, 200, 1)]):
                pytest.fail("what is wrong is told before anything is timed")


@pytest.mark.long
def test_a_run_that_is_killed_leaves_no_process(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", SMALL_RUN], cwd=ROOT, env={**os.environ, "TMPDIR": str(tmp_path)}
    )
    try:
        _wait_until(lambda: {"serve", "postgres", "bench.load"} <= _words(tmp_path, run.pid))
    finally:
        run.send_signal(signal.SIGKILL)
        run.wait(LIMIT_SECONDS)
    _wait_until(lambda: not _words(tmp_path, run.pid))


def _words(folder: Path, apart_from: int) -> set[str]:
    """The words, without their paths, by which processes were started that were told of `folder`."""
    words: set[str] = set()
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            command = process.cmdline()
            told = [*command, *process.environ().values()]
            if process.pid != apart_from and any(str(folder) in each for each in told):
                words.update(Path(word).name for word in command)
    return words


def _wait_until(is_so: Callable[[], bool]) -> None:
    limit = time.monotonic() + LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < limit
        time.sleep(0.05)
