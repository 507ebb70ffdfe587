"""What is answered where an endpoint has no answer."""

from __future__ import annotations

import logging

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

logger = logging.getLogger(__name__)


async def client_left(_: Request, __: Exception) -> Response:
    """A request that broke off: no fault of ours, and nobody reads the answer."""
    logger.info("A client left before its request was whole")
    return Response(status_code=400)


async def own_fault(_: Request, __: Exception) -> Response:
    """What no endpoint caught. It is raised again, for the server to log."""
    return JSONResponse({"error": "Internal server error"}, 500)
