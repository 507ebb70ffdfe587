"""How to take a guard out of the process that this runs in, for negative controls."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from sqlalchemy import text

GUARDS: dict[str, Callable[[], None]] = {}


def guard(take_out: Callable[[], None]) -> Callable[[], None]:
    GUARDS[take_out.__name__] = take_out
    return take_out


def replace(module: str, name: str, value: object) -> None:
    """Put `value` in the place of what a module calls `name`; it has to have one."""
    holder = import_module(module)
    assert hasattr(holder, name), f"{module} has no {name}"
    setattr(holder, name, value)


@guard
def sweeper() -> None:
    """Nothing rings again, and nothing is ended after its last attempt."""

    async def nothing(*_: Any, **__: Any) -> tuple[()]:
        return ()

    replace("jobs.sweeper", "find_to_ring", nothing)
    replace("jobs.sweeper", "fail_exhausted", nothing)


@guard
def fence() -> None:
    """Writes do not ask whose attempt it is."""
    claims: Any = import_module("db.claims")
    for name in ("_RENEW", "_PROGRESS", "_SUCCEED", "_FAIL", "_RETRY", "_HAND_BACK"):
        fenced = getattr(claims, name).text
        assert claims._FENCE in fenced  # noqa: SLF001 - that is what is taken out
        replace("db.claims", name, text(fenced.replace(claims._FENCE, "id = :id AND :attempt > 0")))  # noqa: SLF001
