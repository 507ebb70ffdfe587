"""A subscriber's mailbox, by itself."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from core.events import ChangeKind, GenerationChange
from tests.mailbox import Delivery, Mailbox

ONE, OTHER = uuid4(), uuid4()
SOON = 5.0


def change(revision: int, kind: ChangeKind = ChangeKind.UPDATED, generation: UUID = ONE) -> GenerationChange:
    return GenerationChange(generation, kind, revision, "in_progress", revision)


CREATED = change(1, ChangeKind.CREATED)
DELETED = change(9, ChangeKind.DELETED)


@pytest.mark.parametrize(
    ("put", "taken"),
    [
        ([change(2), change(3)], [change(3)]),
        ([change(3), change(2)], [change(3)]),
        ([change(2), change(2)], [change(2)]),
        ([CREATED, change(2)], [change(2)]),
        ([change(2), CREATED], [change(2)]),
        ([change(8), DELETED], [DELETED]),
        ([DELETED, change(8)], [DELETED]),
        ([change(2), change(5, generation=OTHER), change(3)], [change(3), change(5, generation=OTHER)]),
    ],
)
async def test_the_newest_change_of_each_generation_is_kept(
    put: list[GenerationChange], taken: list[GenerationChange]
) -> None:
    mailbox = Mailbox()
    for one in put:
        mailbox.put(one)
    assert await mailbox.take(SOON) == Delivery(tuple(taken), gap=False)


async def test_what_was_taken_is_not_taken_again() -> None:
    mailbox = Mailbox()
    mailbox.put(change(2))
    mailbox.mark_gap()
    assert await mailbox.take(SOON) == Delivery((change(2),), gap=True)
    assert await mailbox.take(0) == Delivery((), gap=False)


async def test_a_mailbox_for_one_generation_holds_no_other() -> None:
    mailbox = Mailbox(only=ONE)
    mailbox.put(change(2, generation=OTHER))
    mailbox.put(change(3))
    assert await mailbox.take(SOON) == Delivery((change(3),), gap=False)


async def test_a_cleared_gap_is_not_told_but_changes_are_kept() -> None:
    mailbox = Mailbox()
    mailbox.mark_gap()
    mailbox.clear_gap()
    assert await mailbox.take(0) == Delivery((), gap=False)

    mailbox.put(change(2))
    mailbox.mark_gap()
    mailbox.clear_gap()
    assert await mailbox.take(SOON) == Delivery((change(2),), gap=False)


async def test_one_who_waits_is_woken_by_the_first_change() -> None:
    mailbox = Mailbox()
    waiting = asyncio.create_task(mailbox.take(SOON))
    await asyncio.sleep(0)
    assert not waiting.done()
    mailbox.put(change(2))
    assert await waiting == Delivery((change(2),), gap=False)
