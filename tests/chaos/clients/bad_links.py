"""Requests for result files that must not be answered with one, and odd ones that may."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from urllib.parse import quote, unquote, urlsplit

from core.links import SignedLinks
from tests.edges.bad_links import PATHS, RANGES, signed

# Steps of a path, in as many spellings as servers have been known to fall for.
STEPS = (
    *("..", ".", "", "%2e%2e", "%2E.", "..%2f", "..%2F..%2f", "%252e%252e", "%25252e", "..\\", "..%5c"),
    *("%c0%ae%c0%ae", "%e0%80%ae", "%uff0e", "%00", "%0a", "%20", "~", "....", "..;", "..%00", "file:"),
    *("etc", "passwd", "secret.txt", "proc", "self", "environ", "%2fetc%2fpasswd"),
)
DIGITS = "\u0660\u0661\u0662\u0663\u0664\u0665\u0666\u0667\u0668\u0669"
METHODS = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "COPY", "GETT", "get", "CONNECT")
EPOCH, FAR = "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:00 GMT"
# What a file is not, as If-Range may have it.
OTHERS = ('"another"', 'W/"another"', EPOCH, FAR, "yesterday")


@dataclass(frozen=True)
class Shelf:
    """The files there are, by their keys, and who signs links to them."""

    files: Mapping[str, bytes]
    links: SignedLinks

    def any(self, dice: Random) -> str:
        return dice.choice(list(self.files))

    def target(self, key: str) -> str:
        """A right link, without scheme and host."""
        return self.links.url(key).removeprefix(self.links.base)

    def query(self, key: str) -> tuple[str, str]:
        """When a right link to `key` expires, and its signature."""
        expires, signature = urlsplit(self.target(key)).query.split("&")
        return expires.partition("=")[2], signature.partition("=")[2]


@dataclass(frozen=True)
class Request:
    """`key`: of the file that may be answered with; without it, none may."""

    target: str
    headers: Sequence[str] = ()
    method: str = "GET"
    key: str | None = None


def cut_signature(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    expires, signature = shelf.query(key)
    return _asked(key, expires, signature[: dice.randrange(len(signature))])


def torn_signature(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    expires, signature = shelf.query(key)
    at = dice.randrange(len(signature))
    others = [each for each in "Ab0-_" if each != signature[at]]
    torn = [
        signature[:at] + dice.choice(others) + signature[at + 1 :],
        signature[:at] + signature[at + 1 :],
        signature + dice.choice("A=%.~"),
        signature + "%00",
        f"%20{signature}",
        signature.swapcase(),
        signature[::-1],
        "%ff" * dice.randrange(100),
        "A" * dice.choice([43, 50_000]),
    ]
    return _asked(key, expires, dice.choice(torn))


def another_moment(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    expires, signature = shelf.query(key)
    others = [
        *(
            str(int(expires) + dice.choice([-60, 1, 60, 10**6])),
            f"0{expires}",
            f"%20{expires}",
            f"%2B{expires}",
        ),
        *(f"{expires}.0", f"{expires}e0", f"-{expires}", f"{expires}%0a", "9" * dice.choice([10, 5_000])),
        *("inf", "9e99", "", "null", f"{expires[:5]}_{expires[5:]}", f"0x{int(expires):x}"),
        quote("".join(DIGITS[int(digit)] for digit in expires)),
    ]
    return _asked(key, dice.choice(others), signature)


def expired(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    late = replace(shelf, links=replace(shelf.links, lifetime=-dice.choice([120, 3600, 10**8])))
    return Request(late.target(key))


def another_key(shelf: Shelf, dice: Random) -> Request:
    """Somebody else's, another attempt's, or the other file's, with the signature of one's own."""
    key, mine = dice.sample(list(shelf.files), 2)
    return _asked(key, *shelf.query(mine))


def another_spelling(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    user, generation, name = key.split("/")
    spellings = [
        *(f"/{key}", f"./{key}", f"{key}/", f"{key}%00", f"{key}.", f"{key}%20", f"{key}%0a", f"{key};x"),
        *(f"{user}//{generation}/{name}", f"{user}/./{generation}/{name}", f"{user}/../{key}"),
        *(
            f"{user}/{generation}/0{name}",
            f"{user}/{generation}/{name.upper()}",
            f"{user}/{generation}/+{name}",
        ),
        *(f"{{{user}}}/{generation}/{name}", f"{user.replace('-', '')}/{generation}/{name}"),
        *(f"{user}\\{generation}\\{name}", f"{user}/{generation}/{name}%00.vtt", f"{user}/{generation}"),
    ]
    spelling = dice.choice(spellings)
    query = signed(shelf.links, unquote(spelling)) if dice.random() < 0.5 else _query(*shelf.query(key))
    return Request(f"/files/{spelling}?{query}")


def another_secret(shelf: Shelf, dice: Random) -> Request:
    secret = dice.choice(
        [b"", b"secret", shelf.links.secret[:-1], shelf.links.secret.upper(), dice.randbytes(32)]
    )
    return Request(replace(shelf, links=replace(shelf.links, secret=secret)).target(shelf.any(dice)))


def odd_query(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    expires, signature = shelf.query(key)
    right = _query(expires, signature)
    queries = [
        *("", f"expires={expires}", f"signature={signature}", f"Expires={expires}&Signature={signature}"),
        *(f"expires[]={expires}&signature[]={signature}", f"{right}&signature=", f"{right}&expires=0"),
        *(right.replace("&", ";"), right.replace("=", "%3D"), quote(right), f"{right}%26", f"?{right}"),
    ]
    return Request(f"/files/{key}?{dice.choice(queries)}")


def way_out(shelf: Shelf, dice: Random) -> Request:
    """A path out of the folder, with another file's signature, or with the one that a leak would allow."""
    path = dice.choice(PATHS)
    if dice.random() < 0.8:
        path = dice.choice(["/", "%2f", "\\"]).join(dice.choice(STEPS) for _ in range(dice.randrange(1, 12)))
    spelling = dice.choice([path, unquote(path)])
    query = dice.choice(["", _query(*shelf.query(shelf.any(dice))), signed(shelf.links, spelling)])
    return Request(f"{dice.choice(['/files/', '/files/', '/files', '/api/../'])}{path}?{query}")


def odd_method(shelf: Shelf, dice: Random) -> Request:
    """With a right link, even."""
    return Request(shelf.target(shelf.any(dice)), method=dice.choice(METHODS))


def odd_range(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    length = len(shelf.files[key])
    wanted = dice.choice(list(RANGES.values()))
    if dice.random() < 0.7:
        parts = (_part(length, dice) for _ in range(dice.choice([1, 1, 2, 3, 16, 17, 2_000])))
        wanted = f"bytes={','.join(parts)}"[:50_000]
    conditions: list[str] = []
    if dice.random() < 0.3:
        conditions = [f"If-Range: {dice.choice(OTHERS)}"]
    return Request(shelf.target(key), [f"Range: {wanted}"] * dice.choice([1, 1, 1, 20]) + conditions, key=key)


def _part(length: int, dice: Random) -> str:
    """Of a range; most can be read."""
    if dice.random() < 0.95:
        first = dice.randrange(length)
        return f"{first}-{dice.choice(['', dice.randrange(first, length), length, 9**18])}"
    ends = ["", "0", str(length), "-1", "9" * 18, "9" * 5_000, "x"]
    return f"{dice.choice(ends)}-{dice.choice(ends)}"


def odd_condition(shelf: Shelf, dice: Random) -> Request:
    key = shelf.any(dice)
    values = [
        "*",
        '"x"',
        'W/"x"',
        "x",
        ",,,",
        '"' * 5_000,
        EPOCH,
        FAR,
        "yesterday",
        "-1",
        "\u0661",
        "x" * 9_000,
    ]
    names = ("If-None-Match", "If-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range", "Accept")
    headers = [f"{dice.choice(names)}: {dice.choice(values)}" for _ in range(dice.randrange(1, 5))]
    return Request(shelf.target(key), headers, key=key)


KINDS: Mapping[str, Callable[[Shelf, Random], Request]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(cut_signature, torn_signature, another_moment, expired, another_key, another_spelling),
        *(another_secret, odd_query, way_out, odd_method, odd_range, odd_condition),
    )
}


def _query(expires: str, signature: str) -> str:
    return f"expires={expires}&signature={signature}"


def _asked(key: str, expires: str, signature: str) -> Request:
    return Request(f"/files/{key}?{_query(expires, signature)}")
