"""Which media type a GraphQL answer comes in: https://graphql.github.io/graphql-over-http/draft/#sec-Accept"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from server.edges.preferences import listed

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"
EVENT_STREAM = "text/event-stream"
FORMS = {RESPONSE_JSON, PLAIN_JSON, EVENT_STREAM}
# What ranges stand for, the most usual first.
RANGES = {
    "*/*": (PLAIN_JSON, RESPONSE_JSON, EVENT_STREAM),
    "application/*": (PLAIN_JSON, RESPONSE_JSON),
    "text/*": (EVENT_STREAM,),
}
# Of an Accept header that may be remembered, in characters.
LONGEST_KEPT = 256


@dataclass(frozen=True)
class Wanted:
    """`form` is what the caller likes best. `json` is what it likes best for an answer that is no stream,
    and `streams` whether it takes one at all: a subscription has no other form.
    """

    form: str
    json: str
    streams: bool


def negotiate(accept: str) -> Wanted | None:
    """What an Accept header asks for; None where nothing that is to be had."""
    if len(accept) <= LONGEST_KEPT:
        return _negotiate_once(accept)
    return _negotiate(accept)


def _negotiate(accept: str) -> Wanted | None:
    if not accept:
        return Wanted(PLAIN_JSON, PLAIN_JSON, streams=False)
    liked = _liked(accept)
    if not liked:
        return None
    plain = next((form for form in liked if form != EVENT_STREAM), PLAIN_JSON)
    return Wanted(liked[0], plain, streams=EVENT_STREAM in liked)


# Clients have few of them.
_negotiate_once = lru_cache(maxsize=256)(_negotiate)


def _liked(accept: str) -> list[str]:
    """The forms that are to be had, the best first; of those liked alike, the first that is listed."""
    ranges = listed(accept)
    named = {name for name, _ in ranges}
    qualities: dict[str, float] = {}
    for name, quality in ranges:
        # A range stands for what is not named: https://www.rfc-editor.org/rfc/rfc9110#section-12.5.1
        meant = [form for form in RANGES.get(name, ()) if form not in named][:1]
        for form in meant or ([name] if name in FORMS else []):
            qualities[form] = max(quality, qualities.get(form, 0.0))
    offered = [form for form, quality in qualities.items() if quality > 0]
    return sorted(offered, key=lambda form: -qualities[form])
