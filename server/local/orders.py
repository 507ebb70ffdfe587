"""What `run` tells a process that it started before it knew what: one line of JSON on its stdin.

Such a process imports what it needs meanwhile, which takes longer than all else that a start waits for.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping


def give_orders(process: subprocess.Popen[bytes], environment: Mapping[str, str], **more: str) -> None:
    """`environment` is added to what it has, for good. One that has ended is told nothing."""
    assert process.stdin is not None, "spawned with a pipe"
    with suppress(BrokenPipeError), process.stdin as orders:
        orders.write(json.dumps({"environment": dict(environment), **more}).encode() + b"\n")


def await_orders() -> dict[str, Any] | None:
    """All that was told, the environment in place; None where there will be no orders."""
    line = sys.stdin.buffer.readline()
    if not line:
        return None
    told: dict[str, Any] = json.loads(line)
    os.environ.update(told["environment"])
    return told
