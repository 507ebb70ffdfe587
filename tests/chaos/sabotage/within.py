"""`python -m tests.chaos.sabotage.within PID …` goes on as `python …`, with the mounts that PID sees."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

# In this order: the first gives the right to enter the second.
NAMESPACES = ("user", "mnt")

if __name__ == "__main__":
    libc = ctypes.CDLL(None, use_errno=True)
    folder = Path.cwd()
    for name in NAMESPACES:
        theirs = Path(f"/proc/{sys.argv[1]}/ns/{name}")
        if theirs.samefile(f"/proc/self/ns/{name}"):
            continue
        with theirs.open("rb") as namespace:
            if libc.setns(namespace.fileno(), 0) != 0:
                sys.exit(f"setns {name}: {os.strerror(ctypes.get_errno())}")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
