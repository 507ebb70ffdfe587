"""Attacks on links to result files, and honest downloads beside them."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter
from dataclasses import dataclass, field
from random import Random

from core.results import parse_key
from tests.callers import LIMIT_SECONDS, Client
from tests.chaos.clients.bad_links import KINDS, Request, Shelf
from tests.chaos.clients.siege import Attacker
from tests.chaos.pauses import is_over
from tests.edges.raw import asked

# In each file, again and again.
MARK = b"Narrated"
# What may be said to who is not served.
REFUSALS = {400, 403, 404, 405, 431}
LONGEST_REFUSAL_BYTES = 200
# Beyond a file: the heads of its parts.
MOST_MORE_BYTES = 4096
PAUSE_SECONDS = 0.02
_PART = re.compile(rb"content-range: bytes (\d+)-(\d+)/(\d+)\r\n\r\n", re.IGNORECASE)

Answer = tuple[int, dict[str, str], bytes]


@dataclass
class LinkAttacker(Attacker):
    """Asks for files of `shelf` at `base`."""

    base: str
    shelf: Shelf
    statuses: Counter[int] = field(default_factory=Counter)

    async def make(self, dice: Random) -> None:
        self.kind = dice.choice(list(KINDS))
        request = KINDS[self.kind](self.shelf, dice)
        answer = await asked(self.base, request.target, *request.headers, method=request.method)
        self.statuses[answer[0]] += 1
        problem = _problem(request, answer, self.shelf)
        if problem:
            told = [request.method, request.target[:150], *(each[:80] for each in request.headers)]
            self.note(f"{problem}: {answer[0]} {answer[2][:60]!r} to {told}")


@dataclass
class Downloader:
    """Somebody honest, who has right links."""

    client: Client
    shelf: Shelf
    dice: Random
    seconds: list[float] = field(default_factory=list)
    fetched: Counter[int] = field(default_factory=Counter)  # by status
    wrong: list[str] = field(default_factory=list)

    async def fetch_until(self, over: asyncio.Event) -> None:
        while not await is_over(over, PAUSE_SECONDS):
            began = time.monotonic()
            try:
                async with asyncio.timeout(LIMIT_SECONDS):
                    await self._fetch()
            except (TimeoutError, OSError, EOFError) as error:
                self.wrong.append(repr(error))
            self.seconds.append(time.monotonic() - began)

    async def _fetch(self) -> None:
        """A file, a range of it, or the news that it is as it was."""
        key = self.shelf.any(self.dice)
        whole = self.shelf.files[key]
        first, last = sorted(self.dice.randrange(len(whole)) for _ in range(2))
        ways: list[tuple[list[str], int, bytes]] = [
            ([], 200, whole),
            ([f"Range: bytes={first}-{last}"], 206, whole[first : last + 1]),
            ([f"Range: bytes={first}-"], 206, whole[first:]),
            ([f"Range: bytes=-{last + 1}"], 206, whole[-last - 1 :]),
            (["If-None-Match: *"], 304, b""),
        ]
        headers, status, body = self.dice.choice(ways)
        told = await asked(self.client.base, self.shelf.target(key), *headers)
        self.fetched[told[0]] += 1
        problem = _problem(Request("", key=key), told, self.shelf)
        if problem or (told[0], told[2]) != (status, body):
            self.wrong.append(f"{problem or 'other bytes'}: {told[0]} to {headers}, {len(told[2])} bytes")


def _problem(request: Request, answer: Answer, shelf: Shelf) -> str | None:
    """What is wrong with the answer, None where nothing is."""
    status, _, body = answer
    if status >= 500:
        return "a fault of ours"
    if request.key is None or status in REFUSALS:
        served = status not in REFUSALS or MARK in body or len(body) > LONGEST_REFUSAL_BYTES
        return "served" if served else None
    if status in {304, 416}:
        return "served" if MARK in body else None
    return _problem_of_file(request.key, answer, shelf.files[request.key])


def _problem_of_file(key: str, answer: Answer, whole: bytes) -> str | None:
    status, headers, body = answer
    if headers.get("x-content-type-options") != "nosniff":
        return "may be sniffed"
    if len(body) > len(whole) + MOST_MORE_BYTES:
        return "larger than the file"
    if not _is_of(whole, answer):
        return "other bytes"
    kind = headers["content-type"]
    parts = status == 206 and kind.startswith("multipart/byteranges; boundary=")
    return None if parts or kind == parse_key(key).media_type else "of another type"


def _is_of(whole: bytes, answer: Answer) -> bool:
    """Whether these are the bytes of the file, or those of the ranges that the answer says."""
    status, headers, body = answer
    if status == 200:
        return body == whole
    if "content-range" in headers:
        body = b"content-range: " + headers["content-range"].encode() + b"\r\n\r\n" + body
    parts = list(_PART.finditer(body))
    return bool(parts) and status == 206 and all(_is_part(whole, body, part) for part in parts)


def _is_part(whole: bytes, body: bytes, part: re.Match[bytes]) -> bool:
    first, last, length = (int(number) for number in part.groups())
    told = body[part.end() : part.end() + last + 1 - first]
    return length == len(whole) and told == whole[first : last + 1]
