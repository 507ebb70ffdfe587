"""docs/clients.md names the versions and the tests that there are."""

from __future__ import annotations

import ast
import json
import re

import pytest

from tests.clients import examples, node
from tests.clients.examples import ROOT

PAGE = (ROOT / "docs" / "clients.md").read_text()
TRIP = "tests/clients/test_examples.py::test_each_takes_the_whole_trip"
# What helps the suites, or the examples, to run.
HELPERS = {"@graphql-typed-document-node/core", "graphql", "rxjs", "wonka", "ws"}


def rows(cells: int) -> list[list[str]]:
    """Those of the table that has so many."""
    found = [line.strip("|").split(" | ") for line in PAGE.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in found if len(row) == cells][2:]


CLIENTS, SUITES = rows(6), rows(5)
VERSIONS = [version for row in CLIENTS + SUITES for version in row[1].split(", ") if version != "any"]


def pinned() -> dict[str, str]:
    """The version of everything that tests install, by name."""
    packages: dict[str, str] = json.loads((node.HERE / "package.json").read_text())["dependencies"]
    requirements = (ROOT / "requirements" / "dev.txt").read_text()
    return dict(re.findall(r"^([\w.-]+)==(\S+)", requirements, re.MULTILINE)) | packages


def test_each_version_is_the_one_that_is_tested() -> None:
    told = [re.fullmatch(r"`([^`]+)` (\S+)", version) for version in VERSIONS]
    assert all(told), VERSIONS
    assert {(each[1], each[2]) for each in told if each} <= set(pinned().items())


def test_every_client_and_suite_that_is_installed_is_on_the_page() -> None:
    installed = set(json.loads((node.HERE / "package.json").read_text())["dependencies"])
    told = {name for version in VERSIONS for name in re.findall("`([^`]+)`", version)}
    assert {name for name in installed - HELPERS if not name.startswith("@types/")} <= told


def test_every_example_is_on_the_page_with_its_run() -> None:
    assert sorted(row[2] for row in CLIENTS) == [
        f"[{name}](../examples/{name})" for name in sorted(examples.PROGRAMS)
    ]
    for row in CLIENTS:
        name = row[2][1:].split("]")[0]
        assert row[5] == f"`{TRIP.split('::')[1]}[{name}]`"


@pytest.mark.parametrize("test", [TRIP, *(row[4].strip("`") for row in SUITES)])
def test_each_test_that_is_named_exists(test: str) -> None:
    path, function = test.split("::")
    tree = ast.parse((ROOT / path).read_text())
    assert function in {
        each.name for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
    }
