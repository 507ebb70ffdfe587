"""Issuers gone mad: all that an answer at a JWKS address may be, but keys in time."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from jwt.utils import to_base64url_uint

from core.issuer import LARGEST_SET_BYTES
from tests.identity.conftest import key
from tests.identity.issuer import Key, Scripted, response

if TYPE_CHECKING:
    import socket

LONGEST_SILENCE = 20  # seconds
DRIP_SECONDS = 0.05
HEAD = b"HTTP/1.1 200 OK\r\n"

Script = Callable[["socket.socket"], None]
# Told the server that it will run on, as that may end before the script does.
Manner = Callable[[Scripted], Script]


def document(*entries: object) -> bytes:
    return json.dumps({"keys": entries}).encode()


def many(known: Key, entry: dict[str, Any]) -> bytes:
    """As many entries, each of its own name, as an answer may hold."""
    count = LARGEST_SET_BYTES // (len(json.dumps(entry)) + 22) - 5
    return document(known.entry, *({**entry, "kid": f"{number:06}"} for number in range(count)))


def rsa_entry(bits: int, exponent: int = 65_537) -> dict[str, str]:
    """What looks like an RSA key; nobody has its other half."""
    modulus = secrets.randbits(bits) | 1 << (bits - 1) | 1
    return {
        "kty": "RSA",
        "n": to_base64url_uint(modulus).decode(),
        "e": to_base64url_uint(exponent).decode(),
    }


def drip(start: bytes, more: bytes) -> Manner:
    """Sends `start`, then a byte now and then, each well before a reader loses patience."""

    def made(server: Scripted) -> Callable[[socket.socket], None]:
        def script(connection: socket.socket) -> None:
            connection.sendall(start)
            while not server.over.wait(DRIP_SECONDS):
                connection.sendall(more)

        return script

    return made


def flood(start: bytes, more: bytes, count: int) -> Manner:
    """Sends `start`, then `more` so often, unless nobody reads it."""

    def made(server: Scripted) -> Callable[[socket.socket], None]:
        def script(connection: socket.socket) -> None:
            connection.sendall(start)
            for _ in range(count):
                if server.over.is_set():
                    return
                connection.sendall(more)

        return script

    return made


def say(answer: bytes) -> Manner:
    return lambda _server: lambda connection: connection.sendall(answer)


def hostile(known: Key) -> dict[str, Manner]:
    """What each of them does to a connection, by its name. Where it answers with keys, `known` is one."""
    return {
        "says nothing": lambda server: lambda _: server.over.wait(LONGEST_SILENCE),
        "hangs up": lambda _server: lambda _: None,
        "drips its body": drip(HEAD + b"\r\n", b" "),
        "drips its headers": drip(HEAD, b"X: y\r\n"),
        "drips one header": drip(HEAD + b"X: ", b"y"),
        "drips provisional answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        "100 MB": flood(HEAD + b"Content-Length: 100000000\r\n\r\n", b" " * 1_000_000, 100),
        "100 MB in chunks": flood(
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"100000\r\n" + b" " * 0x100000 + b"\r\n", 100
        ),
        "100 MB of headers": flood(HEAD, b"X: " + b"y" * 60_000 + b"\r\n", 1700),
        "one header without end": flood(HEAD + b"X: ", b"y" * 1_000_000, 100),
        "an error": say(b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"),
        "no HTTP": say(b"\x16\x03\x01 what is this\r\n\r\n"),
        "a status of letters": say(b"HTTP/1.1 fine\r\n\r\n"),
        "a redirect": say(b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/\r\n\r\n"),
        "chunks of letters": say(HEAD + b"Transfer-Encoding: chunked\r\n\r\nwhat\r\n"),
        "nothing but brackets": say(response(b"[" * (LARGEST_SET_BYTES - 1))),
        "nested objects": say(response(b'{"keys":' * (LARGEST_SET_BYTES // 8 - 1))),
        "no UTF-8": say(response(b'{"keys": ["\xff\xfe"]}')),
        "a long number": say(response(b'{"keys": ' + b"9" * 200_000 + b"}")),
        "10,000 keys in 1 MB": say(response(document(*[{"kty": "EC", "kid": "k", "x": "y" * 60}] * 10_000))),
        "as many good keys as fit": say(response(many(known, key(known.algorithm, "other").entry))),
        "as many bad keys as fit": say(response(many(known, {"kty": "EC", "crv": "P-256", "x": "!"}))),
        "a key of 200 KB": say(
            response(document(known.entry, {"kty": "EC", "crv": "P-256", "x": "A" * 200_000, "y": "A"}))
        ),
    }
