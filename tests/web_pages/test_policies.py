"""The UI may play from where links lead to, and from nowhere else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from core.results import result_key
from server.web import policies
from tests.web_pages.builds import HTML

KEY = result_key(UUID(int=1), UUID(int=2), 3, ".mp3")
BUCKET = {
    "results_url": "s3://stories/production",
    "s3_access_key_id": "key",
    "s3_secret_access_key": "secret",
}


def sources(policy: str) -> dict[str, list[str]]:
    """A policy's directives."""
    split = [directive.split(" ") for directive in policy.split("; ")]
    read = {name: listed for name, *listed in split}
    assert len(read) == len(split)
    return read


@pytest.mark.parametrize(
    ("changes", "origin"),
    [
        ({}, None),
        (BUCKET, "https://stories.s3.us-east-1.amazonaws.com"),
        ({**BUCKET, "s3_region": "eu-north-1"}, "https://stories.s3.eu-north-1.amazonaws.com"),
        ({**BUCKET, "s3_endpoint": "http://127.0.0.1:9000"}, "http://127.0.0.1:9000"),
        ({**BUCKET, "s3_endpoint": "https://storage.example/s3"}, "https://storage.example"),
    ],
)
async def test_the_page_s_policy_has_the_origin_of_the_links(
    pages_with: Any, changes: dict[str, str], origin: str | None
) -> None:
    async with pages_with(**changes) as api:
        link = urlsplit(api.services.links.url(KEY))
        expected = origin or api.base
        assert f"{link.scheme}://{link.netloc}" == expected
        headers = (await api.request("GET", "/", headers=HTML)).headers
        read = sources(headers["content-security-policy"])
        assert read["connect-src"] == read["media-src"] == ["'self'", expected]
        others = {name for name, listed in read.items() if expected in listed}
        assert others == {"connect-src", "media-src"}


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("http://127.0.0.1:8000/files/x", ["http://127.0.0.1:8000"]),
        ("https://stories.example/storycast/files/x?a=b", ["https://stories.example"]),
        ("https://Stories.Example/files/x", ["https://stories.example"]),
        ("https://user:password@stories.example/x", ["https://stories.example"]),
        ("https://my_bucket.s3.example/x", ["https://my_bucket.s3.example"]),
        # None of these can be said in a policy.
        ("http://[::1]:8000/files/x", []),
        ("https://a;script-src*/x", []),
        ("https://a b/x", []),
        ("https://*/x", []),
        ("https://a,b/x", []),
        ("/files/x", []),
    ],
)
def test_only_an_origin_gets_into_a_policy(link: str, expected: list[str]) -> None:
    read = sources(policies.ui(link))
    assert read["connect-src"] == read["media-src"] == ["'self'", *expected]
    assert read["script-src"] == ["'self'"]


@pytest.mark.parametrize("policy", [policies.ui("https://a.example/x"), policies.GRAPHIQL, policies.SCRIPT])
def test_no_policy_lets_scripts_be_written_into_a_page(policy: str) -> None:
    read = sources(policy)
    assert read["default-src"] == ["'none'"]
    assert read["script-src"] == ["'self'"]
    assert "unsafe-eval" not in policy
    unsafe = {name for name, listed in read.items() if "'unsafe-inline'" in listed}
    assert unsafe == ({"style-src"} if policy == policies.GRAPHIQL else set())
    assert all(read[name] == ["'none'"] for name in ("base-uri", "form-action", "frame-ancestors"))
