"""GraphiQL is there in a local installation, and elsewhere where an operator wants it."""

from __future__ import annotations

from typing import Any

import pytest

from core.settings import Environment, Settings
from tests.edges.raw import asked
from tests.web_pages.builds import HTML

LOCAL, PRODUCTION = Environment.LOCAL, Environment.PRODUCTION
TRUSTED = {"trusted_documents": "/a/manifest.json", "trusted_documents_only": True}


@pytest.mark.parametrize(
    ("environment", "changes", "offered", "introspects"),
    [
        (LOCAL, {}, True, True),
        (LOCAL, {"graphiql": True}, True, True),
        (LOCAL, {"graphiql": False}, False, True),
        (LOCAL, {"introspection": False}, False, False),
        (LOCAL, {"introspection": True}, True, True),
        (LOCAL, {"graphiql": True, "introspection": True}, True, True),
        (LOCAL, {"graphiql": False, "introspection": False}, False, False),
        (LOCAL, TRUSTED, False, True),
        (PRODUCTION, {}, False, False),
        (PRODUCTION, {"graphiql": True}, True, True),
        (PRODUCTION, {"graphiql": False}, False, False),
        (PRODUCTION, {"introspection": True}, False, True),
        (PRODUCTION, {"graphiql": True, "introspection": True}, True, True),
        (PRODUCTION, {"graphiql": False, "introspection": True}, False, True),
    ],
)
def test_it_is_there_by_setting(
    environment: Environment, changes: dict[str, Any], *, offered: bool, introspects: bool
) -> None:
    settings = Settings(environment=environment, **changes)
    assert (settings.offers_graphiql, settings.introspects) == (offered, introspects)


@pytest.mark.parametrize("changes", [{"graphiql": False}, {"environment": "production"}])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_where_it_is_off_there_is_no_such_path(
    pages_with: Any, changes: dict[str, Any], method: str
) -> None:
    async with pages_with(**changes) as api:
        told = []
        for path in ("/graphiql", "/nowhere"):
            status, headers, body = await asked(api.base, path, "Accept: text/html", method=method)
            told.append((status, {**headers, "x-request-id": "", "date": ""}, body))
        assert told[0] == told[1]
        assert told[0][0] == 404
        # The UI is there all the same.
        assert "<title>a build</title>" in (await api.request("GET", "/", headers=HTML)).text


async def test_in_production_it_is_there_where_it_is_set(pages_with: Any) -> None:
    async with pages_with(environment="production", graphiql=True) as api:
        response = await api.request("GET", "/graphiql", headers=HTML)
        assert (response.status_code, "GraphiQL of a build" in response.text) == (200, True)
