"""Starts both servers in the folder named, says so, and keeps them until it is killed or its stdin ends."""

from __future__ import annotations

import sys
from pathlib import Path

from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey

PASSWORD = "for this test alone"

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    postgres, valkey = LocalPostgres(folder / "postgres", PASSWORD), LocalValkey(folder / "valkey")
    with postgres.running(), valkey.running():
        sys.stdout.write("up\n")
        sys.stdout.flush()
        sys.stdin.read()
