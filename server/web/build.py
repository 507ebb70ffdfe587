"""The built files of `web/`, kept in memory with what was compressed beside them."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from server.web.choices import CODINGS, IDENTITY

ASSETS = "assets"
PAGES = ("index.html", "graphiql.html")
DOCUMENTS = "documents.json"
# Not the machine's own table, which may lack what a browser insists on, as it is told not to guess.
MEDIA_TYPES = {
    ".css": "text/css",
    ".html": "text/html",
    ".js": "text/javascript",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
UNKNOWN = "application/octet-stream"

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Body:
    """What is sent. `tag` is its ETag: of these bytes, so that each coding has its own."""

    content: bytes
    tag: str


@dataclass(frozen=True)
class File:
    """`bodies` by their codings, IDENTITY among them."""

    media_type: str
    bodies: Mapping[str, Body]


@dataclass(frozen=True)
class Build:
    """One build, whole: what is built later is served by processes that start later.

    `files` are what browsers may have, by their paths: `index.html`, `assets/…`. `documents` is where the
    build has written what its pages send; an older one may lack it.
    """

    files: Mapping[str, File]
    documents: Path

    @classmethod
    def open(cls, folder: Path) -> Build | None:
        """None where nothing is built there. Later changes in the folder are not seen."""
        # The build puts another folder in this one's place, and leaves that as it is.
        folder = folder.resolve()
        names = [*PAGES, *(f"{ASSETS}/{path.name}" for path in sorted(folder.glob(f"{ASSETS}/*")))]
        try:
            files = {name: _read(folder, name) for name in names if _is_served(folder, name)}
        except OSError:
            logger.exception("The web UI cannot be read, and is not served")
            return None
        return cls(files, folder / DOCUMENTS) if PAGES[0] in files else None


def _is_served(folder: Path, name: str) -> bool:
    return (folder / name).is_file() and not name.endswith(tuple(CODINGS.values()))


def _read(folder: Path, name: str) -> File:
    paths = {coding: folder / f"{name}{suffix}" for coding, suffix in {**CODINGS, IDENTITY: ""}.items()}
    bodies = {coding: _body(path) for coding, path in paths.items() if path.is_file()}
    return File(MEDIA_TYPES.get(Path(name).suffix, UNKNOWN), bodies)


def _body(path: Path) -> Body:
    content = path.read_bytes()
    return Body(content, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
