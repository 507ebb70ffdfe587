"""What processes said that they should not have had to say."""

from __future__ import annotations

from pathlib import Path


def tracebacks(log: Path) -> list[str]:
    """The last line of each traceback in a log of ours: continuations are indented there."""
    found: list[str] = []
    inside = False
    for line in log.read_text(errors="replace").splitlines() if log.exists() else ():
        if "Traceback (most recent call last)" in line:
            found.append(line)
            inside = True
        elif inside and line[:1].isspace():
            found[-1] = line.strip()
        else:
            inside = False
    return found
