"""Content Security Policies, one for each kind of answer: https://www.w3.org/TR/CSP3/"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

# A policy has no words for an address of IPv6: https://www.w3.org/TR/CSP3/#grammardef-host-source
_SOURCE = re.compile(r"https?://[a-z0-9_.-]+(?::[0-9]{1,5})?")
ALONE = "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

# GraphiQL's editor writes styles into its page, and loads its scripts in ways that trusted types refuse.
GRAPHIQL = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    f" font-src 'self' data:; connect-src 'self'; worker-src 'self'; {ALONE}"
)
# A worker goes by the policy that its own script came with, not by its page's.
SCRIPT = f"default-src 'none'; script-src 'self'; connect-src 'self'; {ALONE}"
# Its empty icon keeps browsers from asking for one.
NOT_BUILT = f"default-src 'none'; img-src data:; {ALONE}"


def ui(link: str) -> str:
    """The UI's. `link` leads to any result: audio and captions may come from its origin too, which need not
    be the one at which the page was opened.
    """
    sources = " ".join(("'self'", *_source(link)))
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        f" connect-src {sources}; media-src {sources}; require-trusted-types-for 'script';"
        f" trusted-types 'none'; {ALONE}"
    )


def _source(link: str) -> tuple[str, ...]:
    """The link's origin, where a policy can name it."""
    address = urlsplit(link)
    origin = f"{address.scheme}://{address.netloc.rpartition('@')[2]}".lower()
    return (origin,) if _SOURCE.fullmatch(origin) else ()
