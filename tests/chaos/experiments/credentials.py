"""Links and tokens where clocks are wrong: by each clock made, by each clock met."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit
from uuid import UUID

import jwt
from websockets.exceptions import ConnectionClosed

from core.identity import SHARED_SECRET_ALGORITHM
from tests.callers import Client
from tests.chaos.experiment import Findings
from tests.chaos.installation import Installation

LINKS_OPEN = {
    "right": {"right": 200, "ahead": 403, "behind": 200},
    "ahead": {"right": 200, "ahead": 200, "behind": 200},
    "behind": {"right": 403, "ahead": 403, "behind": 200},
}
# By a process of each clock; the last is what a clock that is behind cannot know.
TOKENS = {
    "issued a moment ago, for an hour": {"right": 200, "ahead": 401, "behind": 401},
    "expired half an hour ago": {"right": 401, "ahead": 401, "behind": 401},
    "expired half an hour ago, without iat": {"right": 401, "ahead": 401, "behind": 200},
}
LOGGED = ("signed is refused: Signature has expired", "signed is refused: The token is not yet valid (iat)")


class Traveller(Client):
    """Callers whose tokens are good by each of the clocks."""

    def token(self, user: UUID, lifetime: timedelta = timedelta(hours=3)) -> str:
        return sign(self, user, exp=lifetime)


async def judge_links(findings: Findings, clients: Mapping[str, Client], user: UUID) -> None:
    """A link is as good as the clocks of the process that made it and of the one that serves it."""
    surprises = []
    for signer, expected in LINKS_OPEN.items():
        page = await clients[signer].request("GET", "/api/story-generations?status=succeeded", user)
        link = urlsplit(page.json()["data"][0]["result_url"])
        for server, status in expected.items():
            answer = await clients[server].request("GET", f"{link.path}?{link.query}")
            if answer.status_code != status or (status == 403 and answer.json() != {"error": "Link expired"}):
                surprises.append(f"{signer} to {server}: {answer.status_code} {answer.content[:100]!r}")
    findings.expect_none("links that are not served, or refused as expired, as they should be", surprises)


async def judge_tokens(made: Installation, findings: Findings, bases: Mapping[str, str], user: UUID) -> None:
    half = timedelta(minutes=30)
    surprises = []
    for name, base in bases.items():
        async with Callers(base, made.settings) as client:
            tokens = {
                "issued a moment ago, for an hour": sign(client, user, iat=timedelta(), exp=2 * half),
                "expired half an hour ago": sign(client, user, iat=-2 * half, exp=-half),
                "expired half an hour ago, without iat": sign(client, user, exp=-half),
            }
            for what, token in tokens.items():
                status = await client.sign_in(token)
                if status != TOKENS[what][name]:
                    surprises.append(f"{what}, by the clock that is {name}: {status}")
            code = await client.close_code(tokens["issued a moment ago, for an hour"])
            if code != (None if name == "right" else 4403):
                surprises.append(f"a socket, by the clock that is {name}: closed with {code}")
    findings.expect_none("tokens that are not taken, or refused with 401, as they should be", surprises)
    logged = made.log("api").read_text()
    findings.expect_none("reasons missing in the log", [reason for reason in LOGGED if reason not in logged])


class Callers(Client):
    """Whoever comes with a token."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def sign_in(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return (await self.request("GET", "/api/story-generations", headers=headers)).status_code

    async def close_code(self, token: str) -> int | None:
        """What a socket is closed with at its sign-in; None where it is not."""
        async with self.raw_socket() as connection:
            payload = {"Authorization": f"Bearer {token}"}
            await connection.send(
                f'{{"type": "connection_init", "payload": {{"Authorization": "{payload["Authorization"]}"}}}}'
            )
            try:
                await connection.recv()
            except ConnectionClosed as closed:
                return closed.rcvd.code if closed.rcvd else 1006
        return None


def sign(client: Client, user: UUID, **moments: timedelta) -> str:
    """A token whose claims of time lie so far from now."""
    settings = client.settings
    now = datetime.now(UTC)
    claims: dict[str, Any] = {
        "sub": str(user),
        "aud": settings.jwt_audience,
        "iss": settings.jwt_issuer,
        **{name: int((now + moment).timestamp()) for name, moment in moments.items()},
    }
    return jwt.encode(claims, settings.need("jwt_secret"), SHARED_SECRET_ALGORITHM)
