"""What is written for speed is what the models, and so the OpenAPI document, have."""

from __future__ import annotations

from uuid import UUID

import asyncpg

from server.rest.models import Listed, Shown
from tests.callers import Api
from tests.database.belongings import plant

PATH = "/api/story-generations"


async def test_answers_are_to_the_letter_what_their_models_write(
    api: Api, alice: UUID, sql: asyncpg.Connection
) -> None:
    hers = await plant(sql, alice)
    for path in (PATH, f"{PATH}?page=2&pageSize=3", f"{PATH}?page=9", f"{PATH}?status=succeeded"):
        body = (await api.request("GET", path, alice)).content
        assert Listed.model_validate_json(body, strict=True).model_dump_json().encode() == body
    for generation in hers.generations.values():
        body = (await api.request("GET", f"{PATH}/{generation}", alice)).content
        assert Shown.model_validate_json(body, strict=True).model_dump_json().encode() == body


async def test_a_query_that_was_seen_before_is_read_as_it_was(api: Api, alice: UUID) -> None:
    for _ in range(2):
        for query, meta in [
            ("", (1, 10)),
            ("?page=2", (2, 10)),
            ("?page=2&page=3", (3, 10)),
            ("?pageSize=7&page=2", (2, 7)),
            (f"?page=4&other={'x' * 200}", (4, 10)),
        ]:
            found = (await api.request("GET", PATH + query, alice)).json()["meta"]
            assert (found["page"], found["pageSize"]) == meta
        for query in ("?page=0", "?page=x", "?pageSize=101", "?status=Failed", f"?page=0&other={'x' * 200}"):
            refused = await api.request("GET", PATH + query, alice)
            assert (refused.status_code, len(refused.json()["details"])) == (400, 1)
