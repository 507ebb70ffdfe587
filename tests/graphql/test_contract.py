"""The schema that is served, held against the contract and against the export that is checked in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    build_client_schema,
    build_schema,
    get_introspection_query,
    is_introspection_type,
    is_specified_scalar_type,
    lexicographic_sort_schema,
    print_schema,
)

from core.errors import StartupError
from schema import export
from tests.callers import Api
from tests.graphql.comparison import differences

# The contract as it was promised before there was anything. It is kept for good, whatever is released.
CONTRACT = export.RELEASES.folder / "0.0.0.graphql"

SMALL = """
enum Color { "Like blood." RED BLUE }
interface Named { name: String! }
type Fox implements Named { name: String! "In kilograms." weight(unit: Int! = 1, color: Color): Float }
type Hen implements Named { name: String! }
union Animal = Fox | Hen
input Hunt { fox: Int!, hens: Int = 2 }
type Query { animal(id: ID!): Animal hunt(input: Hunt!): Int! }
"""

DESCRIBED = """
"A color." enum Color { "Red." RED }
"A fox." type Fox { "How heavy." weight("The unit." unit: Int): Number }
"Any." union Any = Fox
"To hunt." input Hunt { "How many." foxes: Int }
"A name." interface Named { "Its name." name: String }
"A number." scalar Number
"All." type Query { "Found." any("Which." hunt: Hunt): Any }
"""


def parts(schema: GraphQLSchema) -> Iterator[tuple[str, Any]]:
    """All that a client developer may read about, but for what GraphQL itself brings."""
    for name, kind in schema.type_map.items():
        if is_introspection_type(kind) or is_specified_scalar_type(kind):
            continue
        yield name, kind
        match kind:
            case GraphQLEnumType():
                yield from ((f"{name}.{value}", part) for value, part in kind.values.items())
            case GraphQLInputObjectType():
                yield from ((f"{name}.{field}", part) for field, part in kind.fields.items())
            case GraphQLObjectType() | GraphQLInterfaceType():
                for field, part in kind.fields.items():
                    yield f"{name}.{field}", part
                    yield from ((f"{name}.{field}({given}:)", each) for given, each in part.args.items())


def is_told(description: str | None) -> bool:
    """Whether it is a sentence, or the list of values that the contract has in one place."""
    return bool(re.fullmatch(r"\S.+[.]|[A-Z_, ]{20,}", description or "", re.DOTALL))


def test_the_schema_holds_all_of_the_contract() -> None:
    contract = build_schema(CONTRACT.read_text())
    assert differences(contract, build_schema(export.EXPORTED.read_text())) == []


def test_the_export_that_is_checked_in_is_what_the_code_serves() -> None:
    export.export(check=True)


def test_every_part_of_the_contract_is_described() -> None:
    served = build_schema(export.EXPORTED.read_text())
    assert [place for place, part in parts(served) if not is_told(part.description)] == []


@pytest.mark.parametrize(
    ("described", "place"),
    [
        ('"A color." enum', "Color"),
        ('"Red." RED', "Color.RED"),
        ('"A fox." type', "Fox"),
        ('"How heavy." weight', "Fox.weight"),
        ('"The unit." unit', "Fox.weight(unit:)"),
        ('"Any." union', "Any"),
        ('"To hunt." input', "Hunt"),
        ('"How many." foxes', "Hunt.foxes"),
        ('"A name." interface', "Named"),
        ('"Its name." name', "Named.name"),
        ('"A number." scalar', "Number"),
        ('"All." type', "Query"),
        ('"Found." any', "Query.any"),
        ('"Which." hunt', "Query.any(hunt:)"),
    ],
)
def test_whatever_lacks_a_description_is_named(described: str, place: str) -> None:
    whole = DESCRIBED.count(described)
    assert whole == 1
    word = described.rpartition(" ")[2]
    for instead in (word, f'" " {word}', f'"{word}" {word}'):
        undescribed = build_schema(DESCRIBED.replace(described, instead))
        assert [named for named, part in parts(undescribed) if not is_told(part.description)] == [place]


def test_an_export_that_is_not_what_the_code_serves_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stale = tmp_path / "schema.graphql"
    stale.write_text(export.EXPORTED.read_text().replace("Your stories, newest first.", "Your stories."))
    monkeypatch.setattr(export, "EXPORTED", stale)
    with pytest.raises(StartupError, match=r"dev\.py schema"):
        export.export(check=True)
    export.export()
    export.export(check=True)


async def test_clients_that_ask_for_the_schema_get_the_one_that_is_checked_in(
    shared: Api, alice: UUID
) -> None:
    answered = await shared.data(alice, get_introspection_query())
    told = lexicographic_sort_schema(build_client_schema(answered))
    exported = lexicographic_sort_schema(build_schema(export.EXPORTED.read_text()))
    assert print_schema(told) == print_schema(exported)


@pytest.mark.parametrize(
    ("written", "instead", "difference"),
    [
        ("type Hen implements Named { name: String! }", "interface Hen { name: String! }", "Hen is GraphQLI"),
        ("name: String! }\nunion", "name: String }\nunion", "Hen.name is String, not String!"),
        ("hunt(input: Hunt!): Int!", "", "Query lacks hunt"),
        ("Fox implements Named", "Fox", "Fox lacks Named"),
        ("= Fox | Hen", "= Fox", "Animal lacks Hen"),
        (" BLUE", "", "Color lacks BLUE"),
        ("Like blood.", "Like wine.", "Color.RED is described as 'Like wine.', not 'Like blood.'"),
        ('"In kilograms."', "", "Fox.weight is described as None, not 'In kilograms.'"),
        (", color: Color", "", "Fox.weight lacks color"),
        ("Int! = 1", "Int! = 2", "Fox.weight(unit) is 2 by default, not 1"),
        ("color: Color)", "color: Color = null)", "Fox.weight(color) is null by default, not nothing"),
        ("color: Color)", "color: Color!)", "Fox.weight(color) takes Color!, not Color"),
        ("hens: Int = 2", "hens: Int", "Hunt(hens) is nothing by default, not 2"),
        ("hens: Int = 2", "hens: Int = 2, dogs: Int!", "Hunt(dogs) has to be given"),
        ("animal(id: ID!)", "animal(id: ID!, at: Int!)", "Query.animal(at) has to be given"),
    ],
)
def test_the_comparison_sees_what_was_changed(written: str, instead: str, difference: str) -> None:
    assert SMALL.count(written) == 1
    found = differences(build_schema(SMALL), build_schema(SMALL.replace(written, instead)))
    assert [each[: len(difference)] for each in found] == [difference]


def test_the_comparison_lets_additions_pass() -> None:
    more = SMALL.replace("BLUE", "BLUE GREEN").replace("hens: Int = 2", "hens: Int = 2, dogs: Int")
    assert differences(build_schema(SMALL), build_schema(more + "type Dog { name: String }")) == []
