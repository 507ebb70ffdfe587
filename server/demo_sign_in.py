"""`POST /sign-in/demo`: a demo user's token, for pages of a local installation, on its own machine.

`?user=second` is the second one's; without it, it is the first's.

Whoever can ask gets one, so it matters who can. No page of another origin may, nor one that was made to look
like ours by a name that leads here (DNS rebinding: its Host and Origin name that name), nor anybody on
another machine. STORYCAST_ALLOWED_ORIGINS opens nothing here.
"""

from __future__ import annotations

from datetime import UTC, datetime
from ipaddress import ip_address

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.identity import sign_token
from core.settings import Environment, Settings
from server.local.demo import DEMO_LIFETIME, DEMO_USERS

DEMO_SIGN_IN = "/sign-in/demo"
NAMES = ("localhost", "127.0.0.1", "[::1]")
# A proxy speaks for somebody who may be anywhere.
SIGNS_OF_A_PROXY = ("forwarded", "via", "x-real-ip")


def demo_routes(settings: Settings) -> list[Route]:
    """The route; none but in a `local` environment, on a loopback address, with a secret to sign with."""
    is_ours = settings.environment is Environment.LOCAL and is_loopback(settings.host)
    if not is_ours or not settings.jwt_secret:
        return []

    async def sign_in(request: Request) -> Response:
        if not is_from_here(request):
            return JSONResponse({"error": "Forbidden"}, 403)
        asked = request.query_params.getlist("user") or list(DEMO_USERS)[:1]
        if len(asked) != 1 or asked[0] not in DEMO_USERS:
            return JSONResponse({"error": f"user must be one of {', '.join(DEMO_USERS)}"}, 400)
        user = DEMO_USERS[asked[0]]
        expires = datetime.now(UTC).replace(microsecond=0) + DEMO_LIFETIME
        return JSONResponse(
            {
                "token": sign_token(settings, user.id, DEMO_LIFETIME),
                "expires_at": expires.isoformat(),
                "user": {"id": str(user.id), "name": user.name},
                "users": [{"key": key, "name": each.name} for key, each in DEMO_USERS.items()],
            }
        )

    return [Route(DEMO_SIGN_IN, sign_in, methods=["POST"])]


def is_from_here(request: Request) -> bool:
    """Whether a page of this very server asks, on this machine, with nobody between."""
    headers = request.headers
    ends = [request.scope.get(end) or ("", 0) for end in ("client", "server")]
    host, origin = headers.getlist("host"), headers.getlist("origin")
    port = ends[1][1]
    hosts = [f"{name}:{port}" for name in NAMES] + (list(NAMES) if port == 80 else [])
    return (
        all(is_loopback(address) for address, _ in ends)
        and len(host) == 1
        and host[0] in hosts
        and origin == [f"http://{host[0]}"]
        and headers.get("sec-fetch-site", "same-origin") == "same-origin"
        and not any(name.startswith("x-forwarded") or name in SIGNS_OF_A_PROXY for name in headers)
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, a name or an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
