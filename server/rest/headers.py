"""How the OpenAPI document tells what headers answers have."""

from __future__ import annotations

from typing import Any

from server.rest.limits import POLICY, WINDOW_SECONDS

PLACE = "#/components/headers/"


def _header(description: str, pattern: str, example: str, *, required: bool = True) -> dict[str, Any]:
    return {
        "description": description,
        "required": required,
        "schema": {"type": "string", "pattern": pattern},
        "example": example,
    }


HEADERS = {
    "X-Request-Id": _header("Names this request in the server's log.", "^[0-9a-f]{16}$", "1f0c9a4be37d5208"),
    "Link": _header(
        "The GraphQL operation that replaces this one (`successor-version`), this document (`service-desc`)"
        " and its page (`service-doc`).",
        '^<[^>]*>; rel="successor-version"; title="[A-Za-z ]+", <[^>]*>; rel="service-desc"',
        '</api/docs#storyGeneration>; rel="successor-version"; title="query storyGeneration",'
        ' </api/openapi.json>; rel="service-desc"; type="application/json",'
        ' </api/docs>; rel="service-doc"; type="text/html"',
    ),
    "RateLimit-Policy": _header(
        "A caller may ask for `q` narrations in `w` seconds, all at once or spread out: they come back one by"
        " one.",
        rf'^"{POLICY}";q=[0-9]+;w={WINDOW_SECONDS}$',
        f'"{POLICY}";q=20;w={WINDOW_SECONDS}',
    ),
    "RateLimit": _header(
        "How many of them are left (`r`), and in how many seconds there is one more (`t`, unless all are"
        " there). Missing where that could not be read, and where too many requests are underway. See"
        " draft-ietf-httpapi-ratelimit-headers.",
        rf'^"{POLICY}";r=[0-9]+(;t=[0-9]+)?$',
        f'"{POLICY}";r=19;t=3',
        required=False,
    ),
    "Retry-After": _header("Seconds after which to try again.", "^[0-9]+$", "3"),
    "WWW-Authenticate": _header("How to sign in.", "^Bearer$", "Bearer"),
    "Allow": _header("The methods there are.", "^[A-Z]+(, [A-Z]+)*$", "GET, HEAD, POST"),
}
_OF_STATUS = {
    401: ("X-Request-Id", "Link", "WWW-Authenticate"),
    405: ("X-Request-Id", "Allow"),
    429: ("X-Request-Id", "Link", "RateLimit-Policy", "RateLimit", "Retry-After"),
    500: ("X-Request-Id", "Link", "RateLimit-Policy"),
}
_OF_OTHERS = ("X-Request-Id", "Link", "RateLimit-Policy", "RateLimit")


def headers_of(status: int) -> dict[str, Any]:
    return {name: {"$ref": PLACE + name} for name in _OF_STATUS.get(status, _OF_OTHERS)}
