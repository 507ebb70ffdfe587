"""The REST shim: four paths for legacy callers, word for word as they know them, over the same resolvers.

`/api/openapi.json` describes them, from the models that check and write what goes through them, and
`/api/docs` shows that to people.
"""

from server.rest.answers import failure
from server.rest.pages import page_routes
from server.rest.routes import rest_routes
from server.rest.shim import MOST_BODY_BYTES

__all__ = ["MOST_BODY_BYTES", "failure", "page_routes", "rest_routes"]
