"""What browsers are shown: the web UI at `/`, GraphiQL at `/graphiql`, as `web/` was built."""

from server.web.build import Build
from server.web.routes import web_routes

__all__ = ["Build", "web_routes"]
