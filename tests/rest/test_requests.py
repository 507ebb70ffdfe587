"""What requests may look like: bodies and their types, parameters, and which fault is told first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from itertools import product
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.callers import Api

PATH = "/api/story-generations"
MOST_BYTES = 64 * 1024
NOBODYS = "0192f0c1-2b3c-7d4e-8f90-a1b2c3d4e5f6"


def padded(story: str, size: int) -> bytes:
    """A good body of exactly `size` bytes."""
    bare = json.dumps({"story_id": story, "padding": ""})
    return json.dumps({"story_id": story, "padding": "x" * (size - len(bare))}).encode()


async def chunks(body: bytes) -> AsyncIterator[bytes]:
    """The body, sent piece by piece without saying how long it will be."""
    for start in range(0, len(body), 10_000):
        yield body[start : start + 10_000]


async def test_json_is_taken_under_its_name_or_none(
    api: Api, alice: UUID, story: str, subtests: pytest.Subtests
) -> None:
    body = json.dumps({"story_id": story}).encode()
    for content_type in [
        None,
        "",
        "application/json",
        "application/json; charset=utf-8",
        "application/json;charset=UTF-8",
        "Application/JSON",
        "application/json ; odd",
    ]:
        with subtests.test(content_type=content_type):
            headers = {} if content_type is None else {"Content-Type": content_type}
            response = await api.request("POST", PATH, alice, content=body, headers=headers)
            assert response.status_code == 202


async def test_other_media_types_are_refused(
    api: Api, alice: UUID, story: str, sql: asyncpg.Connection, subtests: pytest.Subtests
) -> None:
    body = json.dumps({"story_id": story}).encode()
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/xml",
        "application/jsonp",
        "text/plain; application/json",
        "json",
    ]:
        with subtests.test(content_type=content_type):
            headers = {"Content-Type": content_type}
            response = await api.request("POST", PATH, alice, content=body, headers=headers)
            assert (response.status_code, response.json()) == (415, {"error": "Unsupported media type"})
    assert await sql.fetchval("SELECT count(*) FROM story_generations") == 0


@pytest.mark.parametrize("way", ["by length", "in chunks"])
async def test_a_body_of_64_kib_is_the_largest(api: Api, alice: UUID, story: str, way: str) -> None:
    statuses = {}
    for size in (MOST_BYTES, MOST_BYTES + 1, 40 * MOST_BYTES):
        body = padded(story, size)
        content = body if way == "by length" else chunks(body)
        response = await api.request("POST", PATH, alice, content=content)
        statuses[size] = response.status_code
        if response.status_code == 413:
            assert response.json() == {"error": "Request body too large"}
    assert statuses == {MOST_BYTES: 202, MOST_BYTES + 1: 413, 40 * MOST_BYTES: 413}


BODIES: list[tuple[bytes, list[str], str]] = [
    (b"", [], "json_invalid"),
    (b"{", [], "json_invalid"),
    (b"story_id=1", [], "json_invalid"),
    (b'{"story_id": "\xff"}', [], "json_invalid"),
    (b'{"story_id": "\\ud800"}', [], "json_invalid"),
    (b"[" * 60_000, [], "json_invalid"),
    (b"null", [], "model_type"),
    (b"[]", [], "model_type"),
    (b"1", [], "model_type"),
    (b"{}", ["story_id"], "missing"),
    (b'{"storyId": "x"}', ["story_id"], "missing"),
    (b'{"story_id": null}', ["story_id"], "uuid_type"),
    (b'{"story_id": 1}', ["story_id"], "uuid_type"),
    (b'{"story_id": ""}', ["story_id"], "uuid_parsing"),
    (b'{"story_id": "not-a-uuid"}', ["story_id"], "uuid_parsing"),
]
PARAMETERS = [
    ("page=0", ["page"], "greater_than_equal"),
    ("page=-1", ["page"], "greater_than_equal"),
    ("page=1000001", ["page"], "less_than_equal"),
    ("page=99999999999999999999999", ["page"], "less_than_equal"),
    ("page=x", ["page"], "int_parsing"),
    ("page=1.5", ["page"], "int_parsing"),
    ("page=", ["page"], "int_parsing"),
    ("page=1&page=x", ["page"], "int_parsing"),
    ("pageSize=0", ["pageSize"], "greater_than_equal"),
    ("pageSize=101", ["pageSize"], "less_than_equal"),
    ("pageSize=ten", ["pageSize"], "int_parsing"),
    ("status=done", ["status"], "enum"),
    ("status=PENDING", ["status"], "enum"),
    ("status=", ["status"], "enum"),
]


async def test_a_body_that_does_not_validate_is_told_where(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    for body, path, code in BODIES:
        with subtests.test(body=body[:40]):
            assert_invalid(await api.request("POST", PATH, alice, content=body), path, code)


async def test_a_parameter_that_does_not_validate_is_told_where(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    for query, path, code in PARAMETERS:
        with subtests.test(query=query):
            assert_invalid(await api.request("GET", f"{PATH}?{query}", alice), path, code)


async def test_every_parameter_that_does_not_validate_is_told(api: Api, alice: UUID) -> None:
    response = await api.request("GET", f"{PATH}?page=0&pageSize=0&status=x", alice)
    told = [(detail["path"], detail["code"]) for detail in response.json()["details"]]
    assert told == [
        (["page"], "greater_than_equal"),
        (["pageSize"], "greater_than_equal"),
        (["status"], "enum"),
    ]


async def test_parameters_hold_up_to_their_limits_and_unknown_ones_are_ignored(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    for query, page, size in [
        ("page=1&pageSize=1", 1, 1),
        ("page=1000000&pageSize=100", 1_000_000, 100),
        ("page_size=3&PAGE=7&sort=asc&%00=%ff", 1, 10),
    ]:
        with subtests.test(query=query):
            response = await api.request("GET", f"{PATH}?{query}", alice)
            meta = {"page": page, "pageSize": size, "total": 0}
            assert (response.status_code, response.json()) == (200, {"data": [], "meta": meta})


async def test_a_path_that_holds_no_uuid_is_told_so(api: Api, alice: UUID, subtests: pytest.Subtests) -> None:
    given = ("1", "not-a-uuid", f"{NOBODYS}0", "%00", "%F0%9F%A6%8A", "null")
    for method, part in product(("GET", "DELETE"), given):
        with subtests.test(method=method, part=part):
            assert_invalid(await api.request(method, f"{PATH}/{part}", alice), ["id"], "uuid_parsing")


async def test_the_first_fault_is_told_in_the_order_path_method_token_type_size_body(
    api: Api, alice: UUID, subtests: pytest.Subtests
) -> None:
    text, long_key, oversized = {"Content-Type": "text/plain"}, {"Idempotency-Key": "k" * 256}, MOST_BYTES + 1
    for method, path, user, headers, size, status in [
        # Each of the first six has all the faults of those below it, and one more: the one that is told.
        ("PUT", "/api/other", None, text | long_key, oversized, 404),
        ("PUT", PATH, None, text | long_key, oversized, 405),
        ("POST", PATH, None, text | long_key, oversized, 401),
        ("POST", PATH, alice, text | long_key, oversized, 415),
        ("POST", PATH, alice, long_key, oversized, 413),
        ("POST", PATH, alice, long_key, 1, 400),
        ("GET", f"{PATH}/no-uuid", None, {}, 0, 401),
        ("GET", f"{PATH}?page=0", None, {}, 0, 401),
    ]:
        with subtests.test(status=status, method=method):
            response = await api.request(method, path, user, headers=headers, content=b"x" * size)
            assert response.status_code == status


def assert_invalid(response: Any, path: list[str], code: str) -> None:
    """The documented body, with one detail."""
    assert response.status_code == 400
    body = response.json()
    assert body.keys() == {"error", "details"}
    assert body["error"] == "Validation error"
    (detail,) = body["details"]
    assert detail.keys() == {"path", "message", "code"}
    assert (detail["path"], detail["code"]) == (path, code)
    assert isinstance(detail["message"], str)
    assert detail["message"]
