"""`/`, `/graphiql` and `/assets/…`: answered from memory, without a look at the disk or the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from core.links import Links
from core.results import result_key
from core.settings import Settings
from server.edges.copies import unless_kept
from server.web import policies
from server.web.build import ASSETS, Build, File
from server.web.choices import IDENTITY, best_coding, wants_page

# Kept, and asked after each time: the page names the assets of its build.
PAGE = {"Cache-Control": "no-cache", "Cross-Origin-Opener-Policy": "same-origin"}
# Kept for good: the build puts a hash of each into its name.
ASSET = {"Cache-Control": "public, max-age=31536000, immutable"}
SCRIPT = {**ASSET, "Content-Security-Policy": policies.SCRIPT}
# What the answer at `/` depends on, whatever it is.
INDEX_VARIES = {"Vary": "Accept, Accept-Encoding"}
VARIES = {"Vary": "Accept-Encoding"}
NOT_BUILT_PAGE = Path(__file__).with_name("not_built.html").read_text(encoding="utf-8")
ANY_RESULT = result_key(UUID(int=0), UUID(int=0), 1, ".mp3")

Endpoint = Callable[[Request], Awaitable[Response]]


def web_routes(settings: Settings, links: Links, build: Build | None, index: Endpoint) -> list[Route]:
    """The pages of `build`, or one that says that there is none. `index` answers programs at `/`."""
    page = _page(build, "index.html", {**INDEX_VARIES, **_guarded(policies.ui(links.url(ANY_RESULT)))})

    async def root(request: Request) -> Response:
        if wants_page(request.headers):
            return await page(request)
        response = await index(request)
        response.headers.update(INDEX_VARIES)
        return response

    async def asset(request: Request) -> Response:
        file = build.files.get(f"{ASSETS}/{request.path_params['name']}") if build else None
        if file is None:
            raise HTTPException(404)
        is_script = file.media_type == "text/javascript"
        return _sent(request, file, {**VARIES, **(SCRIPT if is_script else ASSET)})

    routes = [Route("/", root), Route(f"/{ASSETS}/{{name}}", asset)]
    if settings.offers_graphiql:
        graphiql = _page(build, "graphiql.html", {**VARIES, **_guarded(policies.GRAPHIQL)})
        routes.append(Route("/graphiql", graphiql))
    return routes


def _guarded(policy: str) -> dict[str, str]:
    return {**PAGE, "Content-Security-Policy": policy}


def _page(build: Build | None, name: str, headers: dict[str, str]) -> Endpoint:
    file = build.files.get(name) if build else None

    async def page(request: Request) -> Response:
        if file is None:
            told = {**headers, **_guarded(policies.NOT_BUILT), "Cache-Control": "no-store"}
            return HTMLResponse(NOT_BUILT_PAGE, headers=told)
        return _sent(request, file, headers)

    return page


def _sent(request: Request, file: File, headers: dict[str, str]) -> Response:
    coding = best_coding(request.headers, file.bodies)
    body = file.bodies[coding]
    told = {**headers, "ETag": body.tag}
    if coding != IDENTITY:
        told["Content-Encoding"] = coding
    return unless_kept(request.headers, Response(body.content, media_type=file.media_type, headers=told))
