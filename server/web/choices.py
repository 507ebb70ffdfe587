"""Which form of an answer a caller is sent: https://www.rfc-editor.org/rfc/rfc9110#section-12.5"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers

from server.edges.preferences import listed

IDENTITY = "identity"
# With the ends of file names; the smallest first.
CODINGS = {"br": ".br", "gzip": ".gz"}
# The exact type first: it goes before a range.
PAGE = ("text/html", "text/*", "*/*")
DATA = ("application/json", "application/*", "*/*")


def best_coding(asked: Headers, offered: Collection[str]) -> str:
    """The one of `offered` that Accept-Encoding likes best, of those liked alike the smallest.

    IDENTITY for who names none of them, and for who rules them all out.
    """
    liked = dict(listed(_joined(asked, "accept-encoding")))

    def quality(coding: str) -> float:
        return liked.get(coding, liked.get("*", 0.0))

    best = max([coding for coding in (*CODINGS, IDENTITY) if coding in offered], key=quality)
    return best if quality(best) else IDENTITY


def wants_page(asked: Headers) -> bool:
    """Whether Accept names HTML, and likes no JSON better. Browsers do; programs that take all do not."""
    liked = dict(listed(_joined(asked, "accept")))
    page, data = (next((liked[name] for name in form if name in liked), 0.0) for form in (PAGE, DATA))
    is_named = any(name in liked for name in PAGE[:-1])
    return is_named and page > 0 and page >= data


def _joined(asked: Headers, name: str) -> str:
    return ",".join(asked.getlist(name))
