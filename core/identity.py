"""Who is calling: JWTs, verified against a shared secret or a JWKS address.

A token is `header.claims.signature` (RFC 7519). Required claims: `exp`, `sub` (a UUID), `aud`, `iss`.
"""

from __future__ import annotations

import logging
import math
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

import jwt

from core.errors import SettingsError, Unauthenticated
from core.jwks import KeySet
from core.verified import Proof, VerifiedTokens

if TYPE_CHECKING:
    from collections.abc import Iterator

    from core.settings import Settings

log = logging.getLogger(__name__)

LONGEST_TOKEN_BYTES = 8192
# Room for the issuer's clock to run ahead of ours (`nbf`, `iat`). `exp` gets none: it also ends streams.
LEEWAY = timedelta(seconds=5)
SHARED_SECRET_ALGORITHM = "HS256"  # noqa: S105 - the name of an algorithm

# What PyJWT finds wrong once the signature is right: only the issuer can cause these.
_UNFIT = (
    jwt.ExpiredSignatureError,
    jwt.ImmatureSignatureError,
    jwt.InvalidAudienceError,
    jwt.InvalidIssuerError,
    jwt.MissingRequiredClaimError,
)


@dataclass(frozen=True)
class Identity:
    """A verified caller. `expires_at` is the token's `exp`, in UTC: what it opened ends then."""

    user_id: UUID
    expires_at: datetime


class Verifier(Protocol):
    """Turns tokens into identities."""

    async def verify(self, token: str) -> Identity:
        """The identity that `token` proves.

        Raises Unauthenticated, whose message never holds the token, and with a JWKS address
        KeysUnavailable while no key can be had.
        """


@dataclass(frozen=True)
class _Claims:
    """What every token must say, whoever signed it."""

    algorithm: str
    audience: str
    issuer: str

    def check(self, token: str, key: str | jwt.PyJWK) -> Identity:
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[self.algorithm],
                audience=self.audience,
                issuer=self.issuer,
                leeway=LEEWAY,
                options={"require": ["exp", "sub", "aud", "iss"], "enforce_minimum_key_length": True},
            )
            return Identity(_user_id(claims["sub"]), _expiry(claims["exp"]))
        except (*_UNFIT, Unauthenticated) as error:
            # Told, as it may be ours to mend: a clock that is wrong, an audience that is not the issuer's.
            now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            log.info("A token that its issuer signed is refused: %s (it is %s here)", error, now)
            raise


@dataclass(frozen=True)
class SharedSecretVerifier:
    """Tokens signed with HS256 and the secret that this process holds too."""

    claims: _Claims
    secret: str = field(repr=False)
    verified: VerifiedTokens = field(default_factory=VerifiedTokens, repr=False)

    async def verify(self, token: str) -> Identity:
        if proof := self.verified.find(token):
            return proof.identity
        with _refusing_what_is_malformed():
            _refuse_oversized(token)
            identity = self.claims.check(token, self.secret)
        self.verified.keep(token, Proof(identity, identity.expires_at.timestamp()))
        return identity


@dataclass(frozen=True)
class KeySetVerifier:
    """Tokens signed by an issuer that publishes its keys at a JWKS address (RFC 7517)."""

    claims: _Claims
    keys: KeySet
    verified: VerifiedTokens = field(default_factory=VerifiedTokens, repr=False)

    async def verify(self, token: str) -> Identity:
        # Its key is asked for all the same: keys are read again while it is used, and it may be withdrawn.
        if (proof := self.verified.find(token)) and await self.keys.key(proof.key_id) is proof.key:
            return proof.identity
        with _refusing_what_is_malformed():
            _refuse_oversized(token)
            header = jwt.get_unverified_header(token)
            # Checked before a key is looked for, so that a stranger's token costs no fetch.
            if header.get("alg") != self.claims.algorithm:
                raise Unauthenticated(f"the token is not signed with {self.claims.algorithm}")
            key_id = header.get("kid")
            key = await self.keys.key(key_id)
            identity = self.claims.check(token, key)
        self.verified.keep(token, Proof(identity, identity.expires_at.timestamp(), key_id, key))
        return identity


def open_verifier(settings: Settings) -> Verifier:
    """The verifier that the settings ask for: a JWKS address, or else the shared secret.

    Raises SettingsError when there is neither, or when what is there cannot serve.
    """
    if settings.jwks_url:
        claims = _claims(settings, settings.jwt_algorithm or "RS256")
        return KeySetVerifier(claims, KeySet(settings.jwks_url, claims.algorithm))
    if not settings.jwt_secret:
        raise SettingsError(
            "Nobody could sign in: set STORYCAST_JWT_SECRET (at least 32 random bytes) "
            "or STORYCAST_JWKS_URL (where your issuer publishes its keys)."
        )
    secret = settings.need("jwt_secret")
    try:
        jwt.encode({}, secret, SHARED_SECRET_ALGORITHM)
    except jwt.InvalidKeyError as error:
        raise SettingsError(f"STORYCAST_JWT_SECRET cannot serve as a shared secret: {error}") from None
    return SharedSecretVerifier(_claims(settings, SHARED_SECRET_ALGORITHM), secret)


def sign_token(settings: Settings, user_id: UUID, lifetime: timedelta) -> str:
    """A token for `user_id` that works for `lifetime`, rounded up to the full second.

    Raises SettingsError when no shared secret is set: with a JWKS address only the issuer can sign.
    """
    now = datetime.now(UTC)
    claims = {
        "sub": str(user_id),
        "aud": settings.jwt_audience,
        "iss": settings.jwt_issuer,
        "iat": int(now.timestamp()),
        "exp": math.ceil((now + lifetime).timestamp()),
    }
    return jwt.encode(claims, settings.need("jwt_secret"), SHARED_SECRET_ALGORITHM)


def bearer(header_value: str | None) -> str:
    """The token in an `Authorization: Bearer <token>` header (RFC 6750; the scheme in any case).

    Raises Unauthenticated when there is no header, or another kind of one.
    """
    scheme, _, token = (header_value or "").strip().partition(" ")
    token = token.strip()
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("no bearer token in the Authorization header")
    return token


def _claims(settings: Settings, algorithm: str) -> _Claims:
    return _Claims(algorithm, settings.jwt_audience, settings.jwt_issuer)


def _refuse_oversized(token: str) -> None:
    if not token.isascii() or len(token) > LONGEST_TOKEN_BYTES:
        raise Unauthenticated(f"the token is not ASCII, or longer than {LONGEST_TOKEN_BYTES} bytes")


def _user_id(subject: str) -> UUID:
    # UUID() also takes braces, underscores and no hyphens at all: one user, one spelling.
    user_id = UUID(subject)
    if str(user_id) != subject.lower():
        raise Unauthenticated("the token's sub is not a UUID in its usual form")
    return user_id


def _expiry(seconds: Any) -> datetime:
    if not isinstance(seconds, int | float):
        raise Unauthenticated("the token's exp is not a number")
    expires_at = datetime.fromtimestamp(seconds, UTC)
    if expires_at <= datetime.now(UTC):
        raise Unauthenticated("the token has expired")
    return expires_at


@contextmanager
def _refusing_what_is_malformed() -> Iterator[None]:
    """Tells every way in which a hostile token breaks a parser as Unauthenticated."""
    try:
        yield
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError, OSError, RecursionError) as error:
        # PyJWT's messages name claims and headers; those of others may quote the token.
        reason = str(error) if isinstance(error, jwt.PyJWTError) else type(error).__name__
        raise Unauthenticated(f"the token does not verify: {reason}") from None
