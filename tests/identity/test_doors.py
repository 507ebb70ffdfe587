"""What is no good token opens no door: GraphQL, REST and websocket alike."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta, tzinfo
from random import Random
from typing import Any

import jwt
import jwt.api_jwt
import pytest

import core.identity
from core.errors import Unauthenticated
from core.identity import LEEWAY, open_verifier
from core.settings import Settings
from tests.callers import Api, Socket
from tests.identity.conftest import key
from tests.identity.forgeries import forgeries
from tests.identity.issuer import USER, JwksServer, claims
from tests.live.streams import closed

SECRET = "a secret of at least thirty-two bytes"
VIEWER = "{ viewer { id } }"

Sign = Callable[..., str]


@pytest.fixture(params=["HS256", "RS256", "ES256", "EdDSA"])
async def door(
    request: pytest.FixtureRequest, serve_with: Callable[..., Any], jwks: JwksServer
) -> AsyncIterator[tuple[Api, Sign]]:
    """An API, and how its tokens are signed."""
    algorithm: str = request.param
    if algorithm == "HS256":
        async with serve_with(jwt_secret=SECRET) as api:
            yield api, lambda content, **more: jwt.encode(content, SECRET, "HS256", headers=more or None)
        return
    signing = key(algorithm, "first")
    jwks.publish(signing)
    async with serve_with(jwt_secret=None, jwks_url=jwks.url, jwt_algorithm=algorithm) as api:
        yield api, signing.sign


async def test_no_bad_token_opens_any_door(door: tuple[Api, Sign], subtests: pytest.Subtests) -> None:
    api, sign = door
    for name, forge in forgeries(sign, Random(1)).items():
        with subtests.test(token=name):
            token = forge()
            headers = {"Authorization": f"Bearer {token}"}
            told = await api.request("POST", "/graphql", json={"query": VIEWER}, headers=headers)
            assert told.status_code == 401
            assert told.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
            told = await api.request("GET", "/api/story-generations", headers=headers)
            assert (told.status_code, told.json()) == (401, {"error": "Unauthorized"})
            # The upgrade's header has no room for the longest: 431.
            ways = [({}, headers), (headers, {})] if len(token) < 8000 else [({}, headers)]
            for upgrade, payload in ways:
                async with api.raw_socket(upgrade) as connection:
                    await Socket(connection).send({"type": "connection_init", "payload": payload})
                    assert await closed(connection) == (4403, "Forbidden")


async def test_a_good_token_opens_every_door_and_the_socket_closes_with_it(
    door: tuple[Api, Sign],
) -> None:
    api, sign = door
    expires = int(time.time()) + 3
    headers = {"Authorization": f"Bearer {sign(claims(exp=expires))}"}
    told = await api.request("POST", "/graphql", json={"query": VIEWER}, headers=headers)
    assert told.json() == {"data": {"viewer": {"id": str(USER)}}}
    assert (await api.request("GET", "/api/story-generations", headers=headers)).status_code == 200
    async with api.raw_socket() as connection:
        await Socket(connection).send({"type": "connection_init", "payload": headers})
        assert await Socket(connection).receive() == {"type": "connection_ack"}
        assert await closed(connection) == (4403, "Token expired")
        assert 0 <= time.time() - expires < 1


def set_clock(monkeypatch: pytest.MonkeyPatch, moment: Callable[[], datetime]) -> None:
    """Have this process believe that it is `moment`, where tokens are concerned."""

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Any:
            return moment().astimezone(tz)

    for module in (core.identity, jwt.api_jwt):
        monkeypatch.setattr(module, "datetime", Clock)


async def test_the_issuers_clock_may_run_ahead_by_five_seconds_and_no_token_outlives_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert timedelta(seconds=5) == LEEWAY
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    set_clock(monkeypatch, lambda: now)
    verifier = open_verifier(Settings(jwt_secret=SECRET))
    second = int(now.timestamp())

    async def is_good(**change: float) -> bool:
        token = jwt.encode(claims(**{"exp": second + 60, **change}), SECRET, "HS256")
        try:
            return bool(await verifier.verify(token))
        except Unauthenticated:
            return False

    for claim in ("nbf", "iat"):
        assert [await is_good(**{claim: second + ahead}) for ahead in (4, 5, 6)] == [True, True, False]
    ends = [await is_good(exp=second + left) for left in (-6, -5, -1, 0, 1)]
    assert ends == [False, False, False, False, True]


@pytest.mark.parametrize(
    ("hours", "reason"), [(1, "Signature has expired"), (-1, "The token is not yet valid (iat)")]
)
async def test_a_clock_that_is_wrong_is_found_in_the_log(
    *,
    serve_with: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    hours: int,
    reason: str,
) -> None:
    token = jwt.encode(claims(iat=int(time.time())), SECRET, "HS256")
    set_clock(monkeypatch, lambda: datetime.now(UTC) + timedelta(hours=hours))
    async with serve_with(jwt_secret=SECRET) as api:
        with caplog.at_level(logging.INFO, "core.identity"):
            told = await api.request(
                "GET", "/api/story-generations", headers={"Authorization": f"Bearer {token}"}
            )
    assert (told.status_code, told.json()) == (401, {"error": "Unauthorized"})
    assert f"A token that its issuer signed is refused: {reason} (it is 20" in caplog.text
    assert token not in caplog.text
