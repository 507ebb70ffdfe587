"""Generated GraphQL documents: right ones, wrong ones, and ones with pieces torn out."""

from __future__ import annotations

import json
from datetime import UTC

import httpx
from graphql import StringValueNode
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema

from schema.root import schema
from tests.callers import Client
from tests.chaos.clients.generated import try_generated, weighted
from tests.chaos.clients.owned import Owned
from tests.chaos.experiment import Experiment, Findings, Plan, Size

LEAST_RIGHT_SHARE = 0.2
OUR_FAULT = '"INTERNAL_SERVER_ERROR"'
VARIABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


async def run(plan: Plan) -> Findings:
    """`many` documents, sent by a user who has a story and a generation."""
    return await try_generated(
        plan, _requests, is_fault=_is_fault, is_right=_is_right, least_right=LEAST_RIGHT_SHARE
    )


def _is_fault(response: httpx.Response) -> bool:
    return response.status_code >= 500 or OUR_FAULT in response.text


def _is_right(response: httpx.Response) -> bool:
    return response.status_code == 200 and "errors" not in response.json()


def _requests(client: Client, owned: Owned) -> st.SearchStrategy[httpx.Request]:
    ids = weighted((owned.ids(), 6), (st.uuids().map(str), 1), (st.text(max_size=40), 1)).map(_string)
    moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: _string(moment.isoformat()))
    scalars = {"UUID": ids, "DateTime": moments}
    sdl = schema.as_str()
    right, wrong = (
        from_schema(sdl, custom_scalars=scalars, mode=mode, codec=None)
        for mode in (Mode.POSITIVE, Mode.NEGATIVE)
    )
    torn = st.builds(_torn, right, st.integers(0, 10_000), st.integers(1, 40))
    documents = weighted((right, 3), (wrong, 1), (torn, 1))
    variables = st.none() | st.dictionaries(st.text(max_size=8), VARIABLES, max_size=3)
    headers = {
        **client.headers(owned.user),
        "Content-Type": "application/json",
        "Accept": "application/graphql-response+json",
    }

    def request(document: str, given: object) -> httpx.Request:
        body = json.dumps({"query": document, "variables": given})
        return httpx.Request("POST", f"{client.base}/graphql", content=body, headers=headers)

    return st.builds(request, documents, variables)


def _string(text: str) -> StringValueNode:
    return StringValueNode(value=text)


def _torn(document: str, start: int, length: int) -> str:
    """Without one piece of it."""
    start %= len(document)
    return document[:start] + document[start + length :]


EXPERIMENT = Experiment(
    name="documents",
    promise="no generated GraphQL document makes a fault of ours or holds the API up",
    guard="page_ranges",
    breaks="answers that are a fault of ours: ",
    run=run,
    full=Size(seconds=3600, many=10_000),
    short=Size(seconds=120, many=200),
)
