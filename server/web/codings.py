"""Which form of an answer a caller is sent: https://www.rfc-editor.org/rfc/rfc9110#section-12.5"""

from __future__ import annotations

from collections.abc import Collection

from starlette.datastructures import Headers

from server.edges.preferences import listed

IDENTITY = "identity"
# With the ends of file names; the smallest first.
CODINGS = {"br": ".br", "gzip": ".gz"}
# Below all that can be said: what is not compressed suits whoever does not rule it out, and is liked least.
UNSAID = 0.0001
PAGE = ("text/html", "text/*", "*/*")
DATA = ("application/json", "application/*", "*/*")


def best_coding(asked: Headers, offered: Collection[str]) -> str:
    """The one of `offered` that Accept-Encoding likes best, of those liked alike the smallest.

    Who rules out all of them gets IDENTITY.
    """
    liked = dict(listed(_joined(asked, "accept-encoding")))
    usual = liked.get("*")

    def quality(coding: str) -> float:
        unsaid = UNSAID if coding == IDENTITY else 0.0
        return liked.get(coding, unsaid if usual is None else usual)

    best = max([coding for coding in (*CODINGS, IDENTITY) if coding in offered], key=quality)
    return best if quality(best) else IDENTITY


def wants_page(asked: Headers) -> bool:
    """Whether Accept names HTML, and likes no JSON better. Browsers do; programs that take all do not."""
    liked = dict(listed(_joined(asked, "accept")))
    page, data = ([liked[name] for name in form if name in liked][:1] for form in (PAGE, DATA))
    is_named = any(name in liked for name in PAGE[:-1])
    return is_named and page[0] > 0 and page >= data


def _joined(asked: Headers, name: str) -> str:
    return ",".join(asked.getlist(name))
