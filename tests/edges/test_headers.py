"""What each answer tells browsers, whoever gives it; and which pages elsewhere may read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
import httpx
import pytest
from websockets.exceptions import InvalidStatus

from core.settings import Settings, load_settings
from tests.callers import Client, Socket
from tests.edges.conftest import Edge
from tests.edges.raw import HANDSHAKE, wire

DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
FRIEND = "https://app.example"
FOREIGN = [
    "https://evil.example",
    "http://app.example",
    "https://app.example:8443",
    "https://app.example.evil.example",
    "https://sub.app.example",
    "https://app.example/",
    "HTTPS://APP.EXAMPLE",
    "null",
    "*",
]


def assert_secure(headers: httpx.Headers, **changes: str | None) -> None:
    expected: dict[str, str | None] = {
        "cache-control": "no-store",
        "content-security-policy": DATA_POLICY,
        "cross-origin-resource-policy": "same-origin",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "strict-transport-security": None,
        **{name.replace("_", "-"): value for name, value in changes.items()},
    }
    assert {name: headers.get(name) for name in expected} == expected
    # Once each: of two, browsers take the stricter, the last, or none.
    assert all(len(headers.get_list(name)) <= 1 for name in expected)


ANSWERS: dict[str, tuple[int, str, str, dict[str, Any]]] = {
    "the index": (200, "GET", "/", {}),
    "health": (200, "GET", "/healthz", {}),
    "readiness": (200, "GET", "/readyz", {}),
    "GraphQL": (200, "POST", "/graphql", {"json": {"query": "{ viewer { id } }"}}),
    "GraphQL that fails": (400, "POST", "/graphql", {"json": []}),
    "another media type": (415, "POST", "/graphql", {"content": b"x"}),
    "no media type": (406, "GET", "/graphql", {"headers": {"Accept": "image/png"}}),
    "too large": (413, "POST", "/graphql", {"json": "x" * 4_200_000}),
    "REST": (200, "GET", "/api/story-generations", {}),
    "REST that fails": (400, "GET", "/api/story-generations?page=x", {}),
    "no generation": (404, "GET", f"/api/story-generations/{UUID(int=1)}", {}),
    "no such page": (404, "GET", "/nowhere", {}),
    "no such method": (405, "PUT", "/graphql", {}),
    "a link that is none": (403, "GET", "/files/x", {}),
}
FILES = {
    "content_security_policy": (
        "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'"
    ),
    "cross_origin_resource_policy": "cross-origin",
}


@pytest.mark.parametrize("answer", list(ANSWERS))
async def test_every_answer_is_secure_and_has_an_id(edge: Edge, alice: UUID, answer: str) -> None:
    status, method, path, options = ANSWERS[answer]
    response = await edge.client.request(method, path, alice, **options)
    assert response.status_code == status
    assert_secure(response.headers, **(FILES if path.startswith("/files/") else {}))
    assert len(response.headers["x-request-id"]) == 16


@pytest.mark.parametrize("path", ["/graphql", "/api/story-generations"])
async def test_a_refused_sign_in_is_secure(edge: Edge, path: str) -> None:
    response = await edge.client.request("GET", path)
    assert response.status_code == 401
    assert_secure(response.headers)


async def test_what_is_refused_before_it_is_a_request_is_secure(edge: Edge) -> None:
    async with wire(edge.base) as end:
        await end.send(b"nonsense\r\n\r\n")
        head, _, body = (await end.rest()).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert (status, body) == ("HTTP/1.1 400 Bad Request", b'{"error": "Bad Request"}')
    told = [line.partition(": ") for line in lines]
    assert_secure(httpx.Headers([(name, value) for name, _, value in told]))


async def test_the_answer_to_a_fault_of_ours_is_secure_and_has_the_id_that_is_logged(
    edge_with: Any, alice: UUID
) -> None:
    async with edge_with() as edge:
        story = await edge.client.add_story(alice)
        generation = await edge.client.initiate(alice, story)
        administrator = await asyncpg.connect(edge.settings.need("migration_database_url"))
        try:
            await administrator.execute("REVOKE SELECT ON story_generations FROM storycast_api")
            path = f"/api/story-generations/{generation}"
            response = await edge.client.request("GET", path, alice)
        finally:
            await administrator.execute("GRANT SELECT ON story_generations TO storycast_api")
            await administrator.close()
        assert response.status_code == 500
        assert_secure(response.headers)
        assert response.headers["x-request-id"] in edge.log.read_text()


async def test_a_fault_that_no_endpoint_catches_is_secure_and_has_an_id(edge_with: Any) -> None:
    broken = """
import sys, server.app
async def index(request): raise LookupError("a riddle")
server.app.index = index
from server.__main__ import main
sys.exit(main(sys.argv[1:]))
"""
    async with edge_with(("-c", broken), allowed_origins=FRIEND) as edge:
        response = await edge.client.request("GET", "/")
        assert (response.status_code, response.json()) == (500, {"error": "Internal server error"})
        assert_secure(response.headers)
    # The server logs it when the answer is on its way.
    assert response.headers["x-request-id"] in edge.log.read_text()


async def test_where_the_public_address_is_https_browsers_are_told_to_use_no_other(edge_with: Any) -> None:
    async with edge_with(public_url="https://stories.example") as edge:
        for path in ("/", "/nowhere", "/graphql", "/files/x"):
            response = await edge.client.request("GET", path)
            assert response.headers["strict-transport-security"] == "max-age=31536000"


async def asked(client: Client, origin: str, path: str, **more: str) -> tuple[httpx.Response, httpx.Response]:
    """A preflight, and a request, as a browser sends them for a page of `origin`."""
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST", **more}
    wanted = "authorization,content-type,idempotency-key"
    preflight = await client.request(
        "OPTIONS", path, headers={"Access-Control-Request-Headers": wanted, **headers}
    )
    return preflight, await client.request("GET", path, headers={"Origin": origin})


@pytest.mark.parametrize("path", ["/graphql", "/api/story-generations"])
async def test_no_page_elsewhere_may_read_answers_unless_told(edge: Edge, path: str) -> None:
    for origin in (FRIEND, *FOREIGN):
        for response in await asked(edge.client, origin, path):
            assert not [name for name in response.headers if name.startswith("access-control-")]


@pytest.mark.parametrize("path", ["/graphql", "/api/story-generations"])
async def test_pages_of_the_origins_allowed_may_and_no_others(
    serve_with: Any, alice: UUID, path: str
) -> None:
    async with serve_with(allowed_origins=f"{FRIEND}, http://localhost:5173") as api:
        for origin in (FRIEND, "http://localhost:5173"):
            preflight, answer = await asked(api, origin, path)
            assert preflight.status_code == 200
            allowed = preflight.headers["access-control-allow-headers"].lower().split(", ")
            assert {"authorization", "content-type", "idempotency-key", "last-event-id"} <= set(allowed)
            assert preflight.headers["access-control-allow-methods"] == "GET, POST, DELETE"
            exposed = "Link, RateLimit, RateLimit-Policy, Retry-After, X-Request-Id"
            assert answer.headers["access-control-expose-headers"] == exposed
            for response in (preflight, answer):
                assert response.headers["access-control-allow-origin"] == origin
                assert "Origin" in response.headers["vary"]
                # Cookies are used nowhere.
                assert "access-control-allow-credentials" not in response.headers
                assert_secure(response.headers)
                assert "x-request-id" in response.headers
        for origin in FOREIGN:
            for response in await asked(api, origin, path):
                assert "access-control-allow-origin" not in response.headers
                assert "Origin" in response.headers["vary"]
        assert "Origin" in (await api.request("GET", path, alice)).headers["vary"]
        for elsewhere in ("/", "/healthz", "/readyz", "/sign-in/demo"):
            for response in await asked(api, FRIEND, elsewhere):
                assert "access-control-allow-origin" not in response.headers
        for origin in (FRIEND, "https://evil.example"):
            linked = await api.request("GET", "/files/x", headers={"Origin": origin})
            assert linked.headers.get_list("access-control-allow-origin") == ["*"]


async def test_pages_of_the_origins_allowed_may_read_what_is_written_whole(
    serve_with: Any, alice: UUID
) -> None:
    async with serve_with(allowed_origins=FRIEND) as api:
        for origin, allowed in ((FRIEND, FRIEND), ("https://evil.example", None)):
            headers = {"Origin": origin, **api.headers(alice)}
            answer = await api.request("POST", "/graphql", headers=headers, json={"query": "{ __typename }"})
            assert answer.json() == {"data": {"__typename": "Query"}}
            assert answer.headers.get("access-control-allow-origin") == allowed
            assert "Origin" in answer.headers["vary"]


async def test_sockets_are_for_pages_of_ours_and_of_the_origins_allowed(serve_with: Any, alice: UUID) -> None:
    async with serve_with(allowed_origins=FRIEND) as api:
        for origin in (FRIEND, api.base, None):
            headers = {"Origin": origin} if origin else {}
            async with api.raw_socket(headers) as connection:
                socket = Socket(connection)
                await socket.send({"type": "connection_init", "payload": api.headers(alice)})
                assert await socket.receive() == {"type": "connection_ack"}
        # These two name the friend's, in ways no browser does.
        for origin in set(FOREIGN) - {"https://app.example/", "HTTPS://APP.EXAMPLE"}:
            with pytest.raises(InvalidStatus) as refused:
                async with api.raw_socket({"Origin": origin, **api.headers(alice)}):
                    pass
            assert refused.value.response.status_code == 403


async def answered(base: str, host: str, *more: str) -> bytes:
    """The status line of an upgrade that was asked as `host`, with headers more."""
    lines = "".join(f"{line}\r\n" for line in more)
    async with wire(base) as end:
        await end.send(HANDSHAKE.format(host=host, more=lines).encode())
        return (await end.answer()).split(b"\r\n", 1)[0]


OPENED, REFUSED = b"HTTP/1.1 101 Switching Protocols", b"HTTP/1.1 403 Forbidden"
PUBLIC = "https://stories.example"
REBOUND = ("evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "192.168.1.5", "0.0.0.0", "[::]")
LOOPBACK = ("localhost", "LOCALHOST", "127.0.0.1", "[::1]")


@pytest.mark.parametrize("environment", ["local", "production"])
@pytest.mark.parametrize("public_url", ["", PUBLIC])
async def test_a_page_is_not_ours_for_a_name_that_leads_here(
    edge_with: Any, environment: str, public_url: str
) -> None:
    async with edge_with(environment=environment, public_url=public_url, allowed_origins=FRIEND) as edge:
        port = urlsplit(edge.base).port
        for name in REBOUND:
            for host in (name, f"{name}:{port}"):
                for scheme in ("http", "https"):
                    page = f"Origin: {scheme}://{host}"
                    assert await answered(edge.base, host, page) == REFUSED
                    assert await answered(edge.base, host, page, "Sec-Fetch-Site: same-origin") == REFUSED
        reached_otherwise = REFUSED if environment == "production" and public_url else OPENED
        for name in LOOPBACK:
            host = f"{name}:{port}"
            assert await answered(edge.base, host, f"Origin: http://{host.lower()}") == reached_otherwise
            assert await answered(edge.base, host, f"Origin: http://{name.lower()}:1") == REFUSED
            assert await answered(edge.base, host, "Origin: null") == REFUSED
            assert await answered(edge.base, host) == OPENED
            assert await answered(edge.base, host, f"Origin: {FRIEND}") == OPENED
        public = await answered(edge.base, "stories.example", f"Origin: {PUBLIC}")
        assert public == (OPENED if public_url else REFUSED)


@pytest.mark.parametrize(
    "listed",
    [
        "*",
        "null",
        "app.example",
        "https://app.example/",
        "https://app.example/path",
        "https://*.app.example",
        "https://user@app.example",
        "ftp://app.example",
        "https://",
        "https://app.example https://b.example",
        "https://app.example,*",
        "https://App.example",
    ],
)
def test_an_origin_that_no_browser_would_send_stops_the_start(listed: str) -> None:
    with pytest.raises(Exception, match="must be origins as browsers send them"):
        load_settings(allowed_origins=listed)


def test_origins_are_listed_with_commas() -> None:
    listed = Settings(allowed_origins="https://app.example, http://localhost:5173,http://[::1]:8000,")
    assert listed.origins == ("https://app.example", "http://localhost:5173", "http://[::1]:8000")
    assert Settings().origins == ()
