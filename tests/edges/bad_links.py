"""Paths that lead nowhere, and ranges without measure."""

from __future__ import annotations

import time

from core.links import SignedLinks

# Below /files/: none of them is of a file, signed or not.
PATHS = [
    "../secret.txt",
    "..%2fsecret.txt",
    "%2e%2e/%2e%2e/etc/passwd",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..%5c..%5cetc%5cpasswd",
    "..\\..\\etc\\passwd",
    "%252e%252e%252fetc%252fpasswd",
    "%c0%ae%c0%ae/etc/passwd",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "file:///etc/passwd",
    "secret.txt",
    "",
    ".",
    "..",
    "%00",
    "a" * 30_000,
    "a/" * 15_000,
]

# What a Range may say.
RANGES = {
    "many": "bytes=" + ",".join(f"{at}-{at}" for at in range(0, 8_000, 2)),
    "overlapping": "bytes=" + ",".join(["0-"] * 10_000),
    "nested": "bytes=" + ",".join(f"{at}-{10_000 - at}" for at in range(1_000)),
    "huge numbers": "bytes=0-" + "9" * 50_000,
    "a number past 64 bits": "bytes=0-18446744073709551616",
    "a huge suffix": "bytes=-99999999999999999",
    "far past the end": "bytes=99999999999999999-",
    "an empty suffix": "bytes=-0",
    "negative": "bytes=-5--1",
    "backwards": "bytes=9-3",
    "not bytes": "lines=0-1",
    "no unit": "0-1",
    "no range": "bytes=",
    "commas": "bytes=" + "," * 50_000,
    "spaces": "bytes=" + " " * 50_000 + "0-1",
    "letters": "bytes=a-b",
    "other digits": "bytes=\u0661-\u0662",
    "a line of its own": "bytes=0-1\tX: y",
}


def signed(links: SignedLinks, key: str) -> str:
    """A signature for anything, as only a leak of the secret could make it."""
    expires = str(int(time.time()) + 600)
    return f"expires={expires}&signature={links._signature(key, expires)}"  # noqa: SLF001
