"""A contract that has been released: what clients would trip over, until it is written down."""

from __future__ import annotations

import pytest

from schema.releases import HEADER
from tests.graphql.released import GOES, RELEASED, Held, changed, entry, problems


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
    held: Held, written: str, instead: str, what: str, whom: str
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
def test_what_no_client_can_notice_may_change(held: Held, written: str, instead: str) -> None:
    assert problems(held(changed(written, instead))) == []


def test_every_problem_is_told_at_once(held: Held) -> None:
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
