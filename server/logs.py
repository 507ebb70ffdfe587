"""How processes log: to stderr, a line a record, with the id of the request that it belongs to."""

from __future__ import annotations

import logging
import time

from server.edges.requests import request_id

OURS = ("core", "db", "jobs", "narration", "resolvers", "schema", "server")
LINE = "%(asctime)s %(levelname)s [%(process)d] %(name)s%(request)s: %(message)s"


class _Lines(logging.Formatter):
    """Times are UTC. What follows a record's first line is indented, so that no text passes for a record."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        found = request_id()
        record.request = f" ({found})" if found else ""
        return super().format(record).replace("\n", "\n    ")


def set_up(level: str) -> None:
    """Log what is ours from `level` on (as STORYCAST_LOG_LEVEL has it).

    Libraries are heard from warnings on, whatever the level: below, some tell headers and parameters.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(_Lines(LINE))
    chosen = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(handlers=[handler], level=max(chosen, logging.WARNING), force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(chosen)
