"""Generated GraphQL documents: right ones, wrong ones, and ones with pieces torn out."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC
from uuid import UUID

import httpx
from graphql import StringValueNode
from hypothesis import strategies as st
from hypothesis_graphql import Mode, from_schema

from schema.root import schema
from tests.chaos.clients.generated import send_all
from tests.chaos.clients.load import Crowd, people
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import installation
from tests.clients import Client

OUR_FAULT = '"INTERNAL_SERVER_ERROR"'
VARIABLES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


async def run(plan: Plan) -> Findings:
    """`many` documents, sent by a user who has a story and a generation."""
    findings = Findings()
    async with installation(plan) as made, made.client(made.start_api()) as client:
        [user] = people(1)
        crowd = Crowd([client], plan.dice, [user])
        await crowd.write_stories([1])
        generation = await crowd.ask(user)
        known = [crowd.stories[user], str(generation)]
        answers = await asyncio.to_thread(send_all, plan, _requests(client, user, known), _is_fault)
        answers.judge(findings, made)
    return findings


def _is_fault(response: httpx.Response) -> bool:
    return response.status_code >= 500 or OUR_FAULT in response.text


def _requests(client: Client, user: UUID, known: list[str]) -> st.SearchStrategy[httpx.Request]:
    ids = (st.sampled_from(known) | st.uuids().map(str) | st.text(max_size=40)).map(_string)
    moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: _string(moment.isoformat()))
    scalars = {"UUID": ids, "DateTime": moments}
    sdl = schema.as_str()
    right, wrong = (
        from_schema(sdl, custom_scalars=scalars, mode=mode, codec=None)
        for mode in (Mode.POSITIVE, Mode.NEGATIVE)
    )
    torn = st.builds(_torn, right, st.integers(0, 10_000), st.integers(1, 40))
    documents = st.one_of(right, right, wrong, torn)
    variables = st.none() | st.dictionaries(st.text(max_size=8), VARIABLES, max_size=3)
    headers = {
        **client.headers(user),
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
    full=Size(seconds=600, many=10_000),
    short=Size(seconds=60, many=300),
)
