"""What has to be done before anything is served: migrations, the demo user's stories, a token for them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.identity import sign_token
from core.settings import Environment, load_settings
from db.provision import migrate
from server.demo import DEMO_USER, plant

if TYPE_CHECKING:
    from collections.abc import Callable

DEMO_LIFETIME = timedelta(days=1)


@dataclass(frozen=True)
class Demo:
    """Who can try things out at once. `token` is empty where only an issuer can sign one."""

    user: str
    token: str


def prepare(wait: Callable[[], None]) -> None:
    """Bring the database up to date after `wait` returns, and print a Demo as JSON."""
    settings = load_settings()
    wait()
    migrate(settings)
    if settings.environment is Environment.LOCAL:
        plant(settings)
    token = sign_token(settings, DEMO_USER, DEMO_LIFETIME) if settings.jwt_secret else ""
    print(json.dumps(asdict(Demo(str(DEMO_USER), token))))  # noqa: T201 - `run` reads it
