"""docs/errors.md lists every code there is, where it is met, and no others."""

from __future__ import annotations

import ast
import inspect
import re
from collections import Counter

from graphql import GraphQLInterfaceType, GraphQLObjectType, GraphQLUnionType, build_schema, get_nullable_type
from strawberry.http import async_base_view
from strawberry.subscriptions.protocols.graphql_transport_ws import handlers

from core import errors
from core.codes import Failure, Fault
from db.logs import Event
from schema.errors import as_error
from schema.export import EXPORTED
from server import app
from server.edges import http_protocol, socket_protocol
from server.graphql import sockets
from server.rest.answers import FAULTS, INVALID, OUR_FAULT
from tests.conftest import ROOT
from tests.graphql.error_page import CLOSE_CODES, OPERATIONS, quoted, rows, table

SERVED = build_schema(EXPORTED.read_text())
REFUSALS = [
    errors.StoryNotFound(),
    errors.GenerationNotFound(),
    errors.GenerationInProgress(),
    errors.GenerationFinished(),
    errors.StoryInUse(),
    errors.IdempotencyConflict(),
    errors.RateLimited("", 1),
    errors.Invalid(errors.FieldProblem(("title",), "")),
]
CODES = {type(as_error(refusal)).__name__: refusal.code for refusal in REFUSALS}


def returned_by(member: str) -> list[str]:
    """The mutations whose results may be a type, in the order of the schema."""
    assert SERVED.mutation_type
    found = []
    for name, field in SERVED.mutation_type.fields.items():
        result = get_nullable_type(field.type)
        assert isinstance(result, GraphQLUnionType)
        found += [name] if member in {each.name for each in result.types} else []
    return found


def described(place: str) -> str:
    kind, _, field = place.partition(".")
    found = SERVED.type_map[kind]
    assert isinstance(found, GraphQLObjectType)
    return found.fields[field].description or ""


def error_types() -> list[GraphQLObjectType]:
    error = SERVED.type_map["Error"]
    assert isinstance(error, GraphQLInterfaceType)
    return SERVED.get_implementations(error).objects


def test_every_code_of_an_answers_errors_has_one_row_and_there_are_no_others() -> None:
    assert sorted(row[0] for row in table("GraphQL: errors")) == sorted(Fault)


def test_every_refusal_is_known_here() -> None:
    assert {type(refusal) for refusal in REFUSALS} == set(errors.Refusal.__subclasses__())


def test_every_member_of_a_result_has_one_row_with_its_code_its_fields_and_all_that_return_it() -> None:
    wanted = []
    for kind in error_types():
        more = sorted(kind.fields.keys() - {"code", "message"})
        named = kind.name + (f": {', '.join(more)}" if more else "")
        wanted.append([CODES[kind.name], named, ", ".join(returned_by(kind.name))])
    assert sorted(row[:3] for row in table("Results")) == sorted(wanted)
    assert CODES.keys() == {kind.name for kind in error_types()}


def test_every_error_type_says_its_code_in_the_schema() -> None:
    told = {kind.name: re.findall("[A-Z]+(?:_[A-Z]+)+", kind.description or "") for kind in error_types()}
    assert told == {name: [code] for name, code in CODES.items()}


def test_every_code_of_a_failed_generation_has_one_row_and_is_in_the_schema() -> None:
    assert sorted(row[0] for row in table("Generations that failed")) == sorted(Failure)
    assert described("GenerationError.code").split(", ") == list(Failure)


def test_every_event_of_a_log_that_can_be_read_has_one_row_and_is_in_the_schema() -> None:
    readable = [event for event in Event if event is not Event.DELETED]
    assert sorted(row[0] for row in table("The log of a generation")) == sorted(readable)
    assert described("GenerationLogEntry.event").partition(".")[0].split(", ") == readable


def test_the_page_names_no_code_that_nothing_says() -> None:
    codes = {*Fault, *Failure, *CODES.values()}
    assert {code for code in quoted() if not code.startswith("STORYCAST_")} - codes == set()


def test_every_setting_that_the_page_names_is_one() -> None:
    settings = set(re.findall("`(STORYCAST_[A-Z_]+)`", OPERATIONS.read_text()))
    assert {code for code in quoted() if code.startswith("STORYCAST_")} - settings == set()


def test_every_way_a_websocket_is_closed_has_one_row() -> None:
    listed = Counter(row[0] for row in table("Websockets that are closed"))
    assert listed == Counter(row[0] for row in rows(CLOSE_CODES))
    # Those of the protocol, as the handlers say them that run here; others come from the server beneath.
    said = set()
    for module in (handlers, async_base_view, sockets):
        said |= set(re.findall(r"\b4[0-9]{3}\b", "\n".join(numbers(inspect.getsource(module)))))
    assert said == {code for code in listed if code.startswith("4")}
    ours = [f"CloseCode.{code}" for code in ("INVALID_DATA", "MESSAGE_TOO_BIG", "TRY_AGAIN_LATER")]
    assert sorted(set(re.findall(r"CloseCode\.[A-Z_]+", inspect.getsource(socket_protocol)))) == ours


def numbers(source: str) -> list[str]:
    """Every number that code holds, comments and strings aside."""
    return [
        str(node.value)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, int)
    ]


def test_every_answer_of_rest_to_what_went_wrong_has_one_row() -> None:
    said = {(fault.status, fault.message) for fault in (*FAULTS.values(), OUR_FAULT)}
    said |= {(400, INVALID), *app.MESSAGES.items()}
    assert sorted((int(row[0]), row[1]) for row in table("REST")) == sorted(said)


def test_what_cannot_be_read_is_answered_as_the_page_says() -> None:
    statuses = set(re.findall(r"HTTPStatus\.([A-Z_]+)", inspect.getsource(http_protocol)))
    section = (
        (ROOT / "docs" / "errors.md").read_text().partition("cannot be read as HTTP")[2].partition("##")[0]
    )
    told = {phrase.upper().replace(" ", "_") for phrase in re.findall("`([A-Z][A-Za-z ]+)`", section)}
    assert told == statuses


def test_nothing_but_the_home_of_codes_spells_one_out() -> None:
    codes = {*Fault, *Failure}
    for path in (
        path
        for room in ("server", "schema", "jobs", "db", "resolvers")
        for path in (ROOT / room).rglob("*.py")
    ):
        spelt = {
            node.value
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert spelt & codes == set(), path


def test_no_answer_has_a_code_of_its_own_making() -> None:
    for path in (path for room in ("server", "schema") for path in (ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Dict):
                said = [
                    value
                    for key, value in zip(node.keys, node.values, strict=True)
                    if isinstance(key, ast.Constant) and key.value == "code"
                ]
                assert not [code for code in said if isinstance(code, ast.Constant)], path
