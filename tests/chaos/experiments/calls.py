"""Generated REST calls: the four paths and their neighbours, with every kind of query, header and body."""

from __future__ import annotations

import json
from urllib.parse import quote, urlencode

import httpx
from hypothesis import strategies as st

from tests.callers import Client
from tests.chaos.clients.generated import try_generated, weighted
from tests.chaos.clients.owned import Owned
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.experiments.documents import VARIABLES

LEAST_RIGHT_SHARE = 0.05
HEADER_TEXT = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=300
)


async def run(plan: Plan) -> Findings:
    """`many` calls by a user who has a story and a generation."""
    return await try_generated(
        plan, _requests, is_fault=_is_fault, is_right=_is_right, least_right=LEAST_RIGHT_SHARE
    )


def _is_fault(response: httpx.Response) -> bool:
    return response.status_code >= 500


def _is_right(response: httpx.Response) -> bool:
    return response.status_code < 300


def _requests(client: Client, owned: Owned) -> st.SearchStrategy[httpx.Request]:
    ids = weighted((owned.ids(), 3), (st.uuids().map(str), 1), (st.text(max_size=50), 1))
    listed = st.just("/api/story-generations")
    one = ids.map(lambda each: f"/api/story-generations/{quote(each, safe='', errors='replace')}")
    neighbours = st.text(max_size=30).map(lambda rest: f"/api/{quote(rest, errors='replace')}")
    paths = weighted((listed, 2), (one, 2), (neighbours, 1))
    numbers = st.integers().map(str) | st.text(max_size=10)
    statuses = st.sampled_from(["pending", "in_progress", "succeeded", "failed"]) | st.text(max_size=10)
    queries = st.fixed_dictionaries({}, optional={"page": numbers, "pageSize": numbers, "status": statuses})
    bodies = st.one_of(
        st.builds(lambda each: json.dumps({"story_id": each}).encode(), ids),
        VARIABLES.map(lambda value: json.dumps(value).encode()),
        st.binary(max_size=200),
    )
    token = st.just(client.headers(owned.user)["Authorization"])
    headers = st.fixed_dictionaries(
        {"authorization": weighted((token, 5), (HEADER_TEXT, 1))},
        optional={"idempotency-key": HEADER_TEXT, "content-type": st.just("application/json") | HEADER_TEXT},
    )
    methods = st.sampled_from(4 * ["GET", "POST", "DELETE"] + ["PUT", "PATCH", "HEAD", "OPTIONS"])

    def request(
        method: str, path: str, query: dict[str, str], told: dict[str, str], body: bytes
    ) -> httpx.Request:
        raw = {name.encode(): value.strip().encode("latin-1") for name, value in told.items()}
        url = f"{client.base}{path}?{urlencode(query, errors='replace')}"
        return httpx.Request(
            method, url, headers=raw, content=body if method not in {"GET", "HEAD"} else None
        )

    return st.builds(request, methods, paths, queries, headers, bodies)


EXPERIMENT = Experiment(
    name="calls",
    promise="no generated REST call makes a fault of ours or holds the API up",
    guard="checked_path",
    breaks="answers that are a fault of ours: ",
    run=run,
    full=Size(seconds=1800, many=10_000),
    short=Size(seconds=60, many=300),
)
