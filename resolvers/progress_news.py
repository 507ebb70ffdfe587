"""What one user's streams know of the user's generations: the newest state of each, and what moved last.

However many streams a user has in a process, rows are kept once, read once, and looked through once. Each
stream remembers up to which move it has been told; one that is slow asks later, and finds the newest state.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from core.events import ChangeKind, GenerationChange
from db.changes import Changes
from db.models import GenerationRow, Status
from resolvers.progress_waking import Sleeper, Waking

# GraphQL's Int.
LARGEST_REVISION = 2**31 - 1
MOST_PROGRESS = 100
# The cursor of a stream that has not begun: whatever is there by then counts as told. It waits until messages
# arrive, and reads then.
READING = sys.maxsize - 1
WAITING = sys.maxsize


class Stream(Sleeper, Protocol):
    """One who is told. `cursor` is the last move that it has been told of."""

    cursor: int


@dataclass(slots=True, eq=False)
class Entry:
    """The newest state that is known of a generation. `row` is None once it is gone.

    `move` is when it moved last, `begun` when it came to be, 0 for one that was there. `at` is the moment
    at which `row` was learned, `heard` whether from a message. `made` is for what is made of this state.
    """

    id: UUID
    row: GenerationRow | None
    move: int = 0
    begun: int = 0
    at: int = 0
    heard: bool = False
    made: dict[Any, Any] = field(default_factory=dict)

    def kind(self, cursor: int) -> ChangeKind:
        """What became of it since that move."""
        if self.row is None:
            return ChangeKind.DELETED
        return ChangeKind.CREATED if self.begun > cursor else ChangeKind.UPDATED


class News:
    """One for each user with streams in this process. `wanting` is called when rows are to be read:
    `unread` has their ids, and `has_gap` says that any may have changed.
    """

    def __init__(self, user_id: UUID, wanting: Callable[[News], None], waking: Waking) -> None:
        self.user_id = user_id
        self.unread: dict[UUID, ChangeKind] = {}
        self.has_gap = False
        self.moves = 0
        self.until: datetime | None = None
        self._wanting, self._waking = wanting, waking
        self._entries: OrderedDict[UUID, Entry] = OrderedDict()
        # By the generation that they follow; None for those that follow all.
        self._streams: dict[UUID | None, set[Stream]] = {}
        self._moment = 0

    def begin(self) -> int:
        """A moment that lies before what is read from now on."""
        self._moment += 1
        return self._moment

    @property
    def follows_all(self) -> bool:
        return None in self._streams

    @property
    def followed(self) -> set[UUID]:
        """The generations that are followed by themselves."""
        return {each for each in self._streams if each is not None}

    def __len__(self) -> int:
        return sum(map(len, self._streams.values()))

    def join(self, stream: Stream, only: UUID | None = None) -> None:
        """Wake this one from now on, or whenever one generation moves."""
        self._streams.setdefault(only, set()).add(stream)

    def leave(self, stream: Stream, only: UUID | None = None) -> None:
        """Harmless for one that has left."""
        streams = self._streams.get(only)
        if streams is not None:
            streams.discard(stream)
            if not streams:
                del self._streams[only]

    def entry(self, generation_id: UUID) -> Entry | None:
        return self._entries.get(generation_id)

    def since(self, cursor: int) -> list[Entry]:
        """What has moved since, in the order of the last moves."""
        found = []
        for entry in reversed(self._entries.values()):
            if entry.move <= cursor:
                break
            found.append(entry)
        found.reverse()
        return found

    def put(self, change: GenerationChange) -> None:
        """A message, which may be late, come twice, or be none of ours."""
        if not (self.follows_all or change.id in self._streams):
            return
        entry = self._entries.get(change.id)
        if entry is not None:
            row = entry.row
            if row is None or _is_stale(change, row, was_heard=entry.heard):
                return
            if _has_advanced(row, change):
                entry.row = row._replace(progress=change.progress, revision=change.revision)
                entry.heard = True
                self._move(entry)
                return
        self.want({change.id: change.kind})
        self._wanting(self)

    def want(self, changed: Mapping[UUID, ChangeKind]) -> None:
        """These are to be read."""
        for generation_id, kind in changed.items():
            if self.unread.get(generation_id) is not ChangeKind.DELETED:
                self.unread[generation_id] = kind

    def mark_gap(self) -> None:
        """Any message may have been lost. It is the same to those who have not begun to read."""
        if any(each.cursor != WAITING for streams in self._streams.values() for each in streams):
            self.has_gap = True
            self._wanting(self)

    def learn(self, rows: Iterable[GenerationRow], began: int) -> None:
        """Rows that were read after the moment `began`."""
        for row in rows:
            entry = self._entries.get(row.id)
            if entry is None:
                self._entries[row.id] = entry = Entry(row.id, row, at=began)
                if self.follows_all:
                    entry.begun = self.moves + 1
                    self._move(entry)
                else:
                    self._entries.move_to_end(row.id, last=False)
            elif entry.row is not None:
                self._learn_again(entry, entry.row, row, began)

    def lose(self, generation_id: UUID, began: int, *, was_told: bool = False) -> None:
        """One that was not found after the moment `began`. `was_told`: somebody has said that it was deleted,
        so it is news though nobody knew of it.
        """
        entry = self._entries.get(generation_id)
        if entry is None and was_told and self.follows_all:
            self._entries[generation_id] = entry = Entry(generation_id, None)
        elif entry is None or entry.row is None or entry.at > began:
            return
        entry.row = None
        self._move(entry)

    def catch_up(self, changes: Changes, began: int) -> None:
        """A look at all that changed, begun after that moment; forgets what is settled for longer than looks
        overlap, and told.
        """
        self.learn(changes.generations, began)
        for generation_id in changes.deleted:
            self.lose(generation_id, began, was_told=True)
        self.until = max(changes.until, self.until or changes.until)
        kept = {row.id for row in changes.generations} | set(changes.deleted) | self.followed
        told = min((each.cursor for each in self._streams.get(None, ())), default=READING)
        for entry in list(self._entries.values()):
            if entry.id not in kept and entry.move <= told and entry.at <= began:
                del self._entries[entry.id]
        self._waking.wake(self._streams.get(None, ()))

    def forget(self) -> None:
        """For when nobody follows all any more, so that nobody keeps up with the others."""
        followed = self.followed
        for generation_id in [each for each in self._entries if each not in followed]:
            del self._entries[generation_id]
        self.until = None

    def _learn_again(self, entry: Entry, known: GenerationRow, row: GenerationRow, began: int) -> None:
        is_latest = entry.at <= began
        if row.revision > known.revision or (is_latest and row.revision < known.revision):
            # The latter is a message that was untrue: the row is right, whatever was told.
            entry.row, entry.heard = row, False
            self._move(entry)
        elif is_latest or row.revision == known.revision:
            entry.row, entry.heard = row, False

    def _move(self, entry: Entry) -> None:
        self.moves += 1
        entry.move, entry.at = self.moves, self.begin()
        entry.made.clear()
        self._entries.move_to_end(entry.id)
        for followed in (None, entry.id):
            streams = self._streams.get(followed)
            if streams:
                self._waking.wake(streams)


def _is_stale(change: GenerationChange, row: GenerationRow, *, was_heard: bool) -> bool:
    """Whether a message tells nothing beyond the row. What is known by a message itself may be untrue: then
    one that says anything else is a reason to read.
    """
    if change.kind is ChangeKind.DELETED:
        return False
    return change.revision <= row.revision and (not was_heard or change.status == row.status)


def _has_advanced(row: GenerationRow, change: GenerationChange) -> bool:
    """Whether the row is as it was, but for the progress and the revision that the message tells.

    So it is between any two writes of one attempt: see `db.claims`.
    """
    return (
        change.kind is ChangeKind.UPDATED
        and change.status == row.status == Status.IN_PROGRESS
        and change.attempt == row.attempt
        and row.revision < change.revision <= LARGEST_REVISION
        and row.progress <= change.progress <= MOST_PROGRESS
    )
