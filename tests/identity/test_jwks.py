"""How an issuer's keys are fetched, kept and renewed."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import ECAlgorithm

from core.errors import KeysUnavailable, SettingsError, Unauthenticated
from core.identity import open_verifier
from core.issuer import LARGEST_SET_BYTES
from core.jwks import KeySet
from core.settings import Settings
from tests.identity.conftest import key
from tests.identity.issuer import USER, Key, claims

if TYPE_CHECKING:
    from tests.identity.issuer import JwksServer

LIMIT = 20  # seconds
FIRST, SECOND, NAMELESS = key("ES256", "first"), key("ES256", "second"), key("ES256", None)


def key_set(jwks: JwksServer, **durations: float) -> KeySet:
    return KeySet(jwks.url, "ES256", **durations)


async def test_keys_are_fetched_when_first_needed_and_then_kept(jwks: JwksServer) -> None:
    jwks.publish(FIRST, SECOND)
    keys = key_set(jwks)
    assert jwks.requests == 0

    for _ in range(3):
        assert (await keys.key("first")).key_id == "first"
        assert (await keys.key("second")).key_id == "second"

    assert jwks.requests == 1


async def test_a_crowd_of_first_callers_makes_one_request(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    keys = key_set(jwks)
    jwks.gate.clear()

    crowd = [asyncio.create_task(keys.key("first")) for _ in range(50)]
    assert await asyncio.to_thread(jwks.asked.wait, LIMIT)
    crowd[0].cancel()  # the one that began the fetch leaves, and the others still get their key
    jwks.gate.set()
    found = await asyncio.gather(*crowd, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert [getattr(one, "key_id", one) for one in found[1:]] == ["first"] * 49
    assert jwks.requests == 1


async def test_the_loop_runs_on_while_keys_are_fetched(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    jwks.gate.clear()
    waiting = asyncio.create_task(key_set(jwks).key("first"))

    assert await asyncio.to_thread(jwks.asked.wait, LIMIT)
    assert not waiting.done()
    jwks.gate.set()

    assert (await waiting).key_id == "first"


async def test_a_key_published_later_is_found(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    keys = key_set(jwks, cool_down=0)
    await keys.key("first")

    jwks.publish(FIRST, SECOND)

    assert (await keys.key("second")).key_id == "second"
    assert jwks.requests == 2


async def test_keys_that_nobody_publishes_cost_one_request_in_each_cool_down(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    keys = key_set(jwks, cool_down=600)

    for stranger in range(20):
        with pytest.raises(Unauthenticated, match="publishes no key"):
            await keys.key(f"stranger {stranger}")

    assert (await keys.key("first")).key_id == "first"
    assert jwks.requests == 1


async def test_a_key_that_is_withdrawn_stops_working_with_the_next_fetch(jwks: JwksServer) -> None:
    jwks.publish(FIRST, SECOND)
    keys = key_set(jwks, lifetime=0, cool_down=0, patience=LIMIT)
    await keys.key("first")

    jwks.publish(SECOND)

    with pytest.raises(Unauthenticated):
        await keys.key("first")


@pytest.mark.parametrize("failure", ["status", "garbage", "empty", "huge", "redirect", "silent"])
async def test_while_the_address_fails_known_keys_go_on_working(jwks: JwksServer, failure: str) -> None:
    jwks.publish(FIRST)
    keys = key_set(jwks, lifetime=0, cool_down=0, timeout=0.3)
    await keys.key("first")
    fail(jwks, failure)

    assert (await keys.key("first")).key_id == "first"
    assert jwks.requests == 2


@pytest.mark.parametrize("failure", ["status", "garbage", "empty", "huge", "redirect", "silent"])
async def test_with_no_keys_at_all_the_trouble_is_ours_and_is_logged(
    jwks: JwksServer, failure: str, caplog: pytest.LogCaptureFixture
) -> None:
    fail(jwks, failure)
    keys = key_set(jwks, timeout=0.3, cool_down=600)

    with caplog.at_level(logging.WARNING), pytest.raises(KeysUnavailable, match=jwks.url):
        await keys.key("first")

    assert f"Keys could not be read from {jwks.url}" in caplog.text
    for _ in range(5):
        with pytest.raises(KeysUnavailable):
            await keys.key("first")
    assert jwks.requests == 1


def fail(jwks: JwksServer, failure: str) -> None:
    match failure:
        case "status":
            jwks.status = 503
        case "garbage":
            jwks.body = b"<html>"
        case "empty":
            jwks.body = b'{"keys": []}'
        case "huge":
            jwks.publish(FIRST)
            jwks.body += b" " * LARGEST_SET_BYTES
        case "redirect":
            jwks.status, jwks.headers = 302, {"Location": jwks.url}
        case "silent":
            jwks.gate.clear()


async def test_keys_kept_through_an_outage_end_at_their_limit(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    keys = key_set(jwks, lifetime=0, stale_for=0.5, cool_down=0)
    await keys.key("first")
    jwks.status = 503

    async with asyncio.timeout(LIMIT):
        while await still_works(keys):
            pass

    assert jwks.requests > 2


async def still_works(keys: KeySet) -> bool:
    try:
        return bool(await keys.key("first"))
    except KeysUnavailable:
        return False


async def test_an_address_that_comes_back_is_used_again(jwks: JwksServer) -> None:
    jwks.status = 503
    keys = key_set(jwks, cool_down=0)
    with pytest.raises(KeysUnavailable):
        await keys.key("first")

    jwks.publish(FIRST)

    assert (await keys.key("first")).key_id == "first"


async def test_a_token_without_a_kid_is_for_a_set_of_one(jwks: JwksServer) -> None:
    jwks.publish(NAMELESS)
    only = open_verifier(Settings(jwks_url=jwks.url, jwt_algorithm="ES256"))
    assert (await only.verify(NAMELESS.sign(claims()))).user_id == USER

    jwks.publish(FIRST, SECOND)
    several = open_verifier(Settings(jwks_url=jwks.url, jwt_algorithm="ES256"))
    with pytest.raises(Unauthenticated, match="publishes no key"):
        await several.verify(NAMELESS.sign(claims()))


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"key_ops": ["encrypt", "sign"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"d": json.loads(ECAlgorithm.to_jwk(SECOND.private))["d"]},
        {"crv": "P-384"},
        {"x": "!"},
        {"x": None},
        {"kid": ["second"]},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_entries_that_cannot_serve_do_not_spoil_the_others(
    jwks: JwksServer, change: dict[str, Any]
) -> None:
    jwks.body = json.dumps({"keys": [{**SECOND.entry, **change}, 1, None, FIRST.entry]}).encode()
    keys = key_set(jwks)

    assert (await keys.key("first")).key_id == "first"
    with pytest.raises(Unauthenticated):
        await keys.key("second")


async def test_a_published_key_that_is_too_short_does_not_verify(jwks: JwksServer) -> None:
    short = Key("RS256", "short", rsa.generate_private_key(65537, 1024))
    jwks.publish(short)
    with pytest.warns(jwt.InsecureKeyLengthWarning):
        token = short.sign(claims())

    with pytest.raises(Unauthenticated, match="1024 bits"):
        await open_verifier(Settings(jwks_url=jwks.url)).verify(token)


async def test_another_key_of_the_same_name_does_not_verify(jwks: JwksServer) -> None:
    jwks.publish(FIRST)
    verifier = open_verifier(Settings(jwks_url=jwks.url, jwt_algorithm="ES256"))

    with pytest.raises(Unauthenticated, match="Signature verification failed"):
        await verifier.verify(SECOND.sign(claims(), kid="first"))


def test_the_algorithm_of_published_keys_is_rs256_unless_set() -> None:
    verifier = open_verifier(Settings(jwks_url="https://issuer.example/keys"))

    assert "RS256" in repr(verifier)


@pytest.mark.parametrize(
    "url", ["http://issuer.example/keys", "file:///etc/keys.json", "ftp://localhost/keys", "keys"]
)
def test_keys_that_a_stranger_could_send_stop_the_start(url: str) -> None:
    with pytest.raises(SettingsError, match="keys must come over https"):
        open_verifier(Settings(jwks_url=url))
