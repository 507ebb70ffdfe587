"""`python keep_volumes.py FOLDER=BYTES …` mounts a small tmpfs on each folder, seen by this process and by
those that come `within` it. It says "ready", or why not; then obeys lines `ro FOLDER` and `rw FOLDER`
with "done". The volumes are gone with it.
"""

# ruff: noqa: T201 - it talks over its stdout
from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import time
from pathlib import Path

CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
MS_RDONLY, MS_REMOUNT, MS_REC, MS_PRIVATE = 1, 32, 0x4000, 1 << 18
# While a file is open for writing, a volume cannot become read-only.
PATIENCE_SECONDS = 20

LIBC = ctypes.CDLL(None, use_errno=True)


def separate() -> None:
    """Mounts of our own, without any right that the user lacks where that can be."""
    user, group = os.geteuid(), os.getegid()
    if LIBC.unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0:
        with contextlib.suppress(OSError):
            Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group} {group} 1")
        return
    check(LIBC.unshare(CLONE_NEWNS))
    check(LIBC.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None))


def mount(folder: str, options: str, flags: int = 0) -> None:
    check(LIBC.mount(b"storycast", os.fsencode(folder), b"tmpfs", flags, options.encode()))


def remount(folder: str, options: str, flags: int) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            mount(folder, options, MS_REMOUNT | flags)
        except OSError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.01)
        else:
            return


def check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(*volumes: str) -> None:
    options = {}
    separate()
    for volume in volumes:
        folder, _, size = volume.rpartition("=")
        options[folder] = f"size={size},mode=0700"
        mount(folder, options[folder])
    print("ready", flush=True)
    for line in sys.stdin:
        mode, _, folder = line.strip().partition(" ")
        remount(folder, options[folder], MS_RDONLY if mode == "ro" else 0)
        print("done", flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except OSError as error:
        print(error, flush=True)
        sys.exit(1)
