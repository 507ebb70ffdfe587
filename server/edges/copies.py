"""Copies that callers have kept of an answer: whether they are the answer still (RFC 9110, section 13)."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from starlette.datastructures import Headers
from starlette.responses import Response

# What is told of a body, and so not by an answer that has none. All else is: browsers put it in the place of
# what their copy came with.
OF_A_BODY = {"accept-ranges", "content-disposition", "content-encoding", "content-length", "content-type"}


def unless_kept(asked: Headers, response: Response) -> Response:
    """The response, or 304 where the caller's copy is the same. `asked`: the headers of a GET or a HEAD.

    The response has an ETag, a Last-Modified, or both.
    """
    if not _is_current(asked, response.headers):
        return response
    told = {name: value for name, value in response.headers.items() if name not in OF_A_BODY}
    return Response(status_code=304, headers=told)


def _is_current(asked: Headers, told: Headers) -> bool:
    known = asked.get("if-none-match")
    if known is not None:
        # A proxy that compresses makes the tag a weak one.
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return bool(tags & {"*", told.get("etag", "*")})
    try:
        since = parsedate_to_datetime(asked.get("if-modified-since", ""))
        return parsedate_to_datetime(told.get("last-modified", "")) <= since
    except (ValueError, TypeError):  # no date, or one without a zone
        return False
