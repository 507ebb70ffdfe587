"""Narrates a story of so many characters in a process of its own, as a worker would, and measures it.

Prints JSON: resident memory in MB after a sixth of the story, at its end and at its peak; how many times
faster than real time it was.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from narration.hibari import HibariEngine
from narration.narrate import narrate
from tests.narration.prose import prose

STATUS = Path("/proc/self/status")


def _resident(kind: str = "VmRSS") -> float:
    """Not by getrusage, which counts what the parent process once had."""
    return int(STATUS.read_text("utf-8").partition(f"{kind}:")[2].split()[0]) * 1024 / 1e6


def main(characters: int) -> None:
    engine = HibariEngine()
    early = 0.0
    told = 0

    def report(share: float) -> None:
        nonlocal early, told
        if not early and share >= 1 / 6:
            early = _resident()
        if int(share * 20) > told:
            told = int(share * 20)
            sys.stderr.write(f"{told * 5} %, {_resident():.0f} MB\n")

    started = time.monotonic()
    with (
        tempfile.TemporaryFile() as audio,
        tempfile.TemporaryFile() as captions,
        ThreadPoolExecutor(1) as thread,
    ):
        stopped = threading.Event()
        work = thread.submit(
            narrate, prose(characters), engine, audio, captions, report=report, stopped=stopped
        )
        narration = work.result()
    speed = narration.duration_seconds / (time.monotonic() - started)
    figures = {"early": early, "end": _resident(), "peak": _resident("VmHWM"), "speed": speed}
    sys.stdout.write(json.dumps(figures))


if __name__ == "__main__":
    main(int(sys.argv[1]))
