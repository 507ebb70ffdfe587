"""The first API process of a `run`: it waits for the servers, brings the database up to date, and serves.

It imports while the servers start, and migrates itself, because a process of its own for that would have
to import the same again: a second that a person waits for.
"""

from __future__ import annotations

import os
import sys

from core.identity import sign_token
from core.settings import Environment, load_settings
from db.provision import migrate
from server.local.demo import DEMO_LIFETIME, DEMO_USER, plant
from server.local.orders import await_orders


def prepare() -> bool:
    """Migrate, and plant the demo user's stories; print that user's token as a line (empty without a secret).

    Waits for its orders, which also hold `migration_database_url`, for this alone. False when there are none.
    """
    told = await_orders()
    if told is None:
        return False
    settings = load_settings(migration_database_url=told["migration_database_url"])
    migrate(settings)
    token = ""
    if settings.environment is Environment.LOCAL:
        plant(settings)
        token = sign_token(settings, DEMO_USER, DEMO_LIFETIME) if settings.jwt_secret else ""
    print(token, flush=True)  # noqa: T201 - `run` reads it
    # `run` reads that line and no further; what is printed from here on is for people.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return True
