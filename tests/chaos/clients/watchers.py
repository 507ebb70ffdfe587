"""Subscribers who note what they are told, and what that is worth against what was written."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.chaos.clients.sockets import LiveSocket
from tests.chaos.history import FINAL, Write

_FIELDS = "id status progress revision"
PROGRESS = f"subscription ($id: UUID!) {{ storyGenerationProgress(id: $id) {{ {_FIELDS} }} }}"
EVENTS = f"subscription {{ storyGenerationEvents {{ generation {{ {_FIELDS} }} }} }}"


@dataclass(frozen=True)
class Heard:
    """A state that a subscriber was told of; `at`: seconds since the epoch."""

    at: float
    status: str
    revision: int


@dataclass
class Watcher:
    """One subscription of `user`'s: to the generation `only`, or else to all of theirs."""

    user: UUID
    only: UUID | None = None
    asked_at: float = 0
    heard: dict[UUID, list[Heard]] = field(default_factory=lambda: defaultdict(list))
    completed: bool = False
    complaints: list[str] = field(default_factory=list)
    first_at: float | None = None

    def follow(self, socket: LiveSocket) -> None:
        if self.only:
            socket.subscribe("1", PROGRESS, id=str(self.only))
        else:
            socket.subscribe("1", EVENTS)

    def hear(self, message: dict[str, Any], at: float) -> None:
        """What a socket calls."""
        if message["type"] == "complete":
            self.completed = True
        elif message["type"] != "next" or "errors" in message["payload"]:
            self.complaints.append(str(message)[:300])
        else:
            (told,) = message["payload"]["data"].values()
            state = told if self.only else told["generation"]
            self.first_at = self.first_at or at
            self.heard[UUID(state["id"])].append(Heard(at, state["status"].lower(), state["revision"]))

    def expected(
        self, written: Mapping[UUID, Sequence[Write]], owners: Mapping[UUID, UUID]
    ) -> Iterator[UUID]:
        """Whose end it has to be told: all that began after its first event, which shows that it listens."""
        if self.only:
            yield self.only
        elif self.first_at is not None:
            for generation, steps in written.items():
                if owners[generation] == self.user and steps[0].at > self.first_at:
                    yield generation

    def delay_of(self, generation: UUID, steps: Sequence[Write]) -> float | None:
        """Seconds from the write of its end, or from the subscription, to the end's being told. None where
        it was not told.
        """
        last = steps[-1]
        assert last.status in FINAL
        told = (heard for heard in self.heard.get(generation, ()) if heard.revision == last.revision)
        found = next((heard for heard in told if heard.status == last.status), None)
        return found.at - max(last.at, self.asked_at) if found else None

    def falls(self) -> list[str]:
        """Where a revision was told that was not higher than the one before."""
        return [
            f"{generation}: {after.revision} after {before.revision}"
            for generation, told in self.heard.items()
            for before, after in itertools.pairwise(told)
            if after.revision <= before.revision
        ]
