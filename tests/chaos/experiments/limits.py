"""Bursts of initiations over several API processes, with Redis there, frozen and gone."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from uuid import UUID, uuid4

from tests.callers import Client
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation
from tests.limits.asking import burst

PROCESSES = 3
ASKED = 30
A_MINUTE = 7
UNFINISHED = 5


async def run(plan: Plan) -> Findings:
    """`many` users, one after the other, ask 30 times at once, twice; a third of them with Redis there, a
    third with Redis frozen, a third with Redis killed.
    """
    findings = Findings()
    told = {"initiations_per_minute": A_MINUTE, "unfinished_generations": UNFINISHED}
    async with installation(plan, **told) as made, AsyncExitStack() as stack:
        apis = [await stack.enter_async_context(made.client(made.start_api())) for _ in range(PROCESSES)]
        for redis in ("there", "frozen", "killed"):
            if redis == "frozen":
                made.valkey.freeze()
            if redis == "killed":
                made.valkey.thaw()
                made.valkey.kill()
            for _ in range(max(1, plan.size.many // 3)):
                await _check(made, apis, uuid4(), redis, findings)
    return findings


async def _check(
    made: Installation, apis: Sequence[Client], user: UUID, redis: str, findings: Findings
) -> None:
    """So many at once; then, as none is unfinished any more, what is left of the minute."""
    story = await apis[0].add_story(user)
    began = time.monotonic()
    first = await burst(apis, user, story, ASKED)
    async with made.sql() as connection:
        await connection.execute("DELETE FROM story_generations WHERE user_id = $1", user)
    second = await burst(apis, user, story, ASKED)
    refilled = int((time.monotonic() - began) * A_MINUTE / 60)
    findings.note(f"Redis {redis}: admitted of {ASKED} at once, and of {ASKED} more", f"{first}, {second}")
    findings.expect(first == UNFINISHED, f"Redis {redis}: {first} at once, not {UNFINISHED}")
    findings.expect(
        A_MINUTE <= first + second <= A_MINUTE + refilled,
        f"Redis {redis}: {first + second} in a minute, not {A_MINUTE} ({refilled} refilled)",
    )


EXPERIMENT = Experiment(
    name="limits",
    promise="limits hold exactly over three API processes, and with Redis frozen or gone",
    guard="quota_row",
    breaks="at once, not",
    run=run,
    full=Size(seconds=60, many=30),
    short=Size(seconds=30, many=3),
)
