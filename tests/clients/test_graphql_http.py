"""npm `graphql-http`: its audits of GraphQL over HTTP."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from tests.callers import Api
from tests.clients import node

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("packages")]

AUDITS = 61


async def test_every_audit_is_passed_without_a_warning(api: Api, alice: UUID) -> None:
    ran = await node.run("node", "programs/audits.mjs", f"{api.base}/graphql", api.token(alice))
    assert ran.code == 0, ran.errors
    found = json.loads(ran.output)
    assert [audit for audit in found if audit["status"] != "ok"] == []
    assert len({audit["id"] for audit in found}) == len(found) == AUDITS
