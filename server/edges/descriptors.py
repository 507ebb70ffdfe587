"""How many files this process may have open, and how many of them are left for its clients."""

from __future__ import annotations

import logging
import resource
from contextlib import suppress

from core.errors import StartupError
from core.settings import Settings

# Besides clients and the database: listener, event loop, Redis, logs, result files that are being read,
# keys that are being fetched, connections that came at the same moment.
SPARE = 64
# What it asks for besides clients and the database, where it may: result files for many at a time.
WANTED_SPARE = 1024

logger = logging.getLogger(__name__)


def room_for_connections(settings: Settings) -> int:
    """How many clients may be connected: what the settings say, or less where so many files may not be open.

    Raises this process's limit on open files for them, as far as it may. Without this, clients would take
    what the database's connections need. Raises StartupError where nothing is left for clients.
    """
    needed = SPARE + settings.database_pool_size
    allowed = _raise_limit(WANTED_SPARE + settings.database_pool_size + settings.connections)
    room = min(settings.connections, allowed - needed)
    if room < 1:
        raise StartupError(
            f"This process may have {allowed} files open, and needs more than {needed}: raise the limit"
            " (`ulimit -n`, LimitNOFILE=)."
        )
    if room < settings.connections:
        logger.warning(
            "Room for %d connections instead of %d: this process may have %d files open; raise the limit"
            " (`ulimit -n`, LimitNOFILE=) or lower STORYCAST_CONNECTIONS",
            room,
            settings.connections,
            allowed,
        )
    return room


def _raise_limit(wanted: int) -> int:
    """How many files may be open, `wanted` or less, after an attempt to have it so."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    # macOS refuses what is beyond a limit that it does not tell.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    return soft
