"""A contract that has been released: what may become of it, and what must be written down before it may."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from graphql import build_schema

from core.errors import StartupError
from schema import export
from schema.deprecations import SHORTEST_NOTICE
from schema.export import Contract
from schema.releases import HEADER, Releases
from server.__main__ import main

TODAY = date(2030, 1, 31)
GOES = "Use `Fox.name` instead; may go on 2030-01-31."
RELEASED = """
enum Color { RED BLUE }
interface Named { name: String! }
type Fox implements Named { name: String! weight(unit: Int! = 1, color: Color): Float age: Int! }
type Hen implements Named { name: String! }
type Dog { name: String! }
union Animal = Fox | Hen
input Hunt { fox: Int, hens: Int = 2 }
type Query { animal(id: ID!): Animal hunt(input: Hunt!): Int! dog: Dog }
"""


@pytest.fixture
def held(tmp_path: Path) -> Callable[..., Contract]:
    """A contract of which `released` was released as 1.9.0, and `served` is served."""

    def make(served: str = RELEASED, released: str = RELEASED, written: str = HEADER) -> Contract:
        releases = Releases(tmp_path / "released", tmp_path / "breaking.toml")
        releases.folder.mkdir()
        for version in ("0.0.0", "1.8.0", "1.10.0"):
            (releases.folder / f"{version}.graphql").write_text("type Query { other: Int }")
        (releases.folder / "1.10.1.graphql").write_text(released)
        releases.written.write_text(written)
        contract = Contract(served, tmp_path / "schema.graphql", releases)
        contract.export()
        return contract

    return make


def problems(contract: Contract, today: date = TODAY) -> list[str]:
    """What the check says, a line each."""
    try:
        contract.check(today)
    except StartupError as error:
        return str(error).splitlines()
    return []


def entry(what: str, reason: str = "It never worked.", day: str = "2030-01-01") -> str:
    return f'[[change]]\nwhat = "{what}"\nreason = "{reason}"\ndate = {day}\n'


def changed(written: str, instead: str, sdl: str = RELEASED) -> str:
    assert sdl.count(written) == 1, written
    return sdl.replace(written, instead)


@pytest.mark.parametrize(
    ("written", "instead", "what", "whom"),
    [
        (" age: Int!", "", "Field Fox.age was removed.", "documents that ask for it"),
        (
            "age: Int!",
            "age: Int",
            "Field Fox.age changed type from Int! to Int.",
            "documents that ask for it",
        ),
        (" dog: Dog", "", "Field Query.dog was removed.", "documents that ask for it"),
        ("color: Color)", "color: Int)", "Argument Fox.weight(color:) has changed type", "callers that give"),
        (", color: Color", "", "Argument Fox.weight(color:) was removed.", "callers that give it"),
        ("(id: ID!)", "(id: ID!, at: Int!)", "A required argument Query.animal(at:) was", "every caller"),
        ("Int! = 1", "Int! = 2", "Fox.weight(unit:) has changed defaultValue from 1", "callers that leave"),
        ("Int! = 1", "Int!", "Fox.weight(unit:) defaultValue was removed.", "callers that leave it out"),
        (
            "r: Color)",
            "r: Color = RED)",
            "Fox.weight(color:) added a defaultValue RED.",
            "callers that leave",
        ),
        (
            "hens: Int = 2",
            "hens: Int = 3",
            "Hunt.hens has changed defaultValue from 2 to",
            "callers that leave",
        ),
        ("hens: Int = 2", "hens: Int", "Hunt.hens defaultValue was removed.", "callers that leave it out"),
        ("fox: Int", "fox: Int = 1", "Hunt.fox added a defaultValue 1.", "callers that leave it out"),
        ("fox: Int", "fox: Int!", "Field Hunt.fox changed type from Int to Int!.", "documents that ask"),
        ("fox: Int,", "fox: Int, dogs: Int!,", "A required field Hunt.dogs was added.", "every caller"),
        (
            "fox: Int,",
            "",
            "Field Hunt.fox was removed.",
            "documents that ask for it, and callers that give it",
        ),
        (" BLUE", "", "Enum value Color.BLUE was removed.", "callers that give it"),
        (" BLUE", " BLUE GREEN", "Enum value Color.GREEN was added.", "clients that took those there were"),
        (
            "= Fox | Hen",
            "= Fox",
            "Hen was removed from union type Animal.",
            "documents with a fragment on it",
        ),
        (
            "Fox | Hen",
            "Fox | Hen | Dog",
            "Dog was added to union type Animal.",
            "clients that took those there",
        ),
        (
            "Hen implements Named",
            "Hen",
            "Hen no longer implements interface Named.",
            "documents that reach it",
        ),
        (
            "type Dog ",
            "type Dog implements Named ",
            "Named added to interfaces implemented by",
            "documents whose",
        ),
        (
            "type Dog {",
            "interface Dog {",
            "Dog changed from an Object type to an Interface type.",
            "documents",
        ),
    ],
)
def test_a_change_that_clients_trip_over_is_named_until_it_is_written_down(
    held: Callable[..., Contract], written: str, instead: str, what: str, whom: str
) -> None:
    contract = held(changed(written, instead))
    told = problems(contract)
    assert [sentence[: len(what)] for sentence in told] == [what]
    assert f" After 1.10.1 that breaks {whom}" in told[0]
    assert "undo it, deprecate first, or write it down in schema/breaking.toml" in told[0]
    contract.releases.written.write_text(HEADER + entry(told[0].partition(" After 1.10.1 ")[0]))
    assert problems(contract) == []


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("age: Int!", "age: Int! teeth: Int"),
        ("weight(unit: Int! = 1, color: Color): Float", "weight(unit: Int! = 1, color: Color): Float!"),
        ("id: ID!", "id: ID"),
        ("id: ID!", "id: ID!, near: Int"),
        ("fox: Int,", "fox: Int, dogs: Int, cats: Int! = 1,"),
        ("type Dog {", "type Cat { name: String } type Dog {"),
        ("type Dog {", '"A dog." type Dog {'),
        ("age: Int!", f'age: Int! @deprecated(reason: "{GOES}")'),
    ],
)
def test_what_no_client_can_notice_may_change(
    held: Callable[..., Contract], written: str, instead: str
) -> None:
    assert problems(held(changed(written, instead))) == []


def test_every_problem_is_told_at_once(held: Callable[..., Contract]) -> None:
    written = HEADER + entry("Field Fox.tail was removed.") * 2
    contract = held(changed(" age: Int!", ' tail: Int @deprecated(reason: "old")'), written=written)
    contract.exported.write_text(RELEASED)
    told = """\
schema/schema.graphql is not what the code serves: run `python3 dev.py schema`.
Fox.tail is deprecated with the reason 'old': write it as 'Use `Type.field` instead; may go on 2030-01-31.'.
Field Fox.age was removed. After 1.10.1 that breaks documents that ask for it, and callers that give it: \
undo it, deprecate first, or write it down in schema/breaking.toml, as docs/contract.md says.
schema/breaking.toml says 'Field Fox.tail was removed.', which is no change since 1.10.1: take it out.
schema/breaking.toml says 'Field Fox.tail was removed.' more than once: take the others out."""
    assert problems(contract) == told.splitlines()


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
def test_an_entry_without_all_that_it_needs_is_refused(
    held: Callable[..., Contract], page: str, problem: str
) -> None:
    assert problem in "".join(problems(held(written=page)))


def test_a_list_that_is_not_there_is_refused(held: Callable[..., Contract]) -> None:
    contract = held()
    contract.releases.written.unlink()
    assert problems(contract) == [f"{contract.releases.written} cannot be read: No such file or directory."]


def test_without_any_release_nothing_passes(held: Callable[..., Contract], tmp_path: Path) -> None:
    contract = held()
    (tmp_path / "none").mkdir()
    empty = replace(contract, releases=replace(contract.releases, folder=tmp_path / "none"))
    assert "holds no released contract" in "".join(problems(empty))


@pytest.mark.parametrize(
    ("reason", "problem"),
    [
        ("old", "Fox.age is deprecated with the reason 'old'"),
        ("No longer supported", "Fox.age is deprecated with the reason 'No longer supported'"),
        ("Use `Fox.name` instead.", "Fox.age is deprecated with"),
        ("Use `Fox.name` instead; may go on 2030-02-30.", "Fox.age is deprecated with"),
        ("Use `Fox.name` instead; may go on 31/01/2030.", "Fox.age is deprecated with"),
        ("Use the name instead; may go on 2030-01-31.", "Fox.age is to be replaced by 'the name': name it"),
        ("Use `Fox.nam` instead; may go on 2030-01-31.", "Fox.age is to be replaced by `Fox.nam`, which the"),
        (
            "Use `Cat.name` instead; may go on 2030-01-31.",
            "Fox.age is to be replaced by `Cat.name`, which the",
        ),
        (
            "Use `Fox name` instead; may go on 2030-01-31.",
            "Fox.age is to be replaced by `Fox name`, which the",
        ),
    ],
)
def test_a_deprecation_names_a_day_and_what_to_use(
    held: Callable[..., Contract], reason: str, problem: str
) -> None:
    served = changed("age: Int!", f'age: Int! @deprecated(reason: "{reason}")')
    assert [told[: len(problem)] for told in problems(held(served))] == [problem]


@pytest.mark.parametrize("instead", ["`Hen.name`", "`Fox.weight(unit:)` and `Dog`", "`Hunt.fox`", "nothing"])
@pytest.mark.parametrize(
    ("written", "with_place"),
    [
        ("age: Int!", "age: Int! {}"),
        ("color: Color)", "color: Color {})"),
        (" BLUE", " BLUE {}"),
        ("fox: Int,", "fox: Int {},"),
        ("interface Named { name: String!", "interface Named {{ name: String! {}"),
    ],
)
def test_whatever_can_be_deprecated_may_be_in_the_form_that_is_asked_for(
    held: Callable[..., Contract], written: str, with_place: str, instead: str
) -> None:
    contract = held()
    for reason, found in ((f"Use {instead} instead; may go on 2030-06-01.", 0), ("old", 1)):
        served = changed(written, with_place.format(f'@deprecated(reason: "{reason}")'))
        deprecated = replace(contract, served=served)
        deprecated.export()
        assert len(problems(deprecated)) == found


@pytest.mark.parametrize(
    ("place", "breaks"),
    [
        (" age: Int!", "Field Fox.age was removed."),
        (", color: Color", "Argument Fox.weight(color:) was removed."),
        (" BLUE", "Enum value Color.BLUE was removed."),
        (" fox: Int", "Field Hunt.fox was removed."),
        (" dog: Dog", "Field Query.dog was removed."),
    ],
)
def test_what_was_released_as_deprecated_may_go_on_its_day_and_not_before(
    held: Callable[..., Contract], place: str, breaks: str
) -> None:
    contract = held(changed(place, ""), changed(place, f'{place} @deprecated(reason: "{GOES}")'))
    too_early = problems(contract, TODAY - timedelta(days=1))
    assert [told.partition(" After ")[0] for told in too_early] == [breaks]
    assert problems(contract, TODAY) == []
    still_there = replace(contract, served=RELEASED)
    still_there.export()
    assert problems(still_there, TODAY) == []


def test_a_type_goes_with_the_last_that_leads_to_it_and_no_sooner(held: Callable[..., Contract]) -> None:
    released = changed("dog: Dog", f'dog: Dog @deprecated(reason: "{GOES}")')
    served = changed("type Dog { name: String! }\n", "", changed(" dog: Dog", ""))
    contract = held(served, released)
    assert problems(contract, TODAY) == []
    assert [told.partition(" After ")[0] for told in problems(contract, TODAY - timedelta(days=1))] == [
        "Dog was removed.",
        "Field Query.dog was removed.",
    ]
    beside = changed("age: Int!", "age: Int! friend: Dog", released)
    contract.releases.folder.joinpath("1.10.1.graphql").write_text(beside)
    assert [told.partition(" After ")[0] for told in problems(contract, TODAY)] == [
        "Dog was removed.",
        "Field Fox.friend was removed.",
    ]


def test_a_deprecation_that_was_never_released_frees_nothing(held: Callable[..., Contract]) -> None:
    contract = held(changed("age: Int!", f'age: Int! @deprecated(reason: "{GOES}")'))
    assert problems(contract, TODAY) == []
    gone = replace(contract, served=changed(" age: Int!", ""))
    gone.export()
    assert len(problems(gone, TODAY)) == 1


def test_a_release_keeps_what_is_served_and_empties_the_list(held: Callable[..., Contract]) -> None:
    served = changed(" age: Int!", "")
    contract = held(served, written=HEADER + entry("Field Fox.age was removed."))
    contract.release("1.11.0", TODAY)
    assert contract.releases.last() == ("1.11.0", served)
    assert contract.releases.written.read_text() == HEADER
    assert problems(contract) == []
    contract.check(TODAY)


@pytest.mark.parametrize("version", ["1.10.1", "1.10.0", "1.9.9", "0.0.0", "1.11.0rc1", "next"])
def test_no_release_is_overwritten_or_comes_before_another(
    held: Callable[..., Contract], version: str
) -> None:
    contract = held(written=HEADER)
    before = {path: path.read_text() for path in contract.releases.folder.iterdir()}
    with pytest.raises(StartupError, match=r"is released already|is no version"):
        contract.release(version, TODAY)
    assert {path: path.read_text() for path in contract.releases.folder.iterdir()} == before


def test_what_does_not_pass_the_check_is_not_released(held: Callable[..., Contract]) -> None:
    contract = held(changed(" age: Int!", ""))
    with pytest.raises(StartupError, match=r"Field Fox\.age was removed"):
        contract.release("1.11.0", TODAY)
    assert contract.releases.last()[0] == "1.10.1"


@pytest.mark.parametrize(
    ("released_day", "served_day", "refused"),
    [
        (None, "2030-05-01", False),
        (None, "2030-04-30", True),
        ("2030-03-01", "2030-03-01", False),
        ("2030-03-01", "2030-04-01", False),
        ("2030-03-01", "2030-02-28", True),
    ],
)
def test_a_release_gives_clients_time_and_takes_none_of_it_back(
    held: Callable[..., Contract], released_day: str | None, served_day: str, refused: bool
) -> None:
    def going(day: str | None) -> str:
        reason = f'@deprecated(reason: "Use nothing instead; may go on {day}.")' if day else ""
        return changed("age: Int!", f"age: Int! {reason}")

    contract = held(going(served_day), going(released_day))
    if refused:
        with pytest.raises(StartupError, match=rf"Fox\.age may go on {served_day}: clients have time until"):
            contract.release("1.11.0", TODAY)
    else:
        contract.release("1.11.0", TODAY)


def test_the_contract_itself_can_take_leave_of_a_field(held: Callable[..., Contract]) -> None:
    served = export.EXPORTED.read_text()
    reason = "Use `StoryGeneration.log` instead; may go on 2030-01-31."
    old = changed("  attempts: Int!\n", f'  attempts: Int! @deprecated(reason: "{reason}")\n', served)
    gone = changed("  attempts: Int!\n", "", served).replace(
        '  """\n  How often a worker has begun on it: again after a failure, a crash or a stop. 0 while'
        ' PENDING.\n  """\n\n',
        "",
    )
    contract = held(old, served)
    assert problems(contract) == []
    contract.release("2.0.0", TODAY - SHORTEST_NOTICE)
    later = replace(contract, served=gone)
    later.export()
    assert problems(later, TODAY) == []
    assert [told.partition(" After ")[0] for told in problems(later, TODAY - timedelta(days=1))] == [
        "Field StoryGeneration.attempts was removed."
    ]


def test_the_command_fails_with_a_sentence_for_each_break_and_no_traceback(
    held: Callable[..., Contract], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    held: Callable[..., Contract], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
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


def test_the_page_s_examples_are_as_the_check_wants_them(held: Callable[..., Contract]) -> None:
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
