"""A clock of its own for a process: `python -m tests.chaos.sabotage.clock SECONDS -m …` goes on as
`python -m …`, by whose clock it is so many seconds later. Durations stay true.
(libfaketime, Debian: faketime)
"""

from __future__ import annotations

import os
import runpy
import select
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.chaos.experiment import Unavailable


def off_by(seconds: int) -> Sequence[str]:
    """What to start a process `through`. Raises Unavailable without libfaketime."""
    _library()
    return ("-m", "tests.chaos.sabotage.clock", f"{seconds:+d}")


def _library() -> str:
    # Beside other threads the plain library loses its way.
    for folder in ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib"):
        for found in sorted(Path(folder).glob("**/faketime/libfaketimeMT.*")):
            return str(found)
    raise Unavailable("libfaketime is not installed: apt-get install faketime")


def _sleep(seconds: Any) -> None:
    # libfaketime refuses what time.sleep asks for: a moment of a clock that it leaves alone.
    select.select([], [], [], seconds)


def main() -> None:
    seconds, _, module, *arguments = sys.argv[1:]
    if os.environ.get("FAKETIME") == seconds:
        time.sleep = _sleep
        sys.argv[1:] = arguments
        runpy.run_module(module, run_name="__main__", alter_sys=True)
        return
    told = {
        "LD_PRELOAD": _library(),
        "FAKETIME": seconds,
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    again = [sys.executable, "-m", "tests.chaos.sabotage.clock", *sys.argv[1:]]
    os.execve(sys.executable, again, os.environ | told)


if __name__ == "__main__":
    main()
