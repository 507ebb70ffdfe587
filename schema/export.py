"""Keeping `schema/schema.graphql`, the contract as this code serves it, up to date."""

from __future__ import annotations

from pathlib import Path

from core.errors import StartupError
from schema.root import schema

EXPORTED = Path(__file__).with_name("schema.graphql")


def export(*, check: bool = False) -> None:
    """Write the SDL; with `check`, only compare.

    Raises StartupError when the file is to be checked and differs.
    """
    printed = schema.as_str() + "\n"
    if not check:
        EXPORTED.write_text(printed)
    elif not EXPORTED.exists() or EXPORTED.read_text() != printed:
        raise StartupError("schema/schema.graphql is not what the code serves: run `python3 dev.py schema`.")
