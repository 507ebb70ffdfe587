"""An issuer's public keys, kept fresh from its JWKS address (RFC 7517).

Rotation works by itself: a token that names a key not held makes the set be read again. Neither
strangers' tokens nor an issuer that is away turn that into a flood of requests.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from core.errors import KeysUnavailable, SettingsError, Unauthenticated
from core.issuer import ISSUER_ERRORS, Fetch

if TYPE_CHECKING:
    import jwt

    from core.issuer import Keys

log = logging.getLogger(__name__)

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class KeySet:
    """The keys of one JWKS address that can verify `algorithm`. All durations are in seconds.

    `lifetime`: how old keys may be before they are read again. `stale_for`: how old they may be
    while the address gives no answer. `cool_down`: the shortest time between two requests, whatever
    came of the first. `timeout`: how long one request may take. `patience`: how long the bearer of a
    key that is held waits for newer ones.
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
        patience: float = 0.25,
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
        self._patience = patience
        self._keys: Keys = {}
        self._read_at = float("-inf")
        self._rest_until = float("-inf")
        self._flight: asyncio.Task[None] | None = None
        # Of its own, so that an issuer that hangs takes no thread away from others.
        self._thread = ThreadPoolExecutor(1, "issuer")

    async def key(self, key_id: str | None) -> jwt.PyJWK:
        """The key named `key_id`; for None the set's only key.

        Raises Unauthenticated when the issuer publishes no such key, and KeysUnavailable when no
        keys can be had, or none younger than `stale_for`.
        """
        if self._age() > self._lifetime:
            held = self._age() <= self._stale_for and self._find(key_id)
            await self._refresh(self._patience if held else None)
        if self._age() > self._stale_for:
            raise KeysUnavailable(f"No usable keys from {self._url}; the log says why.")
        key = self._find(key_id)
        if key is None:
            await self._refresh(None)
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

    async def _refresh(self, patience: float | None) -> None:
        """Reads the set again, together with whoever else wants that, unless one has just been read.

        Returns after `patience` seconds at most; the reading goes on, as it does when a caller gives up.
        """
        if self._flight is None:
            if time.monotonic() < self._rest_until:
                return
            self._flight = asyncio.create_task(self._read())
        await asyncio.wait([self._flight], timeout=patience)

    async def _read(self) -> None:
        fetch = Fetch(self._url, self._algorithm, self._timeout)
        try:
            async with asyncio.timeout(self._timeout):
                self._keys = await asyncio.get_running_loop().run_in_executor(self._thread, fetch.run)
            self._read_at = time.monotonic()
        except ISSUER_ERRORS as error:
            log.warning("Keys could not be read from %s: %r", self._url, error)
        finally:
            fetch.cut()
            self._rest_until = time.monotonic() + self._cool_down
            self._flight = None
