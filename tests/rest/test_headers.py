"""What answers tell besides their bodies: what is left of a caller's initiations, and what replaces them."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from tests.callers import Api, serving
from tests.conftest import adjust, own_database_urls, settings_for
from tests.database.test_pool import until_someone_waits
from tests.graphql.statements import recording
from tests.outages import Outages
from tests.rest.conftest import PutGeneration

PATH = "/api/story-generations"
NOBODYS = "0192f0c1-2b3c-7d4e-8f90-a1b2c3d4e5f6"
POLICY = '"initiations";q=20;w=60'
FULL = '"initiations";r=20'
ONE_TAKEN = '"initiations";r=19;t=3'
# Nothing comes back meanwhile, however long a test takes.
STAND_STILL = "UPDATE initiation_quotas SET refilled_at = clock_timestamp() + interval '1 day'"
BEGIN = {"initiations_per_minute": 20, "unfinished_generations": 1000}


def told(response: httpx.Response) -> tuple[str | None, str | None]:
    """The policy, and what is left; each once at most."""
    assert all(
        len(response.headers.get_list(name)) <= 1 for name in ("RateLimit", "RateLimit-Policy", "Link")
    )
    return response.headers.get("ratelimit-policy"), response.headers.get("ratelimit")


async def test_what_is_left_is_told_with_every_answer(
    serve_with: Any, alice: UUID, bob: UUID, sql: asyncpg.Connection
) -> None:
    async with serve_with(**BEGIN) as api:
        story = await api.add_story(alice)
        for method in ("GET", "HEAD"):
            assert told(await api.request(method, PATH, alice)) == (POLICY, FULL)
        begun = await api.request("POST", PATH, alice, json={"story_id": story})
        assert (begun.status_code, *told(begun)) == (202, POLICY, ONE_TAKEN)
        await sql.execute(STAND_STILL)
        for method, path in (("GET", PATH), ("HEAD", PATH), ("GET", f"{PATH}/{begun.json()['id']}")):
            assert told(await api.request(method, path, alice)) == (POLICY, ONE_TAKEN)
        again = await api.request("POST", PATH, alice, json={"story_id": story})
        assert told(again) == (POLICY, '"initiations";r=18;t=3')
        assert told(await api.request("GET", PATH, bob)) == (POLICY, FULL)


async def test_what_came_back_is_told(serve_with: Any, alice: UUID, sql: asyncpg.Connection) -> None:
    async with serve_with(**BEGIN) as api:
        await api.initiate(alice, await api.add_story(alice))
        for tokens, said in [
            (0, '"initiations";r=0;t=3'),
            (0.5, '"initiations";r=0;t=2'),
            (0.99, '"initiations";r=0;t=1'),
            (7.25, '"initiations";r=7;t=3'),
            (19.9, '"initiations";r=19;t=1'),
            (20, FULL),
            (31, FULL),
            (float("inf"), FULL),
            (-2, '"initiations";r=0;t=9'),
        ]:
            await sql.execute("UPDATE initiation_quotas SET tokens = $1", float(tokens))
            await sql.execute(STAND_STILL)
            assert told(await api.request("GET", PATH, alice)) == (POLICY, said)


async def test_errors_tell_it_too(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection, put_generation: PutGeneration, story: str
) -> None:
    unfinished, finished = await put_generation("pending"), await put_generation("failed")
    async with serve_with(**BEGIN) as api:
        body, key = {"story_id": story}, {"Idempotency-Key": "a key"}
        await api.request("POST", PATH, alice, json=body, headers=key)
        other = await api.add_story(alice)
        await sql.execute(STAND_STILL)
        requests: list[tuple[int, str, str, dict[str, Any]]] = [
            (202, "POST", PATH, {"json": body, "headers": key}),
            (204, "DELETE", f"{PATH}/{finished}", {}),
            (400, "GET", f"{PATH}?page=0", {}),
            (400, "GET", f"{PATH}/1", {}),
            (400, "POST", PATH, {"json": []}),
            (404, "POST", PATH, {"json": {"story_id": NOBODYS}}),
            (404, "GET", f"{PATH}/{NOBODYS}", {}),
            (404, "DELETE", f"{PATH}/{NOBODYS}", {}),
            (409, "DELETE", f"{PATH}/{unfinished}", {}),
            (413, "POST", PATH, {"content": b"x" * 70_000}),
            (415, "POST", PATH, {"content": b"x", "headers": {"Content-Type": "text/plain"}}),
            (422, "POST", PATH, {"json": {"story_id": other}, "headers": key}),
        ]
        for status, method, path, options in requests:
            response = await api.request(method, path, alice, **options)
            assert (response.status_code, *told(response)) == (status, POLICY, ONE_TAKEN)


async def test_a_refusal_says_when_to_come_back_in_both_ways(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection
) -> None:
    async with serve_with(initiations_per_minute=1) as api:
        story = await api.add_story(alice)
        await api.initiate(alice, story)
        await sql.execute(STAND_STILL)
        refused = await api.request("POST", PATH, alice, json={"story_id": story})
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        assert told(refused) == ('"initiations";q=1;w=60', '"initiations";r=0;t=60')


async def test_whoever_is_not_signed_in_is_told_what_replaces_an_operation_and_no_more(api: Api) -> None:
    for headers in ({}, {"Authorization": "Bearer none"}):
        response = await api.request("GET", PATH, headers=headers)
        assert (response.status_code, *told(response)) == (401, None, None)
        assert "link" in response.headers


async def test_whoever_has_too_many_requests_underway_is_told_the_policy(
    serve_with: Any, alice: UUID, sql: asyncpg.Connection
) -> None:
    async with serve_with(requests_per_user=1, **BEGIN) as api:
        story = await api.add_story(alice)
        async with sql.transaction():
            await sql.execute("LOCK TABLE stories")
            underway = asyncio.create_task(api.request("POST", PATH, alice, json={"story_id": story}))
            await until_someone_waits(sql)
            refused = await api.request("GET", PATH, alice)
        assert (refused.status_code, *told(refused)) == (429, POLICY, None)
        assert (await underway).status_code == 202


async def test_where_the_database_is_away_the_policy_is_told_alone(
    own_postgres: Outages, redis_url: str, tmp_path: Path, alice: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    settings = adjust(settings_for(own_database_urls(own_postgres), redis_url, tmp_path), **BEGIN)
    async with serving(settings) as api:
        await asyncio.to_thread(own_postgres.stop)
        # Where it failed us already it is not asked again: each time may take until a limit.
        for status, path, warnings in ((500, PATH, 0), (400, f"{PATH}?page=0", 1)):
            response = await api.request("GET", path, alice)
            assert (response.status_code, *told(response)) == (status, POLICY, None)
            found = [each for each in caplog.messages if each.startswith("An answer goes without")]
            assert len(found) == warnings


SUCCESSORS = {
    ("POST", PATH): ("initiateStoryGeneration", "mutation"),
    ("GET", PATH): ("storyGenerations", "query"),
    ("HEAD", PATH): ("storyGenerations", "query"),
    ("GET", f"{PATH}/{NOBODYS}"): ("storyGeneration", "query"),
    ("DELETE", f"{PATH}/{NOBODYS}"): ("deleteStoryGeneration", "mutation"),
}


async def test_every_answer_names_what_replaces_it_where_that_is_shown(api: Api, alice: UUID) -> None:
    page = (await api.request("GET", "/api/docs")).text
    for (method, path), (field, kind) in SUCCESSORS.items():
        for user in (alice, None):
            links = re.split(", (?=<)", (await api.request(method, path, user)).headers["link"])
            assert links == [
                f'</api/docs#{field}>; rel="successor-version"; title="{kind} {field}"',
                '</api/openapi.json>; rel="service-desc"; type="application/json"',
                '</api/docs>; rel="service-doc"; type="text/html"',
            ]
        assert page.count(f'id="{field}"') == 1


async def test_what_is_left_costs_readers_no_round_trip_of_its_own(
    api: Api, alice: UUID, put_generation: PutGeneration, story: str
) -> None:
    generation = await put_generation("failed")
    for method, path, round_trips, options in [
        ("GET", PATH, 1, {}),
        ("GET", f"{PATH}?status=failed", 1, {}),
        ("GET", f"{PATH}?page=7", 1, {}),
        ("GET", f"{PATH}/{generation}", 1, {}),
        ("GET", f"{PATH}/{NOBODYS}", 1, {}),
        ("POST", PATH, 1, {"json": {"story_id": story}}),
        ("POST", PATH, 1, {"json": {"story_id": story}, "headers": {"Idempotency-Key": "a key"}}),
    ]:
        with recording(api) as recorder:
            response = await api.request(method, path, alice, **options)
        assert response.headers["ratelimit"]
        assert len(recorder.round_trips) == round_trips, recorder.round_trips
