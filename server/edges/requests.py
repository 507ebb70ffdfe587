"""Every request has an id: it is in the answer's X-Request-Id, in the log, and in masked errors."""

from __future__ import annotations

import contextvars
import secrets

_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request being answered, empty outside of one."""
    return _current.get()


def name_request() -> str:
    """A new id, for the request or the socket that is answered from here on."""
    named = secrets.token_hex(8)
    _current.set(named)
    return named
