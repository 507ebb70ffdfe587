"""Tokens that must open nothing: forged, misdirected, out of time, mutilated."""

from __future__ import annotations

import base64
import hmac
import json
import time
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.identity.conftest import key
from tests.identity.issuer import claims

if TYPE_CHECKING:
    from collections.abc import Callable

    Sign = Callable[..., str]

OTHER_SECRET = "b" * 40


def forgeries(sign: Sign, dice: Random) -> dict[str, Callable[[], str]]:
    """Makers of each kind, for a door that is opened by what `sign` signs. Its key is named `first`."""
    algorithm = jwt.get_unverified_header(sign(claims()))["alg"]
    return {
        **_by_others(sign, algorithm, dice),
        **_unfit(sign, dice),
        **_mutilated(sign, algorithm, dice),
    }


def _by_others(sign: Sign, algorithm: str, dice: Random) -> dict[str, Callable[[], str]]:
    stranger = key("RS256", "stranger")
    public = key("RS256", "first").private.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def by_rsa(**headers: Any) -> str:
        return jwt.encode(claims(), stranger.private, "RS256", headers=headers)

    def by_another(**headers: Any) -> str:
        if algorithm == "HS256":
            return jwt.encode(claims(), OTHER_SECRET, algorithm, headers=headers)
        return key(algorithm, "stranger").sign(claims(), **headers)

    def by_hmac(secret: bytes, key_id: str) -> str:
        # By hand: PyJWT would not take such a secret, or say that it is too short.
        signed = f"{segment({'alg': 'HS256', 'kid': key_id})}.{segment(claims())}"
        return f"{signed}.{segment(hmac.digest(secret, signed.encode(), 'sha256'))}"

    def unsigned() -> str:
        spelt = dice.choice(["None", "NONE", "nOnE", "", None, 0])
        return f"{segment({'alg': spelt, 'kid': 'first'})}.{segment(claims())}."

    return {
        "alg none": lambda: jwt.encode(claims(), "", "none"),
        "alg None": unsigned,
        "a key for a secret": lambda: by_hmac(pem, "first"),
        "another secret": lambda: jwt.encode(claims(), OTHER_SECRET, "HS256", headers={"kid": "first"}),
        "another key": lambda: by_another(kid="first"),
        "another kind of key": lambda: by_rsa(kid="first"),
        "a key of its own": lambda: by_rsa(jwk=stranger.entry, kid="first"),
        "a key from elsewhere": lambda: by_rsa(jku="http://127.0.0.1:1/keys", kid="x"),
        "a kid that is a path": lambda: by_hmac(b"\0", "../../../../dev/null"),
        "a kid that nobody publishes": lambda: by_another(kid=f"stranger {dice.randrange(10**6)}"),
    }


def _unfit(sign: Sign, dice: Random) -> dict[str, Callable[[], str]]:
    """Signed by the issuer, who should not have, or not for us."""

    def at(claim: str, ahead: float) -> str:
        return sign(claims(**{claim: int(time.time()) + ahead}))

    def without(name: str) -> Callable[[], str]:
        return lambda: sign(claims(**{name: None}))

    return {
        "9 KB": lambda: sign(claims(note="x" * 6912)),
        # `exp` has no leeway: the end itself is past it.
        "expired": lambda: at("exp", -dice.randrange(6)),
        "long expired": lambda: at("exp", -dice.randrange(6, 10**9)),
        "never to expire": lambda: sign(
            claims(exp=dice.choice([10**15, 10**400, float("inf"), float("nan")]))
        ),
        "not yet": lambda: at("nbf", dice.randrange(60, 10**6)),
        "from tomorrow": lambda: at("iat", 86_400),
        **{f"no {name}": without(name) for name in ("exp", "sub", "aud", "iss")},
        "exp a string": lambda: sign(claims(exp=f"{int(time.time()) + 60}")),
        "sub a name": lambda: sign(claims(sub="alice")),
        "sub spelt otherwise": lambda: sign(claims(sub=f"{{{UUID(int=dice.getrandbits(128))}}}")),
        "aud another": lambda: sign(
            claims(aud=dice.choice(["elsewhere", ["else", "where"], [], "Storycast"]))
        ),
        "iss another": lambda: sign(claims(iss=dice.choice(["elsewhere", "storycast/", "Storycast"]))),
    }


def _mutilated(sign: Sign, algorithm: str, dice: Random) -> dict[str, Callable[[], str]]:
    def parts() -> list[str]:
        return sign(claims()).split(".")

    def cut() -> str:
        header, content, signature = parts()
        return f"{header}.{content}.{signature[: -dice.randrange(9, len(signature))]}"

    def other_claims() -> str:
        header, _, signature = parts()
        return f"{header}.{segment(claims(sub=str(UUID(int=dice.getrandbits(128)))))}.{signature}"

    def one_bit(place: int) -> Callable[[], str]:
        def flip() -> str:
            held = parts()
            raw = bytearray(base64.urlsafe_b64decode(held[place] + "=="))
            raw[dice.randrange(len(raw))] ^= 1 << dice.randrange(8)
            held[place] = segment(bytes(raw))
            return ".".join(held)

        return flip

    def zeros() -> str:
        header, content, signature = parts()
        return f"{header}.{content}.{segment(bytes(len(signature) * 3 // 4))}"

    def odd_kid() -> str:
        kid = dice.choice([7, None, ["first"], {"kid": "first"}, True])
        _, content, signature = parts()
        return f"{segment({'alg': algorithm, 'kid': kid})}.{content}.{signature}"

    def garbage() -> str:
        letters = "".join(map(chr, range(33, 127))) + 9 * "."
        return "".join(dice.choices(letters, k=dice.randrange(1, 400)))

    return {
        "no signature": lambda: ".".join([*parts()[:2], ""]),
        "cut short": cut,
        "the claims of another": other_claims,
        "one bit of the header": one_bit(0),
        "one bit of the claims": one_bit(1),
        "one bit of the signature": one_bit(2),
        "a signature of zeros": zeros,
        "a kid that is no string": odd_kid,
        "five parts": lambda: ".".join([*parts(), *parts()[:2]]),
        "deep nesting": lambda: f"{segment(b'[' * 5000)}.{parts()[1]}.",
        "garbage": garbage,
    }


def segment(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
