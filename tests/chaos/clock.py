"""A clock of its own for a process: `python -m tests.chaos.clock SECONDS …` goes on as `python …`, by
whose clock it is so many seconds later (libfaketime; Debian: faketime). Durations stay true.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.chaos.experiment import Unavailable


def off_by(seconds: int) -> Sequence[str]:
    """What to start a process `through`. Raises Unavailable without libfaketime."""
    _library()
    return ("-m", "tests.chaos.clock", f"{seconds:+d}")


def _library() -> str:
    # Beside other threads the plain library loses its way.
    for folder in ("/usr/lib", "/usr/local/lib", "/opt/homebrew/lib"):
        for found in sorted(Path(folder).glob("**/faketime/libfaketimeMT.*")):
            return str(found)
    raise Unavailable("libfaketime is not installed: apt-get install faketime")


if __name__ == "__main__":
    told = {
        "LD_PRELOAD": _library(),
        "FAKETIME": sys.argv[1],
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    os.execve(sys.executable, [sys.executable, *sys.argv[2:]], os.environ | told)
