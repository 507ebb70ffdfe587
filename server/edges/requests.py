"""Every request has an id: it is in the answer's X-Request-Id, in the log, and in masked errors."""

from __future__ import annotations

import contextvars
import random

# Ids are told to everybody: they have to be different, not secret.
_dice = random.Random()  # noqa: S311
_current: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="")


def request_id() -> str:
    """The id of the request being answered, empty outside of one."""
    return _current.get()


def name_request() -> str:
    """A new id, for the request or the socket that is answered from here on."""
    named = f"{_dice.getrandbits(64):016x}"
    _current.set(named)
    return named
