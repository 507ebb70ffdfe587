"""The product as somebody starts it, and what it leaves behind when it goes."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
UP_SECONDS = 60
GONE_SECONDS = 10


def environment(changes: Mapping[str, str] | None = None) -> dict[str, str]:
    """Ours, without any of the product's settings but how the run has documents answered, and `changes`."""
    plain = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("STORYCAST_") or name == "STORYCAST_PLANS"
    }
    return {**plain, "PYTHONPATH": str(ROOT), "STORYCAST_WORKER_PROCESSES": "1", **(changes or {})}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "server", *arguments]


def say(
    *arguments: str, changes: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """A command that ends by itself, and what it said."""
    return subprocess.run(
        [*prefix, *command(*arguments)],
        env=environment(changes),
        capture_output=True,
        text=True,
        timeout=UP_SECONDS,
        check=False,
    )


def eventually(holds: Callable[[], Any], *, seconds: float = 20, what: str = "it") -> Any:
    """The first true answer of `holds`; fails when there is none in time."""
    deadline = time.monotonic() + seconds
    while not (answer := holds()):
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)  # between two looks at what only the operating system knows
    return answer


class Product:
    """One `run` on `directory`, at a free port."""

    def __init__(
        self, directory: Path, changes: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> None:
        self.directory = directory
        self.told = b""
        # To a file: a pipe that nobody empties would stop who writes into it.
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self.process = subprocess.Popen(
            [*prefix, *command("run", "--port", "0", "--data-dir", str(directory))],
            env=environment(changes),
            stdout=subprocess.PIPE,
            stderr=self._complaints,
        )

    def wait_until_up(self) -> Product:
        self.wait_for(b"Ctrl-C stops")
        return self

    def wait_for(self, words: bytes) -> None:
        deadline = time.monotonic() + UP_SECONDS
        assert self.process.stdout
        while words not in self.told:
            readable, _, _ = select.select([self.process.stdout], [], [], max(0, deadline - time.monotonic()))
            assert readable, f"not within {UP_SECONDS} s: {self.said()}"
            read = os.read(self.process.stdout.fileno(), 65536)
            assert read, f"ended without it: {self.said()}"
            self.told += read

    def said(self) -> str:
        """All that it has told and complained about."""
        self._complaints.seek(0)
        return (self.told + self._complaints.read()).decode(errors="replace")

    @property
    def address(self) -> str:
        return self._told(r"up at (\S+)")

    @property
    def token(self) -> str:
        return self._told(r"TOKEN='(.+)'")

    def _told(self, pattern: str) -> str:
        found = re.search(pattern, self.told.decode())
        assert found, self.said()
        return found[1]

    def graphql(self, query: str) -> Any:
        request = urllib.request.Request(
            f"{self.address}/graphql",
            json.dumps({"query": query}).encode(),
            {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.address}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def family(self) -> list[psutil.Process]:
        """Every process it has started, near and far."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def child(self, program: str) -> psutil.Process | None:
        """The child whose command line holds `program`."""
        for child in psutil.Process(self.process.pid).children():
            try:
                line = " ".join(child.cmdline())
            except psutil.Error:
                continue
            if program in line and "launch.py" not in line:
                return child
        return None

    def kill(self) -> None:
        """Kill -9, and see that everybody goes."""
        family = self.family()
        self.process.kill()
        self.process.wait()
        assert_gone(family)

    def stop(self, number: int) -> int:
        """Ask it to stop, see that everybody goes; its exit code."""
        family = self.family()
        self.process.send_signal(number)
        code = self.process.wait(GONE_SECONDS)
        assert_gone(family)
        if self.process.stdout and not self.process.stdout.closed:
            self.told += self.process.stdout.read()
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.kill()
        if self.process.stdout:
            self.process.stdout.close()
        self._complaints.close()


def assert_gone(family: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(family, timeout=GONE_SECONDS)
    assert not alive, alive


Start = Callable[..., Product]
