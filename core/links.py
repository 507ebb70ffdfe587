"""Links to result files: absolute, expiring, and needing no credential but themselves."""

from __future__ import annotations

import hashlib
import hmac
import math
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from core.bucket import Bucket
from core.errors import LinkRefused
from core.results import check_key

if TYPE_CHECKING:
    from core.settings import Settings
    from core.storage import Storage


class Links(Protocol):
    """Makes links. Neither implementation waits for anything."""

    def url(self, key: str) -> str:
        """Where to GET the file `key`. Raises ValueError for another form of key."""


@dataclass(frozen=True)
class SignedLinks:
    """Links to files that Storycast serves itself (`server.files`).

    A link works for `lifetime` seconds, and until the next full step after that: so links made close
    together are the same, and caches can hold what is behind them. A step is a tenth of the
    lifetime, at most a minute.
    """

    base: str
    lifetime: int
    secret: bytes = field(repr=False)

    def url(self, key: str) -> str:
        check_key(key)
        step = max(1, min(60, self.lifetime // 10))
        expires = math.ceil((time.time() + self.lifetime) / step) * step
        return f"{self.base}/files/{key}?expires={expires}&signature={self._signature(key, str(expires))}"

    def check(self, key: str, expires: str, signature: str) -> int:
        """How many seconds the link to `key` has left, at least one.

        Raises LinkRefused for what was never signed, and for what was signed too long ago.
        """
        if not hmac.compare_digest(
            self._signature(key, expires).encode(), signature.encode(errors="replace")
        ):
            raise LinkRefused("Link not valid")
        left = int(expires) - time.time()
        if left <= 0:
            raise LinkRefused("Link expired")
        return math.ceil(left)

    def _signature(self, key: str, expires: str) -> str:
        # The first line keeps this secret's other uses, should there be any, apart from links.
        message = f"storycast file link\n{expires}\n{key}".encode(errors="replace")
        digest = hmac.digest(self.secret, message, hashlib.sha256)
        return urlsafe_b64encode(digest).decode().rstrip("=")


@dataclass(frozen=True)
class PresignedLinks:
    """Links straight to the bucket, by AWS Signature Version 4 in the query string."""

    bucket: Bucket
    lifetime: timedelta

    def url(self, key: str) -> str:
        return self.bucket.presigned(key, self.lifetime)


def open_links(settings: Settings, storage: Storage) -> Links:
    """The links to what `storage` keeps. Raises SettingsError when local files lack STORYCAST_LINK_SECRET."""
    if isinstance(storage, Bucket):
        return PresignedLinks(storage, timedelta(seconds=settings.link_lifetime_seconds))
    secret = settings.need("link_secret").encode()
    return SignedLinks(settings.public_base, settings.link_lifetime_seconds, secret)
