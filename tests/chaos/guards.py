"""How to take a guard out of the process that this runs in, for negative controls."""

# ruff: noqa: SLF001, PLC0415
# That is what a negative control does; and a process imports what its own guard needs alone.
from __future__ import annotations

from collections.abc import Callable
from typing import Any

GUARDS: dict[str, Callable[[], None]] = {}


def guard(take_out: Callable[[], None]) -> Callable[[], None]:
    GUARDS[take_out.__name__] = take_out
    return take_out


@guard
def sweeper() -> None:
    """Nothing rings again, and nothing is ended after its last attempt."""
    from jobs import sweeper as module

    async def nothing(*_: Any, **__: Any) -> tuple[()]:
        return ()

    module.find_to_ring = nothing
    module.fail_exhausted = nothing


@guard
def fence() -> None:
    """Writes do not ask whose attempt it is."""
    from sqlalchemy import text

    from db import claims

    for name in ("_RENEW", "_PROGRESS", "_SUCCEED", "_FAIL", "_RETRY", "_HAND_BACK"):
        fenced = getattr(claims, name).text
        setattr(claims, name, text(fenced.replace(claims._FENCE, "id = :id AND cast(:attempt AS int) > 0")))
