"""What the OpenAPI document shows as examples, written by the models that write the answers."""

from __future__ import annotations

from uuid import UUID

from db.models import Status
from server.rest.models import Begun, Listed, Meta, Problem, Shown

STORY = "0198c1d2-7a4e-7c3b-9a51-3f0c6a2b8d10"
GENERATION = "0198c1d3-05f7-7e9a-8b2c-6d1e4f7a9b30"
KEY = "order-4711"
LINK = f"https://stories.example/files/{GENERATION}.mp3?expires=1793000000&signature=2c7b9e"

BEGUN = Begun(id=UUID(GENERATION), status=Status.PENDING, progress=0)
SHOWN = Shown(
    id=UUID(GENERATION), story_id=UUID(STORY), status=Status.SUCCEEDED, progress=100, result_url=LINK
)
LISTED = Listed(data=[SHOWN], meta=Meta(page=1, page_size=10, total=1))
PROBLEMS = {
    "body": Problem(path=["story_id"], message="Field required", code="missing"),
    "query": Problem(
        path=["pageSize"], message="Input should be less than or equal to 100", code="less_than_equal"
    ),
    "path": Problem(
        path=["id"],
        message="Input should be a valid UUID, invalid length: expected length 32 for simple format, found 1",
        code="uuid_parsing",
    ),
}
