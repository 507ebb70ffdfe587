"""A fresh copy of the checkout, and the product started there by somebody who has Python and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from tests.local.product import eventually

ROOT = Path(__file__).resolve().parents[2]
# The first start installs what the product needs.
UP_SECONDS = 400
STOP_SECONDS = 20
PYTHON = str(Path(sys.base_prefix) / "bin" / "python3")


def copy_checkout(place: Path) -> Path:
    """What is in version control, and what is about to be, without anything that was made from it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).exists():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, place / name)
    return place


class Newcomer:
    """Somebody with an empty home directory, in a copy of the checkout."""

    def __init__(self, checkout: Path, home: Path, prefix: Sequence[str] = ()) -> None:
        self.checkout = checkout
        self.home = home
        # What their environment says besides.
        self.variables: dict[str, str] = {}
        self._prefix = list(prefix)
        self._log = home.parent / "said.log"
        self._process: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        dropped = ("STORYCAST_", "VIRTUAL_ENV", "PYTHON", "UV_", "XDG_")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
        return {**kept, "HOME": str(self.home), **self.variables}

    def start(self) -> float:
        """`dev.py run` until it says that it is up; how many seconds that took."""
        began = time.monotonic()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._prefix, PYTHON, "dev.py", "run", "--port", "0"],
                cwd=self.checkout,
                env=self.environment(),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        eventually(self._is_up_or_over, seconds=UP_SECONDS, what="the welcome")
        assert self._process.poll() is None, self.said()
        return time.monotonic() - began

    def _is_up_or_over(self) -> bool:
        assert self._process
        return "Ctrl-C stops" in self.said() or self._process.poll() is not None

    def said(self) -> str:
        return self._log.read_text()

    @property
    def address(self) -> str:
        found = re.search(r"up at (\S+)", self.said())
        assert found, self.said()
        return found[1]

    def run(self, *command: str, text: str | None = None) -> str:
        """What a command printed that must succeed."""
        done = subprocess.run(
            [*self._prefix, *command],
            cwd=self.checkout,
            env=self.environment(),
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def family(self) -> list[psutil.Process]:
        """Every process it has started, near and far."""
        assert self._process
        return psutil.Process(self._process.pid).children(recursive=True)

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        assert self._process
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(STOP_SECONDS)

    def close(self) -> None:
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOP_SECONDS)
