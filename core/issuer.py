"""What an issuer publishes at its JWKS address: fetched within a time, read into keys. All of it blocks."""

from __future__ import annotations

import json
import logging
import socket
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

import jwt

log = logging.getLogger(__name__)

LARGEST_SET_BYTES = 262_144
KEY_TYPES = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}

# What an issuer that is away, or sends anything but keys, looks like from here.
ISSUER_ERRORS = (OSError, HTTPException, ValueError, RecursionError)

Keys = dict[str | None, jwt.PyJWK]


class Fetch:
    """One look at the address, made in one thread by `run`, and ended from any other by `cut`."""

    def __init__(self, url: str, algorithm: str, timeout: float) -> None:
        """`timeout`, in seconds, is for each step; only `cut` ends an answer that keeps dripping."""
        self._url = url
        self._algorithm = algorithm
        self._timeout = timeout
        self._socket: socket.socket | None = None
        self._is_cut = False

    def run(self) -> Keys:
        """The keys by kid, those for other uses left out.

        Raises one of ISSUER_ERRORS where there are none.
        """
        request = Request(self._url, headers={"Accept": "application/json"})  # noqa: S310 - KeySet checks the scheme
        opener = build_opener(_NoRedirects, _Connecting(self))
        with opener.open(request, timeout=self._timeout) as response:
            document: bytes = response.read(LARGEST_SET_BYTES + 1)
        if len(document) > LARGEST_SET_BYTES:
            raise ValueError(f"the answer is longer than {LARGEST_SET_BYTES} bytes")
        return _usable_keys(document, self._algorithm)

    def hold(self, opened: socket.socket) -> None:
        """Name the connection that `cut` has to end."""
        self._socket = opened
        if self._is_cut:
            raise TimeoutError

    def cut(self) -> None:
        """Have `run` fail soon, where it has not ended."""
        self._is_cut = True
        if self._socket:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class _NoRedirects(HTTPRedirectHandler):
    """Leaves a redirect what it is to us, an answer that is not 200: it could lead away from https."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


class _Connecting(HTTPHandler, HTTPSHandler):
    """Tells the fetch of its connection."""

    def __init__(self, fetch: Fetch) -> None:
        super().__init__()
        self._fetch = fetch

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, self._fetch), req)

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(partial(_SecureConnection, self._fetch), req)


class _Connection(HTTPConnection):
    def __init__(self, fetch: Fetch, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._fetch = fetch

    def connect(self) -> None:
        super().connect()
        self._fetch.hold(self.sock)


class _SecureConnection(HTTPSConnection):
    def __init__(self, fetch: Fetch, host: str, **options: Any) -> None:
        super().__init__(host, **options)
        self._fetch = fetch

    def connect(self) -> None:
        super().connect()
        self._fetch.hold(self.sock)


def _usable_keys(document: bytes, algorithm: str) -> Keys:
    """Raises ValueError when none is left."""
    parsed = json.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    keys: Keys = {}
    left_out = []
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and _is_for(entry, algorithm):
            try:
                keys.setdefault(entry.get("kid"), jwt.PyJWK.from_dict(entry, algorithm))
            except (jwt.PyJWTError, ValueError, TypeError) as error:
                left_out.append(str(error))
    if left_out:
        # One line for all: the issuer says how many there are.
        log.warning("%d keys of the set are left out, the first because of: %s", len(left_out), left_out[0])
    if not keys:
        raise ValueError(f"it holds no key for {algorithm}")
    return keys


def _is_for(entry: dict[str, Any], algorithm: str) -> bool:
    operations = entry.get("key_ops", ["verify"])
    return (
        entry.get("kty") == KEY_TYPES[algorithm]
        and entry.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and entry.get("alg", algorithm) == algorithm
        and "d" not in entry  # a private key: whoever published it cannot vouch for anybody
        and isinstance(entry.get("kid", ""), str)
    )
