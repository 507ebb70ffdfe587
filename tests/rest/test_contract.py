"""The contract's two tables, row by row and word for word."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.callers import Api
from tests.processes import Worker
from tests.rest.conftest import PutGeneration

PATH = "/api/story-generations"
FINISHED = """subscription ($id: UUID!) { storyGenerationProgress(id: $id) { status } }"""

NOBODYS = "0192f0c1-2b3c-7d4e-8f90-a1b2c3d4e5f6"
NO_SUCH_GENERATION = (404, {"error": "Generation not found"})
UNFINISHED = (409, {"error": "Cannot delete in-progress generation"})


async def test_a_generation_is_asked_for_and_answered_at_once(api: Api, alice: UUID, story: str) -> None:
    response = await api.request("POST", PATH, alice, json={"story_id": story})
    assert response.status_code == 202
    assert response.headers["content-type"] == "application/json"
    answered = response.json()
    assert answered == {"id": str(UUID(answered["id"])), "status": "pending", "progress": 0}


async def test_a_generation_is_shown_in_any_state(
    api: Api, alice: UUID, story: str, put_generation: PutGeneration
) -> None:
    expected: list[dict[str, Any]] = []
    for status, progress in (("pending", 0), ("in_progress", 42), ("succeeded", 100), ("failed", 7)):
        generation_id = await put_generation(status, progress=progress)
        shown = {
            "id": generation_id,
            "story_id": story,
            "status": status,
            "progress": progress,
            "result_url": None,
        }
        expected.insert(0, shown)
        response = await api.request("GET", f"{PATH}/{generation_id}", alice)
        assert (response.status_code, response.json()) == (200, shown)
    listed = await api.request("GET", PATH, alice)
    assert (listed.status_code, listed.json()) == (
        200,
        {"data": expected, "meta": {"page": 1, "pageSize": 10, "total": 4}},
    )


async def test_an_empty_list_is_200(api: Api, alice: UUID) -> None:
    response = await api.request("GET", PATH, alice)
    assert (response.status_code, response.json()) == (
        200,
        {"data": [], "meta": {"page": 1, "pageSize": 10, "total": 0}},
    )


async def test_pages_hold_the_newest_first_and_a_page_past_the_end_holds_nothing(
    api: Api, alice: UUID, put_generation: PutGeneration
) -> None:
    ids = [await put_generation("failed") for _ in range(5)]
    newest_first = ids[::-1]
    for page, expected in ((1, newest_first[:2]), (2, newest_first[2:4]), (3, newest_first[4:]), (4, [])):
        response = await api.request("GET", f"{PATH}?page={page}&pageSize=2", alice)
        body = response.json()
        assert (response.status_code, body["meta"]) == (200, {"page": page, "pageSize": 2, "total": 5})
        assert [generation["id"] for generation in body["data"]] == expected


@pytest.mark.parametrize("status", ["pending", "in_progress", "succeeded", "failed"])
async def test_a_list_by_status_holds_and_counts_that_status_alone(
    api: Api, alice: UUID, put_generation: PutGeneration, status: str
) -> None:
    ids = {each: await put_generation(each) for each in ("failed", "in_progress", "pending", "succeeded")}
    body = (await api.request("GET", f"{PATH}?status={status}", alice)).json()
    assert [generation["id"] for generation in body["data"]] == [ids[status]]
    assert body["meta"] == {"page": 1, "pageSize": 10, "total": 1}


@pytest.mark.parametrize("status", ["succeeded", "failed"])
async def test_a_finished_generation_is_deleted_without_a_word(
    api: Api, alice: UUID, put_generation: PutGeneration, status: str
) -> None:
    generation_id = await put_generation(status)
    kept = await put_generation(status)
    response = await api.request("DELETE", f"{PATH}/{generation_id}", alice)
    assert (response.status_code, response.content) == (204, b"")
    gone = await api.request("GET", f"{PATH}/{generation_id}", alice)
    assert (gone.status_code, gone.json()) == NO_SUCH_GENERATION
    again = await api.request("DELETE", f"{PATH}/{generation_id}", alice)
    assert (again.status_code, again.json()) == NO_SUCH_GENERATION
    assert (await api.request("GET", f"{PATH}/{kept}", alice)).status_code == 200


@pytest.mark.parametrize("status", ["pending", "in_progress"])
async def test_an_unfinished_generation_is_not_deleted(
    api: Api, alice: UUID, put_generation: PutGeneration, status: str
) -> None:
    generation_id = await put_generation(status)
    response = await api.request("DELETE", f"{PATH}/{generation_id}", alice)
    assert (response.status_code, response.json()) == UNFINISHED
    assert (await api.request("GET", f"{PATH}/{generation_id}", alice)).json()["status"] == status


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("whose", ["nobody's", "another user's"])
async def test_a_generation_that_is_missing_or_anothers_is_not_found(
    api: Api, bob: UUID, put_generation: PutGeneration, method: str, whose: str
) -> None:
    generation_id = NOBODYS if whose == "nobody's" else await put_generation("failed")
    response = await api.request(method, f"{PATH}/{generation_id}", bob)
    assert (response.status_code, response.json()) == NO_SUCH_GENERATION


@pytest.mark.parametrize("whose", ["nobody's", "another user's"])
async def test_a_story_that_is_missing_or_anothers_is_not_found(
    api: Api, bob: UUID, story: str, sql: asyncpg.Connection, whose: str
) -> None:
    story_id = NOBODYS if whose == "nobody's" else story
    response = await api.request("POST", PATH, bob, json={"story_id": story_id})
    assert (response.status_code, response.json()) == (404, {"error": "Story not found"})
    assert await sql.fetchval("SELECT count(*) FROM story_generations") == 0
    assert await sql.fetchval("SELECT count(*) FROM initiation_quotas") == 0


async def test_whoever_has_no_good_token_is_unauthorized(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    good = api.token(alice)
    headers: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Basic {good}"},
        {"Authorization": f"Bearer {good}x"},
        {"Authorization": f"Bearer {api.token(alice, timedelta(seconds=-5))}"},
        {"Authorization": good},
    ]
    places = [("POST", PATH), ("GET", PATH), ("GET", f"{PATH}/{NOBODYS}"), ("DELETE", f"{PATH}/{NOBODYS}")]
    for (method, path), header in product(places, headers):
        with subtests.test(method=method, path=path, header=header):
            response = await api.request(method, path, headers=header)
            assert (response.status_code, response.json()) == (401, {"error": "Unauthorized"})
            assert response.headers["www-authenticate"] == "Bearer"


async def test_any_other_path_is_not_found(api: Api, alice: UUID, subtests: pytest.Subtests) -> None:
    for method, path in [
        ("GET", "/api"),
        ("GET", "/api/"),
        ("POST", "/api/stories"),
        ("GET", "/api/story-generations/"),
        ("POST", "/api/story-generations/"),
        ("GET", f"/api/story-generations/{NOBODYS}/"),
        ("DELETE", f"/api/story-generations/{NOBODYS}/log"),
        ("GET", "/api//story-generations"),
        ("GET", "/API/story-generations"),
        ("GET", "/api/story-generations%0a"),
        ("GET", "/graphql%0a"),
        ("GET", "/%0a"),
        ("GET", "/healthz%0a"),
    ]:
        with subtests.test(method=method, path=path):
            response = await api.request(method, path, alice)
            assert (response.status_code, response.json()) == (404, {"error": "Not found"})


async def test_any_other_method_is_refused_with_those_that_are_allowed(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    for path, allowed, others in [
        (PATH, {"GET", "HEAD", "POST"}, ("PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")),
        (f"{PATH}/{NOBODYS}", {"GET", "HEAD", "DELETE"}, ("PUT", "PATCH", "POST", "OPTIONS", "TRACE")),
    ]:
        for method in others:
            with subtests.test(method=method, path=path):
                response = await api.request(method, path, alice)
                assert (response.status_code, response.json()) == (405, {"error": "Method not allowed"})
                assert set(response.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize("path", ["", "list"])
async def test_head_answers_as_get_does_without_the_body(
    api: Api, alice: UUID, put_generation: PutGeneration, path: str
) -> None:
    generation_id = await put_generation("failed")
    target = PATH if path == "list" else f"{PATH}/{generation_id}"
    whole = await api.request("GET", target, alice)
    head = await api.request("HEAD", target, alice)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))


async def test_the_result_is_followed_by_a_plain_get(
    api: Api, alice: UUID, story: str, worker: Worker
) -> None:
    begun: dict[str, Any] = (await api.request("POST", PATH, alice, json={"story_id": story})).json()
    async with api.socket(alice) as socket:
        await socket.subscribe("1", FINISHED, id=begun["id"])
        await socket.until_complete("1")
    shown = (await api.request("GET", f"{PATH}/{begun['id']}", alice)).json()
    result_url = shown.pop("result_url")
    assert shown == {"id": begun["id"], "story_id": story, "status": "succeeded", "progress": 100}
    assert (await api.request("GET", PATH, alice)).json()["data"] == [{**shown, "result_url": result_url}]
    assert result_url.startswith(api.base)
    assert "?" in result_url
    audio = await api.request("GET", result_url)
    assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/mpeg")
    assert audio.content[:2] in {b"\xff\xf3", b"\xff\xfb", b"ID"}
    unsigned = await api.request("GET", result_url.partition("?")[0], alice)
    assert unsigned.status_code == 403
    await api.request("DELETE", f"{PATH}/{begun['id']}", alice)
    assert (await api.request("GET", result_url)).status_code == 404
