"""Stories that kill each worker that narrates them, among everybody else's."""

from __future__ import annotations

import time
from collections.abc import Collection
from statistics import median
from uuid import UUID

from tests.chaos.clients.load import Crowd, people, story
from tests.chaos.experiment import Experiment, Findings, Plan, Size
from tests.chaos.installation import Installation, installation, product
from tests.chaos.sabotage.faults import DEADLY_WORD
from tests.chaos.verdict import judge
from tests.processes import Started

WORKERS = 2
USERS = 10
ATTEMPTS = 3
# What the product's own limit lets one user have unfinished.
MOST_DEADLY = 5
# For a death, half of the workers are away: until one is there again, and has what its sweeper finds.
SECONDS_A_DEATH = 5


async def run(plan: Plan) -> Findings:
    """`many` generations of ten users, then as many again among a user's deadly stories; a master brings the
    workers back. Each time all have to end within `seconds`.
    """
    findings = Findings()
    async with (
        installation(plan, max_attempts=ATTEMPTS, worker_processes=WORKERS) as made,
        made.client(made.start_api()) as client,
    ):
        *others, killer = people(USERS + 1)
        crowd = Crowd([client], plan.dice, others)
        await crowd.write_stories([1, 3, 10, 30])
        program = product(plan.without, "dies_of_deadly_stories")
        # As an operator runs it.
        with Started(["worker"], made.settings, made.log("worker"), program):
            # Both workers have begun once this has ended.
            await crowd.initiate(WORKERS)
            findings.expect(await made.settle(plan.size.seconds), "no worker began")
            warm = len(crowd.asked.acknowledged)
            await crowd.initiate(plan.size.many)
            calm = crowd.asked.acknowledged[warm:]
            findings.expect(await made.settle(plan.size.seconds), "some were not final before it began")
            crowd.stories[killer] = await client.add_story(killer, _deadly(plan))
            deadly = [await crowd.ask(killer) for _ in range(min(MOST_DEADLY, plan.size.many // 5))]
            await crowd.initiate(plan.size.many)
            findings.expect(await _settle(made), "some were not final in time")
            stormy = crowd.asked.acknowledged[warm + len(calm) :]
        await judge(made, findings, crowd.asked.acknowledged, all_succeed=False)
        killers = {key for key in deadly if key}
        findings.note("deadly stories", len(killers))
        deaths = await _judge_ends(made, findings, killers)
        findings.note("deaths", deaths)
        await _judge_waits(made, findings, calm, [key for key in stormy if key not in killers], deaths)
    return findings


def _deadly(plan: Plan) -> str:
    return f"{story(plan.dice, 5)} Then the {DEADLY_WORD} woke. {story(plan.dice, 5)}"


async def _settle(made: Installation) -> bool:
    """As `settle`, and False as soon as something is tried more often than it may be."""
    limit = time.monotonic() + made.plan.size.seconds
    async with made.sql() as connection:
        while time.monotonic() < limit:
            tried = await connection.fetchval("SELECT max(attempt) FROM story_generations")
            if tried > ATTEMPTS:
                return False
            if await made.settle(1):
                return True
    return False


async def _judge_ends(made: Installation, findings: Findings, killers: Collection[UUID]) -> int:
    """How many deaths it took."""
    async with made.sql() as connection:
        rows = await connection.fetch("SELECT id, status, attempt, error_code FROM story_generations")
    ends = [(row["status"], row["error_code"], row["attempt"]) for row in rows if row["id"] in killers]
    findings.expect_none(
        f"deadly stories that did not end as ATTEMPTS_EXHAUSTED after {ATTEMPTS} attempts",
        [end for end in ends if end != ("failed", "ATTEMPTS_EXHAUSTED", ATTEMPTS)],
    )
    others = [row for row in rows if row["id"] not in killers]
    findings.expect_none(
        "others that did not succeed", [row["id"] for row in others if row["status"] != "succeeded"]
    )
    findings.expect_none(
        "others that took more than one attempt, though no worker narrates two at a time",
        [(row["id"], row["attempt"]) for row in others if row["attempt"] != 1],
    )
    return sum(attempt for _, _, attempt in ends)


async def _judge_waits(
    made: Installation, findings: Findings, calm: Collection[UUID], stormy: Collection[UUID], deaths: int
) -> None:
    """Others wait no longer than before, but for the deaths, as if they had waited for each."""
    waits = await _waits(made)
    longest = {}
    for when, keys in (("before", calm), ("meanwhile", stormy)):
        of_these = [waits.get(key, float("inf")) for key in keys]
        longest[when] = max(of_these)
        findings.note(f"seconds others waited {when}, median", median(of_these))
        findings.note(f"seconds others waited {when}, at the most", longest[when])
    bound = longest["before"] + deaths * SECONDS_A_DEATH
    findings.note("seconds others may wait meanwhile", bound)
    findings.expect(longest["meanwhile"] <= bound, f"one of the others waited {longest['meanwhile']:.1f} s")


async def _waits(made: Installation) -> dict[UUID, float]:
    """Seconds from the request to the first attempt, of all that had one."""
    async with made.sql() as connection:
        rows = await connection.fetch(
            "SELECT id, extract(epoch FROM started_at - created_at)::float8 AS waited"
            " FROM story_generations WHERE started_at IS NOT NULL"
        )
    return {row["id"]: row["waited"] for row in rows}


EXPERIMENT = Experiment(
    name="killer-story",
    promise="a story that kills its worker every time ends as ATTEMPTS_EXHAUSTED; all others succeed",
    guard="attempts_limit",
    breaks="deadly stories that did not end as ATTEMPTS_EXHAUSTED",
    run=run,
    full=Size(seconds=300, many=200),
    short=Size(seconds=60, many=10, lease_seconds=1, sweep_seconds=0.5),
)
