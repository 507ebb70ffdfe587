"""What no client should send on a websocket, and what is said to it."""

from __future__ import annotations

from typing import Any

from server.graphql.ws import MOST_MESSAGE_BYTES
from tests.edges.raw import BINARY, CLOSE, CONTINUATION, PING, frame

PING_MESSAGE = b'{"type": "ping"}'

# On a socket that is signed in: bytes, and the code of the close that they bring about.
FRAMES = {
    "a list": (frame(b"[]"), 4400),
    "a number": (frame(b"1"), 4400),
    "null": (frame(b"null"), 4400),
    "a payload alone": (frame(b'{"payload": []}'), 4400),
    "deep nesting": (frame(b"[" * 60_000), 4400),
    "deep nesting in a payload": (
        frame(b'{"type":"ping","payload":' + b'{"a":' * 9_000 + b"1" + b"}" * 9_000 + b"}"),
        4400,
    ),
    "binary": (frame(PING_MESSAGE, BINARY), 4400),
    "no UTF-8": (frame(b"\xff\xfe"), 1007),
    "no UTF-8 in JSON": (frame(b'{"type": "ping", "payload": {"a": "\xed\xa0\x80"}}'), 1007),
    "half a character at the end of a fragment, and no other half": (
        frame(b'"\xc3', final=False) + frame(b'"', CONTINUATION),
        1007,
    ),
    "too long": (frame(b" " * (MOST_MESSAGE_BYTES + 1)), 1009),
    "a length of 2^63": (b"\x81\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1009),
    "a length of 2^40": (b"\x81\xff\0\0\x01\0\0\0\0\0\0\0\0\0", 1009),
    "fragments that are too long together": (
        frame(b" " * 40_000, final=False) + frame(b" " * 40_000, CONTINUATION),
        1009,
    ),
    "a thousand and one fragments": (
        frame(b"", final=False) + frame(b"", CONTINUATION, final=False) * 1000,
        1009,
    ),
    "not masked": (b"\x81\x02{}", 1002),
    "a continuation of nothing": (frame(b"{}", CONTINUATION), 1002),
    "a message within a message": (frame(b"{", final=False) + frame(b"}"), 1002),
    "an opcode that does not exist": (frame(b"", 0x3), 1002),
    "compressed, and that was not agreed on": (frame(b"{}", compressed=True), 1002),
    "a long ping": (frame(b"x" * 126, PING), 1002),
    "a ping in fragments": (frame(b"x", PING, final=False), 1002),
    "a close code that does not exist": (frame(b"\x00\x01", CLOSE), 1002),
    "a close reason that is no UTF-8": (frame(b"\x03\xe8\xff", CLOSE), 1007),
    "a close of one byte": (frame(b"\x03", CLOSE), 1002),
}

# Payloads of subscribe. The first closes the socket, the others fail alone.
OPERATIONS: dict[str, dict[str, Any]] = {
    "null for a query": {"query": None},
    "no such field": {"query": "{ nope }"},
    "no GraphQL": {"query": "{" * 500},
    "deep nesting": {"query": "{ a" * 5_000},
    "a deep variable": {
        "query": "query ($i: UUID!) { story(id: $i) { id } }",
        "variables": {"i": [[[[[]]]]]},
    },
    "a huge id": {"query": "query ($i: UUID!) { story(id: $i) { id } }", "variables": {"i": "9" * 50_000}},
    "half a character": {"query": '{ story(id: "\ud800") { id } }'},
    "a NUL": {"query": '{ story(id: "\\u0000") { id } }'},
    "a huge page": {"query": "{ stories(page: 99999999999999999999) { items { id } } }"},
}

# Lines that are added to the headers.
HANDSHAKES = {
    "a header of 9 KB": "X-Long: " + "x" * 9_000 + "\r\n",
    "a token of 9 KB": "Authorization: Bearer " + "x" * 9_000 + "\r\n",
    "200 headers": "X-A: b\r\n" * 200,
    "another version": "Sec-WebSocket-Version: 99\r\n",
    "two keys": "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
    "subprotocols that are none": "Sec-WebSocket-Protocol: ,,\0,\r\n",
}
