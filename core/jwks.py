"""An issuer's public keys, kept fresh from its JWKS address (RFC 7517).

Rotation works by itself: a token that names a key not held makes the set be read again. Neither
strangers' tokens nor an issuer that is away turn that into a flood of requests.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import Any
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import jwt

from core.errors import KeysUnavailable, SettingsError, Unauthenticated

log = logging.getLogger(__name__)

LARGEST_SET_BYTES = 262_144
KEY_TYPES = {"RS256": "RSA", "ES256": "EC", "EdDSA": "OKP"}
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class KeySet:
    """The keys of one JWKS address that can verify `algorithm`. All durations are in seconds.

    `lifetime`: how old keys may be before they are read again. `stale_for`: how old they may be
    while the address gives no answer. `cool_down`: the shortest time between two requests, whatever
    came of the first. `timeout`: how long one request may take.
    """

    def __init__(
        self,
        url: str,
        algorithm: str,
        *,
        lifetime: float = 300,
        stale_for: float = 86_400,
        cool_down: float = 10,
        timeout: float = 3,
    ) -> None:
        """Raises SettingsError when `url` could be answered by a stranger. Fetches nothing."""
        address = urlsplit(url)
        if address.scheme != "https" and not (address.scheme == "http" and address.hostname in LOOPBACK):
            raise SettingsError(
                f"STORYCAST_JWKS_URL is {url}: keys must come over https (or http from this machine itself)."
            )
        self._url = url
        self._algorithm = algorithm
        self._lifetime = lifetime
        self._stale_for = stale_for
        self._cool_down = cool_down
        self._timeout = timeout
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._read_at = float("-inf")
        self._rest_until = float("-inf")
        self._flight: asyncio.Task[None] | None = None

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """The key named `key_id`; for None the set's only key.

        Raises Unauthenticated when the issuer publishes no such key, and KeysUnavailable when no
        keys can be had, or none younger than `stale_for`.
        """
        if self._age() > self._lifetime:
            await self._refresh()
        if self._age() > self._stale_for:
            raise KeysUnavailable(f"No usable keys from {self._url}; the log says why.")
        key = self._find(key_id)
        if key is None:
            await self._refresh()
            key = self._find(key_id)
        if key is None:
            raise Unauthenticated("the issuer publishes no key of the token's kid")
        return key

    def _age(self) -> float:
        return time.monotonic() - self._read_at

    def _find(self, key_id: str | None) -> jwt.PyJWK | None:
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    async def _refresh(self) -> None:
        """Reads the set again, together with whoever else wants that, unless one has just been read."""
        if self._flight is None:
            if time.monotonic() < self._rest_until:
                return
            self._flight = asyncio.create_task(self._read())
        # A caller that gives up must not take the fetch away from the others.
        await asyncio.shield(self._flight)

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(self._timeout):
                document = await asyncio.to_thread(_download, self._url, self._timeout)
            self._keys = _usable_keys(document, self._algorithm)
            self._read_at = time.monotonic()
        except (OSError, ValueError, RecursionError) as error:
            log.warning("Keys could not be read from %s: %r", self._url, error)
        finally:
            self._rest_until = time.monotonic() + self._cool_down
            self._flight = None


class _NoRedirects(HTTPRedirectHandler):
    """Leaves a redirect what it is to us, an answer that is not 200: it could lead away from https."""

    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        return None


def _download(url: str, timeout: float) -> bytes:
    """What `url` answers, at most LARGEST_SET_BYTES. Raises OSError or ValueError."""
    request = Request(url, headers={"Accept": "application/json"})  # noqa: S310 - KeySet checks the scheme
    with build_opener(_NoRedirects).open(request, timeout=timeout) as response:
        document: bytes = response.read(LARGEST_SET_BYTES + 1)
    if len(document) > LARGEST_SET_BYTES:
        raise ValueError(f"the answer is longer than {LARGEST_SET_BYTES} bytes")
    return document


def _usable_keys(document: bytes, algorithm: str) -> dict[str | None, jwt.PyJWK]:
    """The keys by kid, those for other uses left out. Raises ValueError when none is left."""
    parsed = json.loads(document)
    entries = parsed.get("keys") if isinstance(parsed, dict) else None
    keys: dict[str | None, jwt.PyJWK] = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict) and _is_for(entry, algorithm):
            try:
                keys.setdefault(entry.get("kid"), jwt.PyJWK.from_dict(entry, algorithm))
            except (jwt.PyJWTError, ValueError, TypeError) as error:
                log.warning("A key of the set is left out: %s", error)
    if not keys:
        raise ValueError(f"it holds no key for {algorithm}")
    return keys


def _is_for(entry: dict[str, Any], algorithm: str) -> bool:
    return (
        entry.get("kty") == KEY_TYPES[algorithm]
        and entry.get("use", "sig") == "sig"
        and entry.get("alg", algorithm) == algorithm
        and "d" not in entry  # a private key: whoever published it cannot vouch for anybody
        and isinstance(entry.get("kid", ""), str)
    )
