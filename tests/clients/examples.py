"""A copy of examples/, made ready as its README says, and each of them run from there."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.clients import node
from tests.programs import Ran

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# A narration of two minutes and a half, on a machine that has other things to do.
RUN_SECONDS = 180
MADE = ("node_modules", "__generated__", "generated", "story.mp3", "package-lock.json")

# Each example, and what else belongs to it.
PROGRAMS: Mapping[str, tuple[str, ...]] = {
    "curl.sh": (),
    "rest.sh": (),
    "python/graphql_client.py": (),
    "typescript/apollo.ts": (),
    "typescript/codegen/trip.ts": ("typescript/codegen/codegen.ts",),
    "typescript/graphql-sse.ts": (),
    "typescript/graphql-ws.ts": (),
    "typescript/relay/trip.ts": ("typescript/relay/relay.config.json", "typescript/relay/story.ts"),
    "typescript/urql-sse.ts": (),
    "typescript/urql-ws.ts": (),
}
FOR_ALL = ("README.md", "typescript/.npmrc", "typescript/package.json", "typescript/tsconfig.json")
INTERPRETERS = {".sh": ["bash"], ".py": [sys.executable, "-W", "error"], ".ts": ["node"]}


def copy_to(folder: Path) -> Path:
    """The copied examples, with the schema where they look for it, and the packages linked."""
    examples = folder / "examples"
    shutil.copytree(EXAMPLES, examples, ignore=shutil.ignore_patterns(*MADE))
    (folder / "schema").mkdir()
    shutil.copy(ROOT / "schema" / "schema.graphql", folder / "schema")
    node.link_modules(examples / "typescript")
    return examples


async def compile_relay(examples: Path) -> Ran:
    return await node.run("relay-compiler", cwd=examples / "typescript" / "relay")


async def generate_code(examples: Path) -> Ran:
    return await node.run("graphql-codegen", cwd=examples / "typescript" / "codegen")


async def run(examples: Path, name: str, cwd: Path, base: str, token: str) -> Ran:
    """Run an example in the folder `cwd`, as its readers do."""
    program: list[str | Path] = [*INTERPRETERS[Path(name).suffix], examples / name]
    variables = {"STORYCAST_URL": base, "STORYCAST_TOKEN": token}
    return await node.run(*program, cwd=cwd, seconds=RUN_SECONDS, variables=variables)
