"""Small builds, laid out as Vite and `web/build.py` lay out theirs."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from tests.graphql.ways import WHO, sha256

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PLAIN = {"Accept-Encoding": "identity"}
SCRIPT, STYLE, FONT, PICTURE, STRANGE = (
    "ui-Ab1_-2.js",
    "ui-Cd3.css",
    "icons-Ef4.ttf",
    "logo-Gh5.svg",
    "odd.xyz",
)
# Larger than what the kernel takes at once of an answer that nobody reads.
SCRIPT_BYTES = 1_000_000


def write_build(folder: Path, name: str = "a build") -> Path:
    """`folder`, with a build in it whose files say its name."""
    page = f'<!doctype html><title>{name}</title><script type="module" src="./assets/{SCRIPT}"></script>\n'
    _write(folder / "index.html", page, "br", "gz")
    _write(folder / "graphiql.html", page.replace(name, f"GraphiQL of {name}"), "br", "gz")
    _write(folder / "assets" / SCRIPT, f"/* {name}: “é” */".ljust(SCRIPT_BYTES), "br", "gz")
    _write(folder / "assets" / STYLE, "body {}", "gz")
    for unpacked in (FONT, PICTURE, STRANGE, "nested/deep.js", "orphan.css.br"):
        _write(folder / "assets" / unpacked, unpacked)
    _write(folder / ".vite" / "manifest.json", "{}")
    _write(folder / "documents.json", json.dumps({sha256(WHO): WHO}))
    return folder


def _write(path: Path, content: str, *packed: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    if "gz" in packed:
        path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes(), mtime=0))
    if "br" in packed:
        # Nobody unpacks it here.
        path.with_name(f"{path.name}.br").write_bytes(b"brotli of " + path.name.encode())
