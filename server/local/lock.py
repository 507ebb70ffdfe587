"""A folder held by one process, and by the servers it starts, for as long as any of them lives."""

from __future__ import annotations

import errno
import fcntl
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable

PAUSE_SECONDS = 0.02
GRACE_SECONDS = 1.0


def hold(path: Path, *, on_leftover: Callable[[], None] | None = None, patience_seconds: float = 30) -> int:
    """An open descriptor that holds `path` until it is closed in this process and in all that inherit it.

    Raises StartupError naming the holder when that process lives. When it is gone and servers it started
    still hold on, they are on their way out: after a second `on_leftover` is called once (to tell them where
    the kernel does not), and `patience_seconds` are waited in all.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(descriptor, path, on_leftover, patience_seconds)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _wait_for(
    descriptor: int, path: Path, on_leftover: Callable[[], None] | None, patience_seconds: float
) -> None:
    began = time.monotonic()
    while not _lock(descriptor):
        holder = _holder(descriptor)
        if holder and is_alive(holder):
            raise StartupError(
                f"{path.parent} is in use by process {holder}: stop it, or use another directory."
            )
        waited = time.monotonic() - began
        if waited > patience_seconds:
            raise StartupError(f"A server left behind holds {path}: stop it (`fuser {path}` names it).")
        if on_leftover and waited > GRACE_SECONDS:
            on_leftover()
            on_leftover = None
        time.sleep(PAUSE_SECONDS)


def is_alive(pid: int) -> bool:
    """Whether `pid` runs. One that has ended and only waits to be collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    with suppress(OSError):  # no /proc outside Linux
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in {errno.EAGAIN, errno.EACCES}:
            return False
        raise
    return True


def _holder(descriptor: int) -> int | None:
    text = os.pread(descriptor, 32, 0).strip()
    return int(text) if text.isdigit() else None
