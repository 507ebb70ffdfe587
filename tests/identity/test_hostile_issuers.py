"""An issuer that is slow, huge or mad costs its own tokens a wait, and nobody else anything."""

from __future__ import annotations

import asyncio
import secrets
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from jwt.utils import to_base64url_uint

from core.errors import Unauthenticated
from core.identity import KeySetVerifier, _Claims
from core.jwks import KeySet
from tests.identity.conftest import key
from tests.identity.hostility import document, hostile, many, rsa_entry, say
from tests.identity.issuer import USER, Key, Scripted, claims, response, scripted_server

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from tests.identity.issuer import JwksServer

LIMIT = 20  # seconds
MOST_STALL = 0.05
TIMEOUT = 0.4
COOL_DOWN = 600.0
CROWD = 100
KNOWN, LATER = key("ES256", "known"), key("ES256", "later")
HOSTILE = hostile(KNOWN)


@pytest.fixture
def issuer() -> Iterator[Scripted]:
    with scripted_server() as server:
        yield server


class Ticker:
    """How long the event loop was away, at most, while it ran."""

    longest = 0.0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tick())
        try:
            yield
            await asyncio.sleep(0)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.perf_counter() - before - 0.001)


async def idle_stall() -> float:
    """What this machine does to a loop that has nothing to do."""
    ticker = Ticker()
    async with ticker.running():
        await asyncio.sleep(0.1)
    return ticker.longest


def verifier_of(url: str, algorithm: str = "ES256", **durations: float) -> KeySetVerifier:
    told = {"timeout": TIMEOUT, "cool_down": COOL_DOWN, **durations}
    return KeySetVerifier(_Claims(algorithm, "storycast", "storycast"), KeySet(url, algorithm, **told))


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_mad_issuer_stalls_nobody_and_is_asked_once_a_cool_down(issuer: Scripted, name: str) -> None:
    stalls = []
    for _ in range(3):
        stalls.append(await stall_of(issuer, name) - await idle_stall())
        if stalls[-1] < MOST_STALL:
            return
    pytest.fail(f"the loop was away for {[f'{stall * 1000:.0f} ms' for stall in stalls]}")


async def stall_of(issuer: Scripted, name: str) -> float:
    """How long the loop is away while a crowd comes with keys that the issuer, gone mad, may have."""
    issuer.requests = 0
    issuer.script = say(response(document(KNOWN.entry)))(issuer)
    verifier = verifier_of(issuer.url)
    assert (await verifier.verify(KNOWN.sign(claims()))).user_id == USER
    strangers = [LATER.sign(claims(), kid=f"{name} {number}") for number in range(CROWD)]
    friend = KNOWN.sign(claims())

    end_cool_down(verifier)
    issuer.script = HOSTILE[name](issuer)
    ticker = Ticker()
    async with ticker.running(), asyncio.timeout(LIMIT):
        crowd = [asyncio.create_task(verifier.verify(token)) for token in strangers]
        await asyncio.sleep(0)
        assert (await verifier.verify(friend)).user_id == USER
        answers = await asyncio.gather(*crowd, return_exceptions=True)
        answers += await asyncio.gather(*map(verifier.verify, strangers), return_exceptions=True)
    assert {type(answer) for answer in answers} == {Unauthenticated}
    assert issuer.requests == 2

    # What it did holds nothing that the next look needs.
    issuer.script = say(response(document(KNOWN.entry, LATER.entry)))(issuer)
    end_cool_down(verifier)
    async with asyncio.timeout(LIMIT):
        assert await is_let_in(verifier, LATER)
    assert issuer.requests == 3
    return ticker.longest


def end_cool_down(verifier: KeySetVerifier) -> None:
    verifier.keys._rest_until = float("-inf")  # noqa: SLF001 - minutes, otherwise


async def is_let_in(verifier: KeySetVerifier, signing: Key) -> bool:
    try:
        return (await verifier.verify(signing.sign(claims()))).user_id == USER
    except Unauthenticated:
        return False


async def test_who_sprays_key_ids_locks_nobody_out_and_hastens_nothing(jwks: JwksServer) -> None:
    cool_down = 0.3
    jwks.publish(KNOWN)
    verifier = verifier_of(jwks.url, cool_down=cool_down, timeout=LIMIT)
    began = time.monotonic()
    assert await is_let_in(verifier, KNOWN)

    async def spray() -> None:
        number = 0
        while True:
            number += 1
            assert not await is_let_in(verifier, Key("ES256", f"stranger {number}", LATER.private))
            await asyncio.sleep(0)

    attackers = [asyncio.create_task(spray()) for _ in range(5)]
    await asyncio.sleep(2 * cool_down)
    jwks.publish(KNOWN, LATER)
    rotated = time.monotonic()
    async with asyncio.timeout(LIMIT):
        while not await is_let_in(verifier, LATER):
            assert await is_let_in(verifier, KNOWN)
            await asyncio.sleep(0.01)
    took = time.monotonic() - rotated
    for attacker in attackers:
        attacker.cancel()
    ends = await asyncio.gather(*attackers, return_exceptions=True)
    assert {type(end) for end in ends} == {asyncio.CancelledError}
    assert jwks.requests <= (time.monotonic() - began) / cool_down + 1
    assert jwks.requests >= 3
    assert took < 10 * cool_down


async def test_who_holds_a_known_key_does_not_wait_for_a_slow_issuer(jwks: JwksServer) -> None:
    jwks.publish(KNOWN)
    verifier = verifier_of(jwks.url, lifetime=0, cool_down=0, timeout=LIMIT, patience=0.05)
    assert await is_let_in(verifier, KNOWN)
    jwks.gate.clear()

    started = time.monotonic()
    assert all(await asyncio.gather(*(is_let_in(verifier, KNOWN) for _ in range(20))))

    assert time.monotonic() - started < LIMIT / 2
    assert jwks.requests == 2
    jwks.gate.set()


@pytest.mark.parametrize(
    ("bits", "exponent_bits"), [(3072, 3071), (4096, 64), (8192, 8191), (16_384, 64), (16_384, 16_383)]
)
async def test_no_published_key_makes_a_signature_costly(
    jwks: JwksServer, bits: int, exponent_bits: int
) -> None:
    exponent = secrets.randbits(exponent_bits) | 1 << (exponent_bits - 1) | 1
    jwks.body = document({**rsa_entry(bits, exponent), "kid": "costly"})
    verifier = verifier_of(jwks.url, "RS256", timeout=LIMIT)
    token = key("RS256", "costly").sign(claims())
    signature = to_base64url_uint(secrets.randbits(bits - 1)).decode()
    forged = f"{token.rpartition('.')[0]}.{signature}"

    took = []
    for _ in range(4):
        # Of the event loop's own thread, which is the one that others wait for.
        started = time.thread_time()
        with pytest.raises(Unauthenticated):
            await verifier.verify(forged)
        took.append(time.thread_time() - started)

    assert min(took) < MOST_STALL / 2


async def test_as_many_rsa_keys_as_fit_are_read_without_a_stall(jwks: JwksServer) -> None:
    jwks.body = many(KNOWN, rsa_entry(2048))
    assert jwks.body.count(b'"kid"') > 500
    stalls = []
    for _ in range(3):
        ticker = Ticker()
        async with ticker.running():
            with pytest.raises(Unauthenticated, match="publishes no key"):
                await verifier_of(jwks.url, "RS256", timeout=LIMIT).verify(key("RS256", "x").sign(claims()))
        stalls.append(ticker.longest - await idle_stall())
    assert min(stalls) < MOST_STALL
