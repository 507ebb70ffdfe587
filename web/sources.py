"""What the web UI is built from, and whether what is built is of that. Needs Python's own library alone."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

WEB = Path(__file__).resolve().parent
# Each build in a folder named by its digest.
BUILDS = WEB / ".built"
# Leads to the one to serve. In a container it may be a folder itself.
DIST = WEB / "dist"
# The version of Node.
PIN = WEB.parent / "requirements" / "web.txt"
# In each build: the digest of its sources.
LABEL = "sources.sha256"

_MADE = {"node_modules", "dist"}
_NO_SOURCES = (".py", ".test.ts", ".test.tsx", "schema-types.d.ts", "~")


def is_due() -> bool:
    """Whether DIST is anything but a whole build of the present sources."""
    return built_of(DIST) != digest()


def built_of(folder: Path) -> str:
    """The digest of the sources that a build was made of; empty where there is none."""
    try:
        return (folder / LABEL).read_text()
    except OSError:
        return ""


def digest() -> str:
    """Of the names and the contents of all that a build depends on."""
    found = hashlib.sha256(PIN.read_bytes())
    for path in sorted(_sources(WEB)):
        content = path.read_bytes()
        found.update(f"{path.relative_to(WEB)}\0{len(content)}\0".encode(errors="surrogateescape"))
        found.update(content)
    return found.hexdigest()


def _sources(folder: Path) -> Iterator[Path]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith((".", "__")) or entry.name in _MADE:
                continue
            if entry.is_dir():
                yield from _sources(Path(entry.path))
            elif not entry.name.endswith(_NO_SOURCES):
                yield Path(entry.path)
