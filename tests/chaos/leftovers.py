"""What clients have left behind in a process."""

from __future__ import annotations

from pathlib import Path

# States of TCP (tcp_states.h) that are no connection of a process any more, or none yet.
TIME_WAIT, LISTEN = 6, 10


def open_files(pid: int) -> int:
    """How many descriptors a process has."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def connections(port: int) -> int:
    """How many connections this port has, from the first word to the last acknowledgement."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(
        int(row[1].split(":")[1], 16) == port and int(row[3], 16) not in {TIME_WAIT, LISTEN} for row in rows
    )
