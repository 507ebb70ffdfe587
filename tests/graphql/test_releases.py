"""What is kept of each release: its contract, and the breaks since that are written down."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from graphql import build_schema

from core.errors import StartupError
from schema import export
from schema.releases import HEADER
from server.__main__ import main
from tests.graphql.released import TODAY, Held, changed, entry, problems


@pytest.mark.parametrize(
    ("page", "problem"),
    [
        ("[[change]]\n", "change.0.what: Field required; change.0.reason: Field req"),
        (entry("X", reason=""), "change.0.reason: String should have at least 10"),
        (entry("X", day='"soon"'), "change.0.date: Input should be a valid date"),
        (entry("X", day="2030-02-30"), "is no TOML"),
        (entry("X") + "who = 1", "change.0.who: Extra inputs are not permitted"),
        ("[[changes]]\n", "changes: Extra inputs are not permitted"),
        ("what", "is no TOML"),
    ],
)
def test_an_entry_without_all_that_it_needs_is_refused(held: Held, page: str, problem: str) -> None:
    assert problem in "".join(problems(held(written=page)))


def test_a_list_that_is_not_there_is_refused(held: Held) -> None:
    contract = held()
    contract.releases.written.unlink()
    assert problems(contract) == [f"{contract.releases.written} cannot be read: No such file or directory."]


def test_without_any_release_nothing_passes(held: Held, tmp_path: Path) -> None:
    contract = held()
    (tmp_path / "none").mkdir()
    empty = replace(contract, releases=replace(contract.releases, folder=tmp_path / "none"))
    assert "holds no released contract" in "".join(problems(empty))


def test_a_release_keeps_what_is_served_and_empties_the_list(held: Held) -> None:
    served = changed(" age: Int!", "")
    contract = held(served, written=HEADER + entry("Field Fox.age was removed."))
    contract.release("1.11.0", TODAY)
    assert contract.releases.last() == ("1.11.0", served)
    assert contract.releases.written.read_text() == HEADER
    assert problems(contract) == []


@pytest.mark.parametrize("version", ["1.10.1", "1.10.0", "1.9.9", "0.0.0", "1.11.0rc1", "next"])
def test_no_release_is_overwritten_or_comes_before_another(held: Held, version: str) -> None:
    contract = held(written=HEADER)
    before = {path: path.read_text() for path in contract.releases.folder.iterdir()}
    with pytest.raises(StartupError, match=r"is released already|is no version"):
        contract.release(version, TODAY)
    assert {path: path.read_text() for path in contract.releases.folder.iterdir()} == before


def test_what_does_not_pass_the_check_is_not_released(held: Held) -> None:
    contract = held(changed(" age: Int!", ""))
    with pytest.raises(StartupError, match=r"Field Fox\.age was removed"):
        contract.release("1.11.0", TODAY)
    assert contract.releases.last()[0] == "1.10.1"


def test_the_command_fails_with_a_sentence_for_each_break_and_no_traceback(
    held: Held, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    served = export.EXPORTED.read_text()
    released = changed("type Viewer {\n", "type Viewer {\n  shoeSize: Int!\n", served)
    releases = held(served, released).releases
    assert main(["schema", "--check"]) == 0
    monkeypatch.setattr(export, "RELEASES", releases)
    assert main(["schema", "--check"]) == 1
    assert main(["schema", "--release"]) == 1
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert said[0] == said[1]
    assert said[0].startswith(
        "Field Viewer.shoeSize was removed. After 1.10.1 that breaks documents that ask"
    )


def test_the_command_releases_the_project_s_version(
    held: Held, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    served = export.EXPORTED.read_text()
    project = tmp_path / "pyproject.toml"
    project.write_text('[project]\nversion = "3.0.0"\n')
    releases = held(served, served).releases
    monkeypatch.setattr(export, "RELEASES", releases)
    monkeypatch.setattr(export, "PROJECT", project)
    assert main(["schema", "--release"]) == 0
    assert releases.last() == ("3.0.0", served)
    assert main(["schema", "--release"]) == 1


def test_all_that_was_released_can_be_read() -> None:
    versions = [path.stem for path in export.RELEASES.folder.iterdir()]
    assert "0.0.0" in versions
    for version in versions:
        build_schema((export.RELEASES.folder / f"{version}.graphql").read_text())


def test_the_page_s_examples_are_as_the_check_wants_them(held: Held) -> None:
    page = (export.HERE.parent / "docs" / "contract.md").read_text()
    [listed] = re.findall("```toml\n(.+?)```", page, re.DOTALL)
    [deprecated] = re.findall("``(Use `.+?)``", page)
    served = changed("enum GenerationStatus {", "enum GenerationStatus { PAUSED", export.EXPORTED.read_text())
    served = changed(
        '  title: String!\n\n  """When',
        f'  title: String! @deprecated(reason: "{deprecated}")\n\n  """When',
        served,
    )
    assert problems(held(served, export.EXPORTED.read_text(), HEADER + listed)) == []
