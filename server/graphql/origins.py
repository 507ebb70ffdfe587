"""Whose pages may open a websocket."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from strawberry.http.websocket_origin import is_same_origin

from core.settings import Environment, Settings
from server.demo_sign_in import is_loopback

logger = logging.getLogger(__name__)


def lets_in(headers: Mapping[str, str], settings: Settings, is_allowed: Callable[[str], bool]) -> bool:
    """Whether a handshake with these headers is nobody's page, or that of an origin which is allowed or ours.

    Strawberry would let in any page whose Origin is the Host that it asked, which says nothing where a
    name of somebody else's leads here (DNS rebinding), and any that says it is of the same site.
    """
    given, asked = headers.get("origin"), headers.get("host", "")
    if given is None:  # no browser
        return True
    if is_allowed(given):
        return True
    if is_same_origin(given, asked) and _is_ours(asked, settings):
        return True
    logger.info("Socket refused: it came from a page of %r, by the host %r", given, asked)
    return False


def _is_ours(host: str, settings: Settings) -> bool:
    """Whether pages that ask `host` are ours, though it is not the public address."""
    if settings.public_url and settings.environment is Environment.PRODUCTION:
        return False
    name = urlsplit(f"//{host}").hostname or ""
    return name == settings.host.lower() or is_loopback(name)
