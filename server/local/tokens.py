"""Tokens for trying things out: signed with the secret of a local installation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.identity import sign_token
from core.settings import load_settings
from server.local.directory import DEFAULT, DataDirectory

if TYPE_CHECKING:
    from datetime import timedelta
    from pathlib import Path
    from uuid import UUID


def token(user_id: UUID, lifetime: timedelta, data_directory: Path | None) -> str:
    """A JWT for `user_id`: with STORYCAST_JWT_SECRET where it is set, else with the data directory's secret.

    Raises StartupError when there is no such directory, SettingsError where only an issuer can sign.
    """
    settings = load_settings()
    if not settings.jwt_secret and not settings.jwks_url:
        directory = DataDirectory((data_directory or DEFAULT).expanduser().absolute())
        settings = load_settings(jwt_secret=directory.read_secrets().jwt_secret)
    return sign_token(settings, user_id, lifetime)
