from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import pytest

from tests.identity.issuer import JwksServer, Key, jwks_server

if TYPE_CHECKING:
    from collections.abc import Iterator


@cache
def key(algorithm: str, key_id: str | None) -> Key:
    """Made once a run: RSA takes its time."""
    return Key(algorithm, key_id)


@pytest.fixture
def jwks() -> Iterator[JwksServer]:
    with jwks_server() as server:
        yield server
