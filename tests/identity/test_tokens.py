"""What a token must be, whichever way it is verified."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from core.errors import SettingsError, Unauthenticated
from core.identity import Identity, Verifier, bearer, open_verifier, sign_token
from core.settings import Settings
from tests.identity.conftest import key
from tests.identity.issuer import USER, claims

if TYPE_CHECKING:
    from tests.identity.issuer import JwksServer

SECRET = "a secret that would be long enough for each of the HMAC algorithms"


@dataclass(frozen=True)
class FromNow:
    """A moment that is reckoned when its test runs, not when its process collects it."""

    seconds: float

    def timestamp(self) -> float:
        return (datetime.now(UTC) + timedelta(seconds=self.seconds)).timestamp()


def changed(change: dict[str, Any]) -> dict[str, Any]:
    return claims(
        **{name: value.timestamp() if isinstance(value, FromNow) else value for name, value in change.items()}
    )


@dataclass
class Issuer:
    """A verifier, and the way to sign what it should accept."""

    verifier: Verifier
    sign: Callable[..., str]
    algorithm: str


@pytest.fixture(params=["HS256", "RS256", "ES256", "EdDSA"])
def issuer(request: pytest.FixtureRequest, jwks: JwksServer) -> Issuer:
    algorithm: str = request.param
    if algorithm == "HS256":

        def sign(content: dict[str, Any], **headers: Any) -> str:
            return jwt.encode(content, SECRET, algorithm, headers=headers)

        return Issuer(open_verifier(Settings(jwt_secret=SECRET)), sign, algorithm)
    signing = key(algorithm, "first")
    jwks.publish(signing)
    verifier = open_verifier(Settings(jwks_url=jwks.url, jwt_algorithm=algorithm))
    return Issuer(verifier, signing.sign, algorithm)


def segment(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


async def test_a_good_token_tells_who_and_until_when(issuer: Issuer) -> None:
    content = claims()

    identity = await issuer.verifier.verify(issuer.sign(content))

    assert identity == Identity(USER, datetime.fromtimestamp(content["exp"], UTC))


@pytest.mark.parametrize(
    "change",
    [
        {"aud": ["elsewhere", "storycast"]},
        {"iat": FromNow(3)},
        {"nbf": FromNow(3)},
        {"exp": FromNow(30.5)},
        {"sub": str(USER).upper()},
        {"scope": "whatever", "nested": {"a": [1]}},
    ],
)
async def test_what_is_unusual_but_right_is_accepted(issuer: Issuer, change: dict[str, Any]) -> None:
    assert (await issuer.verifier.verify(issuer.sign(changed(change)))).user_id == USER


@pytest.mark.parametrize("claim", ["exp", "sub", "aud", "iss"])
async def test_a_claim_that_is_missing_is_named(issuer: Issuer, claim: str) -> None:
    with pytest.raises(Unauthenticated, match=claim):
        await issuer.verifier.verify(issuer.sign(claims(**{claim: None})))


@pytest.mark.parametrize(
    "change",
    [
        {"exp": FromNow(-1)},
        {"exp": 0},
        {"exp": "9999999999"},
        {"exp": True},
        {"exp": [9999999999]},
        {"exp": 10**15},
        {"exp": 10**300},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nbf": FromNow(600)},
        {"nbf": "soon"},
        {"iat": FromNow(600)},
        {"iat": {}},
        {"aud": "elsewhere"},
        {"aud": ["elsewhere"]},
        {"aud": []},
        {"aud": {"storycast": 1}},
        {"iss": "stranger"},
        {"sub": ""},
        {"sub": "alice"},
        {"sub": 7},
        {"sub": USER.hex},
        {"sub": f"{{{USER}}}"},
        {"sub": f"urn:uuid:{USER}"},
        {"sub": f" {USER}"},
        {"sub": str(USER).replace("018f0000", "018f_000")},
        {"sub": [str(USER)]},
    ],
    ids=str,
)
async def test_a_claim_that_is_wrong_is_refused(issuer: Issuer, change: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await issuer.verifier.verify(issuer.sign(changed(change)))


async def test_a_token_that_was_altered_is_refused(issuer: Issuer) -> None:
    header, _, signature = issuer.sign(claims()).split(".")
    other = segment(claims(sub=str(UUID(int=1))))

    with pytest.raises(Unauthenticated, match="Signature verification failed"):
        await issuer.verifier.verify(f"{header}.{other}.{signature}")


async def test_only_the_one_algorithm_is_taken(issuer: Issuer) -> None:
    unsigned = jwt.encode(claims(), "", "none")
    longer = jwt.encode(claims(), SECRET, "HS512", headers={"kid": "first"})
    _, content, signature = issuer.sign(claims()).split(".")
    renamed = segment({"alg": "none", "kid": "first"})

    for token in (unsigned, longer, f"{renamed}.{content}.", f"{renamed}.{content}.{signature}"):
        with pytest.raises(Unauthenticated):
            await issuer.verifier.verify(token)


async def test_a_published_key_is_no_shared_secret(jwks: JwksServer) -> None:
    signing = key("RS256", "first")
    jwks.publish(signing)
    verifier = open_verifier(Settings(jwks_url=jwks.url))
    public = signing.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    message = f"{segment({'alg': 'HS256', 'kid': 'first'})}.{segment(claims())}"
    forged = f"{message}.{segment(hmac.digest(public, message.encode(), 'sha256'))}"

    with pytest.raises(Unauthenticated, match="not signed with RS256"):
        await verifier.verify(forged)
    assert jwks.requests == 0


@pytest.mark.parametrize(
    "token",
    [
        "",
        ".",
        "..",
        "a.b.c",
        "a.b.c.d",
        "not a token",
        "\ud800",
        "é" * 20,
        "\0.\0.\0",
        f"{segment([])}.{segment({})}.x",
        f"{segment(1)}.{segment({})}.x",
        f"{segment({'alg': None})}.{segment({})}.x",
        f"{segment({'alg': ['HS256']})}.{segment({})}.x",
        f"{segment({'alg': 'HS256', 'kid': 7})}.{segment({})}.x",
        f"{segment({'alg': 'RS256', 'kid': ['first']})}.{segment({})}.x",
        f"{segment({'alg': 'ES256', 'crit': ['b64'], 'b64': False})}.{segment({})}.x",
        f"{segment(b'[' * 5000)}.{segment({})}.x",
        f"{segment(b'9' * 5000)}.{segment({})}.x",
        f"{segment(b'{' + bytes([0xFF]))}.{segment({})}.x",
    ],
    ids=range(19),
)
async def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await issuer.verifier.verify(token)


@pytest.mark.parametrize(
    "content", [b"[]", b"1", b"null", b"{", b"[" * 3000, b'{"exp":' + b"9" * 5000 + b"}"]
)
async def test_a_signature_does_not_make_up_for_what_is_signed(content: bytes) -> None:
    token = jwt.api_jws.PyJWS().encode(content, SECRET, "HS256")

    with pytest.raises(Unauthenticated):
        await open_verifier(Settings(jwt_secret=SECRET)).verify(token)


async def test_a_token_over_8_kib_is_refused_before_it_is_read(issuer: Issuer) -> None:
    base = len(issuer.sign(claims(note="")))
    fits = issuer.sign(claims(note="x" * ((8192 - base) * 3 // 4 - 4)))
    assert 8100 < len(fits) <= 8192

    assert (await issuer.verifier.verify(fits)).user_id == USER
    with pytest.raises(Unauthenticated, match="longer than 8192 bytes"):
        await issuer.verifier.verify(issuer.sign(claims(note="x" * 8192)))


async def test_no_message_holds_the_token(issuer: Issuer) -> None:
    for content in (claims(sub="secret-subject"), claims(exp=1), claims(aud="secret-audience")):
        token = issuer.sign(content)
        with pytest.raises(Unauthenticated) as refusal:
            await issuer.verifier.verify(token)
        assert "secret" not in str(refusal.value)
        assert token[10:40] not in str(refusal.value)


async def test_a_token_we_sign_is_one_we_accept() -> None:
    settings = Settings(jwt_secret=SECRET, jwt_audience="listeners", jwt_issuer="the house")
    before = datetime.now(UTC)

    identity = await open_verifier(settings).verify(sign_token(settings, USER, timedelta(minutes=5)))

    assert identity.user_id == USER
    assert timedelta(0) <= identity.expires_at - before - timedelta(minutes=5) < timedelta(seconds=2)


def test_without_a_shared_secret_nothing_is_signed() -> None:
    with pytest.raises(SettingsError, match="STORYCAST_JWT_SECRET is not set"):
        sign_token(Settings(), USER, timedelta(minutes=5))


@pytest.mark.parametrize("environment", ["production", "local"])
def test_with_no_way_to_verify_nothing_starts(environment: str) -> None:
    with pytest.raises(SettingsError, match=r"STORYCAST_JWT_SECRET .* or STORYCAST_JWKS_URL"):
        open_verifier(Settings(environment=environment))


def test_a_public_key_in_the_secrets_place_stops_the_start() -> None:
    pem = "-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END PUBLIC KEY-----\n"

    with pytest.raises(SettingsError, match="STORYCAST_JWT_SECRET cannot serve as a shared secret"):
        open_verifier(Settings(jwt_secret=pem))


def test_a_secret_does_not_show_in_logs() -> None:
    assert SECRET not in repr(open_verifier(Settings(jwt_secret=SECRET)))


@pytest.mark.parametrize("value", ["Bearer abc.def.ghi", "bearer abc.def.ghi", " BEARER   abc.def.ghi "])
def test_the_token_is_taken_from_the_header(value: str) -> None:
    assert bearer(value) == "abc.def.ghi"


@pytest.mark.parametrize(
    "value", [None, "", " ", "Bearer", "Bearer ", "abc.def.ghi", "Basic abc", "Bearerabc"]
)
def test_another_header_holds_no_token(value: str | None) -> None:
    with pytest.raises(Unauthenticated, match="no bearer token"):
        bearer(value)
