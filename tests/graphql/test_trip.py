"""The whole trip of a story, by GraphQL alone."""

from __future__ import annotations

from uuid import UUID

from tests.callers import Api
from tests.processes import Worker

PROGRESS = """subscription ($id: UUID!) {
    storyGenerationProgress(id: $id) { status progress revision resultUrl captionsUrl durationSeconds } }"""


async def test_a_story_is_written_narrated_followed_heard_and_deleted(
    api: Api, worker: Worker, alice: UUID
) -> None:
    story_id = await api.add_story(alice, "Once upon a time there was a fox. It slept.")
    async with api.socket(alice) as socket:
        generation_id = await api.initiate(alice, story_id)
        await socket.subscribe("1", PROGRESS, id=generation_id)
        events = [event["storyGenerationProgress"] for event in await socket.until_complete("1")]
    revisions = [event["revision"] for event in events]
    assert revisions == sorted(set(revisions))
    last = events[-1]
    assert (last["status"], last["progress"]) == ("SUCCEEDED", 100)
    audio = await api.request("GET", last["resultUrl"])
    assert audio.headers["content-type"] == "audio/mpeg"
    answered = await api.data(
        alice,
        "mutation ($id: UUID!) { deleteStoryGeneration(id: $id) { __typename } }",
        id=generation_id,
    )
    assert answered == {"deleteStoryGeneration": {"__typename": "DeleteStoryGenerationSuccess"}}
    assert (await api.request("GET", last["resultUrl"])).status_code == 404
