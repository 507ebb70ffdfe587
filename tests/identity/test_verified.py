"""Tokens that come again: taken at their word for as long as they would be verified, and no longer."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from core.errors import Unauthenticated
from core.identity import Identity, KeySetVerifier, SharedSecretVerifier, _claims, open_verifier
from core.jwks import KeySet
from core.settings import Settings
from core.verified import MOST_TOKENS, Proof, VerifiedTokens
from server.edges.clock import until
from tests.identity.conftest import key
from tests.identity.issuer import USER, Key, claims

if TYPE_CHECKING:
    from tests.identity.issuer import JwksServer

LIMIT = 20  # seconds
SECRET = "a secret of at least thirty-two bytes"
FIRST, SECOND = key("ES256", "first"), key("ES256", "second")
IDENTITY = Identity(USER, datetime.max.replace(tzinfo=UTC))
LATER = float("inf")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tokens that were looked into."""
    seen: list[str] = []
    decode = jwt.decode

    def note(token: str, *arguments: Any, **options: Any) -> Any:
        seen.append(token)
        return decode(token, *arguments, **options)

    monkeypatch.setattr(jwt, "decode", note)
    return seen


def shared() -> SharedSecretVerifier:
    verifier = open_verifier(Settings(jwt_secret=SECRET))
    assert isinstance(verifier, SharedSecretVerifier)
    return verifier


def published(jwks: JwksServer, **durations: float) -> KeySetVerifier:
    settings = Settings(jwks_url=jwks.url, jwt_algorithm="ES256")
    return KeySetVerifier(_claims(settings, "ES256"), KeySet(jwks.url, "ES256", **durations))


def sign(**changes: Any) -> str:
    return jwt.encode(claims(**changes), SECRET, "HS256")


async def test_a_token_is_looked_into_once(jwks: JwksServer, decoded: list[str]) -> None:
    jwks.publish(FIRST, SECOND)
    for verifier, token in ((shared(), sign()), (published(jwks), FIRST.sign(claims()))):
        decoded.clear()
        first, again = await verifier.verify(token), await verifier.verify(token)
        assert (first, first.user_id, decoded) == (again, USER, [token])
    assert jwks.requests == 1


async def test_each_token_is_its_own(decoded: list[str]) -> None:
    verifier = shared()
    short, long = (sign(exp=datetime.now(UTC).timestamp() + seconds) for seconds in (60, 600))
    identities = [await verifier.verify(token) for token in (short, long, short, long)]
    assert identities[:2] == identities[2:]
    assert identities[1].expires_at - identities[0].expires_at > timedelta(seconds=500)
    assert decoded == [short, long]


@pytest.mark.parametrize("kind", ["shared", "published"])
async def test_at_its_second_a_token_expires_however_often_it_was_taken(kind: str, jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    verifier = shared() if kind == "shared" else published(jwks)
    lasting = {"exp": datetime.now(UTC).timestamp() + 1}
    token = sign(**lasting) if kind == "shared" else FIRST.sign(claims(**lasting))
    identity = await verifier.verify(token)
    assert await verifier.verify(token) is identity
    async with asyncio.timeout(LIMIT):
        await until(identity.expires_at)
    with pytest.raises(Unauthenticated, match="expired"):
        await verifier.verify(token)
    assert len(verifier.verified) == 0


async def test_what_was_refused_is_looked_into_each_time(decoded: list[str]) -> None:
    verifier = shared()
    good = sign()
    await verifier.verify(good)
    head, content, signature = good.split(".")
    middle = "A" if signature[5] != "A" else "B"
    forged = f"{head}.{content}.{signature[:5]}{middle}{signature[6:]}"
    for token in (forged, sign(aud="elsewhere"), sign(exp=1), jwt.encode(claims(), f"{SECRET}!", "HS256")):
        decoded.clear()
        for _ in range(2):
            with pytest.raises(Unauthenticated):
                await verifier.verify(token)
        assert decoded == [token] * 2
    assert len(verifier.verified) == 1


async def test_with_its_key_a_token_goes_that_was_taken_before(jwks: JwksServer) -> None:
    jwks.publish(FIRST, SECOND)
    verifier = published(jwks, lifetime=0, cool_down=0, patience=LIMIT)
    token = FIRST.sign(claims())
    await verifier.verify(token)
    jwks.publish(SECOND)
    with pytest.raises(Unauthenticated, match="publishes no key"):
        await verifier.verify(token)


async def test_a_key_that_took_its_place_under_its_name_does_not_vouch_for_it(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    verifier = published(jwks, lifetime=0, cool_down=0, patience=LIMIT)
    token = FIRST.sign(claims())
    await verifier.verify(token)
    jwks.publish(Key("ES256", "first"))
    with pytest.raises(Unauthenticated, match="Signature verification failed"):
        await verifier.verify(token)


async def test_tokens_that_come_again_have_the_keys_read_again_as_ever(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    verifier = published(jwks, lifetime=0, cool_down=0, patience=LIMIT)
    token = FIRST.sign(claims())
    for _ in range(3):
        before = jwks.requests
        await verifier.verify(token)
        assert jwks.requests > before


def test_the_latest_are_kept_and_no_more_than_there_is_room_for() -> None:
    tokens = VerifiedTokens(3)
    named = [hashlib.sha256(bytes([number])).hexdigest() for number in range(5)]
    for token in [*named, named[2]]:
        tokens.keep(token, Proof(IDENTITY, LATER))
        assert len(tokens) <= 3
    assert [bool(tokens.find(token)) for token in named] == [False, False, True, True, True]
    # The one that was told again is the newest.
    tokens.keep("another", Proof(IDENTITY, LATER))
    assert [bool(tokens.find(token)) for token in named] == [False, False, True, False, True]


async def test_a_verifier_keeps_a_bounded_number() -> None:
    verifier = shared()
    for number in range(MOST_TOKENS):
        verifier.verified.keep(str(number), Proof(IDENTITY, LATER))
    await verifier.verify(sign())
    assert len(verifier.verified) == MOST_TOKENS == 4096
