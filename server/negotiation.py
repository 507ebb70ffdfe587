"""Which media type a GraphQL answer comes in: https://graphql.github.io/graphql-over-http/draft/#sec-Accept"""

from __future__ import annotations

RESPONSE_JSON = "application/graphql-response+json"
PLAIN_JSON = "application/json"


def negotiate(accept: str) -> str | None:
    """The media type to answer in: the one the caller likes best, the plain one where it does not care."""
    if not accept:
        return PLAIN_JSON
    best: tuple[float, str] | None = None
    for part in accept.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        offered = {RESPONSE_JSON: RESPONSE_JSON, PLAIN_JSON: PLAIN_JSON}.get(name)
        if name in {"*/*", "application/*"}:
            offered = PLAIN_JSON
        quality = _quality(parameters)
        if offered and quality > 0 and (best is None or quality > best[0]):
            best = (quality, offered)
    return best[1] if best else None


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                return float(value)
            except ValueError:
                return 0.0
    return 1.0
