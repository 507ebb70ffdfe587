"""No example is forgotten, and what they say of themselves is so."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from graphql import GraphQLInterfaceType, build_schema

from tests.clients import examples, node
from tests.clients.examples import EXAMPLES, ROOT

README = (EXAMPLES / "README.md").read_text()


def test_every_file_is_run_or_belongs_to_one_that_is() -> None:
    known = {*examples.PROGRAMS, *(file for more in examples.PROGRAMS.values() for file in more)}
    assert files() == known | set(examples.FOR_ALL)


def files() -> set[str]:
    found = (path.relative_to(EXAMPLES) for path in EXAMPLES.rglob("*") if path.is_file())
    return {str(path) for path in found if not set(path.parts) & set(examples.MADE)}


def test_every_example_is_listed_with_its_page() -> None:
    listed = re.findall(r"^\| \[[^]]+\]\(([^)]+)\) \|", README, re.MULTILINE)
    folders = {str(Path(name).parent) for name, more in examples.PROGRAMS.items() if more}
    alone = {name for name, more in examples.PROGRAMS.items() if not more}
    assert sorted(listed) == sorted(folders | alone)


def test_what_typescript_examples_install_is_what_is_tested() -> None:
    installed = json.loads((EXAMPLES / "typescript" / "package.json").read_text())
    wanted = {**installed["dependencies"], **installed["devDependencies"]}
    tested = json.loads((node.HERE / "package.json").read_text())["dependencies"]
    assert wanted == {name: tested[name] for name in wanted}


def test_what_the_python_example_installs_is_what_is_tested() -> None:
    (wanted,) = re.findall(r"pip install '([^']+)'", README)
    assert wanted in (ROOT / "requirements" / "dev.in").read_text().splitlines()


def test_apollos_cache_knows_every_error() -> None:
    schema = build_schema((ROOT / "schema" / "schema.graphql").read_text())
    interface = schema.type_map["Error"]
    assert isinstance(interface, GraphQLInterfaceType)
    told = re.search(r"Error: \[([^]]+)\]", (EXAMPLES / "typescript" / "apollo.ts").read_text())
    assert told
    assert re.findall(r'"(\w+)"', told[1]) == sorted(
        each.name for each in schema.get_implementations(interface).objects
    )


@pytest.mark.long
async def test_typescript_checks_all_types(built_examples: Path) -> None:
    checked = await node.run("tsc", cwd=built_examples / "typescript")
    assert (checked.code, checked.output) == (0, "")


@pytest.mark.long
async def test_python_checks_all_types() -> None:
    checked = await node.run(sys.executable, "-m", "mypy", "--strict", "examples/python", cwd=ROOT)
    assert checked.code == 0, checked.output


@pytest.mark.long
async def test_relay_compiles_without_a_warning(built_examples: Path, tmp_path: Path) -> None:
    compiled = await examples.compile_relay(fresh := examples.copy_to(tmp_path))
    assert compiled.code == 0, compiled.output + compiled.errors
    assert not re.search(r"warn|error", compiled.output + compiled.errors, re.IGNORECASE)
    artifacts = fresh / "typescript" / "relay" / "__generated__"
    documents = (EXAMPLES / "typescript" / "relay" / "story.ts").read_text().count("graphql`")
    assert len(list(artifacts.glob("*.graphql.ts"))) == documents


@pytest.mark.long
def test_the_code_generator_writes_the_manifest(built_examples: Path) -> None:
    generated = built_examples / "typescript" / "codegen" / "generated"
    manifest = json.loads((generated / "persisted-documents.json").read_text())
    documents = (EXAMPLES / "typescript" / "codegen" / "trip.ts").read_text().count("= graphql(")
    assert len(manifest) == documents > 0
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", name) for name in manifest)
