"""npm `@urql/core`, whose Accept lists event streams with every query."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.callers import Api
from tests.clients import node
from tests.live.test_event_streams import URQL

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_plain_query_of_urql_is_answered_as_json(api: Api, alice: UUID, method: str) -> None:
    url = f"{api.base}/graphql"
    ran = await node.run("node", "programs/urql_query.mjs", url, api.token(alice), method)
    assert ran.code == 0, ran.errors
    found = json.loads(ran.output)
    assert (found["method"], found["accept"]) == (method, URQL)
    assert found["contentType"] == "application/graphql-response+json; charset=utf-8"
    assert found["data"] == {"viewer": {"id": str(alice)}}
