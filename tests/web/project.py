"""A checkout with a web UI of a few lines, built by the product's own means."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from web.sources import WEB

ROOT = WEB.parent
BUILD_SECONDS = 300
PAGE = '<!doctype html><link rel="icon" href="data:," /><script type="module" src="/src/{}.ts"></script>'
# Enough of them to be worth compressing.
WORDS = "document.title = 'words';\n" + "\n".join(f"console.debug({number});" for number in range(200))
OPERATIONS = """
import { graphql } from "./graphql.ts";
export const FIELDS = graphql(`fragment Fields on StoryGeneration @_unmask { id # a comment
    status }`);
export const PAGE = graphql(`query Page($page: Int!) {
    storyGenerations(page: $page) { items { ...Fields } } }`, [FIELDS]);
export const EVENTS = graphql(`subscription Events { storyGenerationEvents { change } }`);
export type Page = typeof PAGE;
"""
GRAPHQL = """
import { initGraphQLTada } from "gql.tada";
export const graphql = initGraphQLTada();
"""
SOURCES = {
    "index.html": PAGE.format("main"),
    "graphiql.html": PAGE.format("graphiql"),
    "src/main.ts": WORDS,
    "src/graphiql.ts": "document.title = 'GraphiQL';",
    "src/api/operations.ts": OPERATIONS,
    "src/api/graphql.ts": GRAPHQL,
}


class Project:
    """`root` is the checkout. Its packages are those of the real one, unless `installed` is false."""

    def __init__(self, root: Path, *, installed: bool = True) -> None:
        self.root = root
        self.web = root / "web"
        self.dist = self.web / "dist"
        self.built = self.web / ".built"
        kept = shutil.ignore_patterns("node_modules", "src", "dist", ".built", "__pycache__", "*.html")
        shutil.copytree(WEB, self.web, ignore=kept)
        shutil.copytree(ROOT / "requirements", root / "requirements")
        for name, text in SOURCES.items():
            self.write(name, text)
        if installed:
            (self.web / "node_modules").symlink_to(WEB / "node_modules")

    def write(self, name: str, text: str) -> None:
        path = self.web / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def start(self, prefix: Sequence[str] = (), **variables: str) -> subprocess.Popen[str]:
        """`python -m web.build`, told `variables`."""
        told = {**os.environ, "PYTHONPATH": str(self.root), **variables}
        return subprocess.Popen(
            [*prefix, sys.executable, "-P", "-m", "web.build"],
            cwd="/",
            env=told,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def build(self, prefix: Sequence[str] = (), **variables: str) -> tuple[int, str]:
        """Its exit code, and what it said."""
        process = self.start(prefix, **variables)
        said, _ = process.communicate(timeout=BUILD_SECONDS)
        return process.returncode, said

    def digest(self) -> str:
        """Of its present sources."""
        found: str = runpy.run_path(str(self.web / "sources.py"))["digest"]()
        return found

    def builds(self) -> set[str]:
        """The names of whatever was built, or begun."""
        return {entry.name for entry in self.built.iterdir() if entry.is_dir()}

    def script(self) -> str:
        """What the UI's page loads first."""
        (path,) = (self.dist / "assets").glob("ui-*.js")
        return path.read_text()
