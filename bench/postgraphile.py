"""PostGraphile, whose contract is made of the tables: how it is asked, and how its answers are read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.contenders import Contender
from bench.ground import Ground
from bench.http_load import Request

TITLE = "PostGraphile"
NOTE = (
    "PostGraphile answers a document of its own for the same rows, in its own kind of transaction; status and"
    " voice are plain texts there, and users are told apart by row security alone."
)
FIELDS = "id: rowId storyId status progress revision createdAt durationSeconds voice"
LIST = f"""query List($first: Int!, $offset: Int!) {{
  storyGenerations: allStoryGenerations(first: $first, offset: $offset, orderBy: ROW_ID_DESC) {{
    items: nodes {{ {FIELDS} }}
    total: totalCount
  }}
}}"""
GET = f"query Get($id: UUID!) {{ storyGeneration: storyGenerationByRowId(rowId: $id) {{ {FIELDS} }} }}"


async def start(ground: Ground) -> Contender:
    return Contender(await ground.start_peer("postgraphile.js"), phrase, read)


def phrase(request: Request) -> Request:
    asked = request.body["variables"]
    if "id" in asked:
        return replace(request, body={"query": GET, "variables": asked})
    size = asked["pageSize"]
    variables = {"first": size, "offset": (asked["page"] - 1) * size}
    return replace(request, body={"query": LIST, "variables": variables})


def read(request: Request, answer: Any) -> Any:
    """The answer in Storycast's words. Which page it is PostGraphile does not say."""
    data = answer["data"]
    if "storyGeneration" in data:
        row = data["storyGeneration"]
        return {"data": {"storyGeneration": row and _read_row(row)}}
    found = data["storyGenerations"]
    items = [_read_row(row) for row in found["items"]]
    asked = request.body["variables"]
    meta = {"page": asked["page"], "pageSize": asked["pageSize"], "total": found["total"]}
    return {"data": {"storyGenerations": {"items": items, "meta": meta}}}


def _read_row(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "status": row["status"].upper(), "voice": {"id": row["voice"]}}
