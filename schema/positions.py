"""Where a stream of events is, in words that a client brings back when it comes again."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from uuid import UUID

# A revision of one generation, and a moment of all of them, in microseconds since 1970.
_REVISION = re.compile(r"([0-9a-f-]{36})/([0-9]{1,18})")
_MOMENT = re.compile(r"at/([0-9]{1,18})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass
class Position:
    """`brought` is what a client came with, in any shape; `id`, empty at first, what it may bring next time:
    all up to there it has been told. `moved` says that `id` has changed without an event.

    Only server-sent events carry it; it belongs to one operation.
    """

    brought: str = ""
    id: str = ""
    _reached: str = ""
    _has_gap: bool = False

    @cached_property
    def moved(self) -> asyncio.Event:
        return asyncio.Event()

    def revision_of(self, generation_id: UUID) -> int:
        """The revision of this generation that the client has been told; 0 where it does not say."""
        found = _REVISION.fullmatch(self.brought)
        return int(found[2]) if found and found[1] == str(generation_id) else 0

    def moment(self) -> datetime | None:
        """The moment up to which the client has been told everything; None where it does not say."""
        found = _MOMENT.fullmatch(self.brought)
        try:
            return _EPOCH + timedelta(microseconds=int(found[1])) if found else None
        except OverflowError:
            return None

    def at_revision(self, generation_id: UUID, revision: int) -> None:
        """The next event tells this revision."""
        self._reached = f"{generation_id}/{revision}"

    def at_moment(self, moment: datetime) -> None:
        """Everything up to `moment` is in the events that have been told."""
        self._reached = f"at/{(moment - _EPOCH) // timedelta(microseconds=1)}"
        self.told()
        self.moved.set()

    def of_event(self, *, failed: bool) -> str:
        """The id that goes with an event. One of which something `failed` has none, and none has that comes
        after it: who brings an earlier one is told again.
        """
        self._has_gap = self._has_gap or failed
        return "" if self._has_gap else self._reached

    def told(self) -> None:
        """The event is out."""
        if not self._has_gap:
            self.id = self._reached
