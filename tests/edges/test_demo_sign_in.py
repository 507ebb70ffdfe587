"""The demo users' tokens are for pages of a local installation, on its own machine, and for nobody else."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Route

from core.settings import Settings
from server.demo_sign_in import demo_routes, is_from_here
from server.local.demo import DEMO_USER, SECOND_DEMO_USER
from tests.edges.conftest import Edge

PATH = "/sign-in/demo"


async def sign_in(
    base: str, headers: list[tuple[str, str]] | dict[str, str], query: str = ""
) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.post(f"{base}{PATH}{query}", headers=headers)


async def mine(edge: Edge, query: str) -> Any:
    """What a page is told that signs in with `query`, and the stories of whom it is then."""
    told = (await sign_in(edge.base, {"Origin": edge.base}, query)).json()
    bearer = {"Authorization": f"Bearer {told['token']}"}
    document = {"query": "{ viewer { id } stories { items { title } } }"}
    answer = await edge.client.request("POST", "/graphql", headers=bearer, json=document)
    return told, answer.json()["data"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_page_of_the_local_server_gets_a_token_that_works(edge: Edge, name: str) -> None:
    host = f"{name}:{edge.process.port}"
    headers = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    answer = await sign_in(edge.base, headers)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert set(told) == {"token", "expires_at", "user", "users"}
    left = datetime.fromisoformat(told["expires_at"]) - datetime.now(UTC)
    assert timedelta(hours=23) < left <= timedelta(days=1)
    bearer = {"Authorization": f"Bearer {told['token']}"}
    who = await edge.client.request("POST", "/graphql", headers=bearer, json={"query": "{ viewer { id } }"})
    assert who.json() == {"data": {"viewer": {"id": str(DEMO_USER)}}}


async def test_a_page_may_ask_for_either_demo_user_and_is_told_of_both(edge: Edge) -> None:
    await edge.client.add_story(DEMO_USER, title="The first one's")
    await edge.client.add_story(SECOND_DEMO_USER, title="The second one's")
    both = [{"key": "first", "name": "Demo user"}, {"key": "second", "name": "Second demo user"}]
    first = {"id": "00000000-0000-4000-8000-000000000001", "name": "Demo user"}
    second = {"id": "00000000-0000-4000-8000-000000000002", "name": "Second demo user"}
    for query, user, title in (
        ("", first, "The first one's"),
        ("?user=first", first, "The first one's"),
        ("?user=second", second, "The second one's"),
    ):
        told, seen = await mine(edge, query)
        assert (told["user"], told["users"]) == (user, both)
        assert seen == {"viewer": {"id": user["id"]}, "stories": {"items": [{"title": title}]}}


@pytest.mark.parametrize(
    "query", ["?user=third", "?user=", "?user=SECOND", "?user=first&user=second", f"?user={DEMO_USER}"]
)
async def test_there_is_no_third_user(edge: Edge, query: str) -> None:
    answer = await sign_in(edge.base, {"Origin": edge.base}, query)
    assert (answer.status_code, answer.json()) == (400, {"error": "user must be one of first, second"})
    assert (await sign_in(edge.base, {"Origin": "https://evil.example"}, query)).status_code == 403


async def test_nobody_else_gets_one(edge: Edge) -> None:
    port = edge.process.port
    ours = f"127.0.0.1:{port}"
    origin = f"http://{ours}"
    asked: dict[str, dict[str, str] | list[tuple[str, str]]] = {
        "a name that leads here": {"Host": f"evil.example:{port}", "Origin": f"http://evil.example:{port}"},
        "such a name, our origin": {"Host": f"evil.example:{port}", "Origin": origin},
        "such a name without a port": {"Host": "evil.example", "Origin": "http://evil.example"},
        "a name that begins like ours": {
            "Host": f"localhost.evil.example:{port}",
            "Origin": f"http://localhost.evil.example:{port}",
        },
        "a name of this machine's": {"Host": f"127.0.0.1.nip.io:{port}", "Origin": origin},
        "no port": {"Host": "127.0.0.1", "Origin": origin},
        "another port": {"Host": "127.0.0.1:1", "Origin": "http://127.0.0.1:1"},
        "another page": {"Host": ours, "Origin": "https://evil.example"},
        "another page on this machine": {"Host": ours, "Origin": "http://127.0.0.1:1"},
        "another loopback name": {"Host": ours, "Origin": f"http://localhost:{port}"},
        "another scheme": {"Host": ours, "Origin": f"https://{ours}"},
        "a page of nowhere": {"Host": ours, "Origin": "null"},
        "no page": {"Host": ours},
        "an empty origin": {"Host": ours, "Origin": ""},
        "a page elsewhere, says the browser": {
            "Host": ours,
            "Origin": origin,
            "Sec-Fetch-Site": "cross-site",
        },
        "a page of the same site": {"Host": ours, "Origin": origin, "Sec-Fetch-Site": "same-site"},
        "two origins": [("Host", ours), ("Origin", origin), ("Origin", "https://evil.example")],
        "a proxy": {"Host": ours, "Origin": origin, "X-Forwarded-For": "127.0.0.1"},
        "a proxy of another kind": {"Host": ours, "Origin": origin, "X-Forwarded-Host": ours},
        "a proxy by the standard": {"Host": ours, "Origin": origin, "Forwarded": "for=127.0.0.1"},
        "a proxy on the way": {"Host": ours, "Origin": origin, "Via": "1.1 proxy"},
        "nginx": {"Host": ours, "Origin": origin, "X-Real-IP": "127.0.0.1"},
    }
    for (who, headers), query in itertools.product(asked.items(), ("", "?user=second")):
        answer = await sign_in(edge.base, headers, query)
        assert (answer.status_code, answer.json()) == (403, {"error": "Forbidden"}), who
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert (await sign_in(edge.base, {"Host": ours, "Origin": origin})).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "OPTIONS"])
async def test_it_has_to_be_a_post(edge: Edge, method: str) -> None:
    response = await edge.client.request(method, PATH, headers={"Origin": edge.base})
    assert response.status_code == 405


async def test_origins_that_may_use_the_api_may_not_sign_in(serve_with: Any) -> None:
    friend = "https://app.example"
    async with serve_with(allowed_origins=friend) as api:
        host = api.base.removeprefix("http://")
        assert (await sign_in(api.base, {"Host": host, "Origin": api.base})).status_code == 200
        for headers in ({"Host": host, "Origin": friend}, {"Host": "app.example", "Origin": friend}):
            answer = await sign_in(api.base, headers)
            assert answer.status_code == 403
            assert "access-control-allow-origin" not in answer.headers


async def test_in_production_there_is_no_such_path(serve_with: Any) -> None:
    async with serve_with(environment="production") as api:
        assert (await sign_in(api.base, {"Origin": api.base})).status_code == 404
        assert "demo_sign_in" not in (await api.request("GET", "/")).json()


def routes(**changes: Any) -> list[Route]:
    secret = {"jwt_secret": "a secret of at least thirty-two bytes"}
    return demo_routes(Settings(**{"environment": "local", **secret, **changes}))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.0.1"])
def test_a_local_server_that_only_its_machine_reaches_has_the_path(host: str) -> None:
    assert len(routes(host=host)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "0.0.0.0"},
        {"host": "::"},
        {"host": ""},
        {"host": "192.168.1.5"},
        {"host": "stories.example"},
        {"host": "localhost.example"},
        {"environment": "production"},
        {"jwt_secret": None, "jwks_url": "https://issuer.example/keys"},
    ],
)
def test_others_have_not(changes: dict[str, Any]) -> None:
    assert routes(**changes) == []


@pytest.mark.parametrize(
    ("client", "server", "expected"),
    [
        (("127.0.0.1", 5), ("127.0.0.1", 8000), True),
        (("::1", 5), ("::1", 8000), True),
        (("192.168.1.9", 5), ("127.0.0.1", 8000), False),
        (("127.0.0.1", 5), ("192.168.1.5", 8000), False),
        (None, ("127.0.0.1", 8000), False),
        (("127.0.0.1", 5), None, False),
        (("", 5), ("127.0.0.1", 8000), False),
    ],
)
def test_both_ends_are_on_this_machine(client: Any, server: Any, expected: bool) -> None:
    headers = [(b"host", b"localhost:8000"), (b"origin", b"http://localhost:8000")]
    scope = {"type": "http", "method": "POST", "headers": headers, "client": client, "server": server}
    assert is_from_here(Request(scope)) is expected
