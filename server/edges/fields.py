"""The header fields of a request."""

from __future__ import annotations

from starlette.requests import Request

_FIELDS = "storycast.fields"


def field(request: Request, name: bytes) -> str | None:
    """The value of the first field of that name, which is in lower case: all are looked through once."""
    fields = request.scope.get(_FIELDS)
    if fields is None:
        fields = request.scope[_FIELDS] = dict(reversed(request.scope["headers"]))
    value: bytes | None = fields.get(name)
    return None if value is None else value.decode("latin-1")


def joined(request: Request, name: bytes) -> str:
    """The values of all fields of that name, as those of a list: https://www.rfc-editor.org/rfc/rfc9110#section-5.3"""
    return b", ".join([value for each, value in request.scope["headers"] if each == name]).decode("latin-1")
