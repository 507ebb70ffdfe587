"""Bad frames and bad operations by the thousand, each with what the documentation says comes of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from copy import deepcopy
from random import Random
from typing import Any

from core.settings import Settings
from server.graphql.ws import MOST_MESSAGE_BYTES
from tests.edges.bad_frames import FRAMES, OPERATIONS
from tests.edges.raw import BINARY, CONTINUATION, PING, TEXT, frame

Bad = tuple[bytes, int]

VIEWER = "query { viewer { id } }"
ONE_STORY = "query ($id: UUID!) { story(id: $id) { id title generations { items { id status } } } }"
PAGE = "query { storyGenerations(page: 1, pageSize: 20) { items { id story { title } } meta { total } } }"
RIGHT = {
    "type": "subscribe",
    "id": "1",
    "payload": {"query": VIEWER, "variables": {}, "operationName": None},
}
# What each part of a right message cannot be.
WRONG: dict[tuple[str, ...], list[Any]] = {
    ("type",): [None, 1, [], {}, "", "SUBSCRIBE", "next", "connection_ack", "start"],
    ("id",): [None, 1, 0.5, True, [], {}, ""],
    ("payload",): [None, 1, "{}", [], {}],
    ("payload", "query"): [None, 1, [], {}, [VIEWER]],
    ("payload", "variables"): [1, "{}", [], True],
    ("payload", "operationName"): [1, [], {}, False],
}
NO_UTF8 = [b"\xff", b"\x80", b"\xc0\xaf", b"\xc3(", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xfe\xff"]
PLAIN = [[], 1, -1, 1.5, True, None, "", "subscribe", [{}], [[[]]], [1, "2"], 10**400, "x" * 30_000]


def listed(dice: Random) -> Bad:
    return dice.choice(list(FRAMES.values()))


def no_object(dice: Random) -> Bad:
    return frame(_json(dice.choice(PLAIN))), 4400


def wrong_part(dice: Random) -> Bad:
    message, (*way, name) = deepcopy(RIGHT), dice.choice(list(WRONG))
    part: Any = message
    for step in way:
        part = part[step]
    part[name] = dice.choice(WRONG[*way, name])
    return frame(_json(message)), 4400


def missing_part(dice: Random) -> Bad:
    message = {**RIGHT}
    del message[dice.choice(["type", "id", "payload"])]
    return frame(_json(message)), 4400


def unknown_type(dice: Random) -> Bad:
    name = "".join(chr(dice.randrange(1, 0xD800)) for _ in range(dice.randrange(200)))
    return frame(_json({**RIGHT, "type": f"?{name}"})), 4400


def cut_json(dice: Random) -> Bad:
    whole = _json(RIGHT)
    return frame(whole[: dice.randrange(len(whole))]), 4400


def nested(dice: Random) -> Bad:
    depth = dice.randrange(1, MOST_MESSAGE_BYTES // 8)
    deep = b"[" * depth + b"]" * dice.randrange(depth + 1)
    return frame(deep if dice.random() < 0.5 else b'{"type":"ping","payload":' + deep), 4400


def no_utf8(dice: Random) -> Bad:
    whole = _json(RIGHT)
    at = dice.randrange(len(whole))
    return frame(whole[:at] + dice.choice(NO_UTF8) + whole[at:]), 1007


def binary(dice: Random) -> Bad:
    return frame(dice.randbytes(dice.randrange(2000)), BINARY), 4400


def too_long(dice: Random) -> Bad:
    size = dice.randrange(MOST_MESSAGE_BYTES + 1, 2**63)
    return bytes([0x80 | TEXT, 0xFF]) + size.to_bytes(8) + bytes(4) + b"x" * dice.randrange(100), 1009


def torn_head(dice: Random) -> Bad:
    """With a bit that must not be set, an opcode that does not exist, or no mask."""
    whole = bytearray(frame(_json(RIGHT)))
    what = dice.randrange(3)
    if what == 0:
        whole[0] |= dice.choice([0x10, 0x20, 0x40, 0x70])
    elif what == 1:
        whole[0] = 0x80 | dice.choice([0x3, 0x4, 0x5, 0x6, 0x7, 0xB, 0xC, 0xD, 0xE, 0xF])
    else:
        whole[1] &= 0x7F
    return bytes(whole), 1002


def wrong_mask(dice: Random) -> Bad:
    plain, mask = _json(RIGHT), dice.randbytes(3) + bytes([dice.randrange(1, 256)])
    whole = frame(plain)
    start = len(whole) - len(plain)
    read = bytes(byte ^ mask[at % 4] for at, byte in enumerate(plain))
    try:
        read.decode()
    except UnicodeDecodeError:
        return whole[: start - 4] + mask + plain, 1007
    return whole[: start - 4] + mask + plain, 4400


def in_pieces(dice: Random) -> Bad:
    """With pings between them."""
    whole = _json([RIGHT] * dice.randrange(1, 20))
    cuts = sorted(dice.randrange(len(whole)) for _ in range(dice.randrange(1, 30)))
    edges = list(zip([0, *cuts], [*cuts, len(whole)], strict=True))
    pieces = [
        frame(whole[start:end], CONTINUATION if number else TEXT, final=number == len(edges) - 1)
        for number, (start, end) in enumerate(edges)
    ]
    return frame(b"still here", PING).join(pieces), 4400


KINDS: Mapping[str, Callable[[Random], Bad]] = {
    each.__name__.replace("_", " "): each
    for each in (
        *(listed, no_object, wrong_part, missing_part, unknown_type, cut_json, nested, no_utf8, binary),
        *(too_long, torn_head, wrong_mask, in_pieces),
    )
}


def bad_operation(dice: Random, most: Settings) -> tuple[str, dict[str, Any], bool]:
    """Its kind, its payload, and whether it has to fail: a torn one may come out right."""
    kind = dice.choice(["listed", "torn", "beyond a limit", "wrong variables"])
    if kind == "listed":
        return kind, dice.choice([each for each in OPERATIONS.values() if each["query"]]), True
    if kind == "torn":
        document = dice.choice([VIEWER, ONE_STORY, PAGE])
        start, length = dice.randrange(len(document)), dice.randrange(1, 40)
        return kind, {"query": document[:start] + document[start + length :]}, False
    if kind == "wrong variables":
        return kind, {"query": ONE_STORY, "variables": dice.choice(_WRONG_VARIABLES)}, True
    more = dice.randrange(1, 40)
    deep = most.query_depth // 2 + more
    documents = [
        "{ stories { items " + "{ generations { items { story " * deep + "{ id }" + " } } }" * deep + "} }",
        "{ viewer { " + " ".join(f"a{number}: id" for number in range(most.query_aliases + more)) + " } }",
        "{ "
        + " ".join(f"a{number}: viewer {{ id }}" for number in range(most.query_root_fields + more))
        + " }",
        "{ viewer { " + "id " * (most.query_tokens + more) + "} }",
        "{ stories(pageSize: 100) { items { content generations(pageSize: 100) { items { id } } } } }",
    ]
    return kind, {"query": dice.choice(documents)}, True


_WRONG_VARIABLES: list[dict[str, Any]] = [
    {},
    {"id": None},
    {"id": 1},
    {"id": [1] * 10_001},
    {"id": {"id": "1"}},
    {"id": "1" * 40_000},
    {"ID": "018f0000-0000-7000-8000-000000000000"},
]


def _json(value: Any) -> bytes:
    return json.dumps(value).encode()
