"""Requests that nobody wrote: sent one by one, each answered in time and never by a fault of ours."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis.strategies import SearchStrategy, sampled_from

from tests.callers import Client
from tests.chaos.clients.load import Crowd, people
from tests.chaos.clients.owned import Owned
from tests.chaos.experiment import Findings, Plan
from tests.chaos.installation import Installation, installation

LONGEST_P99_SECONDS = 0.1
ANSWER_SECONDS = 30
RENEW_EVERY = 100


class OutOfTime(Exception):
    """Not all were sent when the plan's seconds were over."""


@dataclass
class Answers:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    right: int = 0
    naming_known: int = 0  # answers with the id of what the user has
    out_of_time: bool = False

    def judge(self, findings: Findings, made: Installation, *, least_right: float) -> None:
        """No fault of ours, in the answers or in the API's log, and 99 of 100 within 100 ms. All were
        answered, of which so large a share was given what it asked for.
        """
        many = made.plan.size.many
        findings.expect(not self.out_of_time, "not all were sent in time")
        findings.expect(len(self.seconds) == many, f"{len(self.seconds)} were answered, not {many}")
        findings.note("given what they asked for", self.right)
        findings.expect(self.right >= least_right * many, f"only {self.right} were right")
        findings.note("answers with what the user has", self.naming_known)
        findings.expect(self.naming_known > 0, "no answer had anything of what the user has")
        if not self.seconds:
            return
        taken = sorted(self.seconds)
        p99 = taken[len(taken) * 99 // 100]
        log = made.log("api").read_text(errors="replace")
        findings.note("requests", len(taken))
        findings.note("by status", dict(sorted(self.statuses.items())))
        findings.note("milliseconds, median", 1000 * taken[len(taken) // 2])
        findings.note(f"milliseconds, p99 (promised {1000 * LONGEST_P99_SECONDS:g})", 1000 * p99)
        findings.note("milliseconds, most", 1000 * taken[-1])
        findings.expect(p99 <= LONGEST_P99_SECONDS, f"p99 is {1000 * p99:.0f} ms")
        findings.expect_none("answers that are a fault of ours", self.faults)
        findings.expect_none(
            "faults in the log", [line for line in log.splitlines() if "ERROR" in line or "Traceback" in line]
        )


async def try_generated(
    plan: Plan,
    requests: Callable[[Client, Owned], SearchStrategy[httpx.Request]],
    *,
    is_fault: Callable[[httpx.Response], bool],
    is_right: Callable[[httpx.Response], bool],
    least_right: float,
) -> Findings:
    """What became of `many` requests by a user who has a story and a generation."""
    findings = Findings()
    async with installation(plan) as made, made.client(made.start_api()) as client:
        [user] = people(1)
        owned = await Owned.make(Crowd([client], plan.dice, [user]), user)
        generated = requests(client, owned)
        answers = await asyncio.to_thread(
            send_all, plan, owned, generated, is_fault=is_fault, is_right=is_right
        )
        answers.judge(findings, made, least_right=least_right)
    return findings


def send_all(
    plan: Plan,
    owned: Owned,
    requests: SearchStrategy[httpx.Request],
    *,
    is_fault: Callable[[httpx.Response], bool],
    is_right: Callable[[httpx.Response], bool],
) -> Answers:
    """Send `many` generated requests, one after the other, until `seconds` are over; a broken connection is
    a fault too. What the user owns is made anew now and then. Not in the event loop's thread.
    """
    answers, sent = Answers(), itertools.count(1)
    limit = time.monotonic() + plan.size.seconds

    @hypothesis.seed(plan.seed)
    @hypothesis.settings(
        max_examples=plan.size.many,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(requests)
    def send(request: httpx.Request) -> None:
        began = time.monotonic()
        if began > limit:
            raise OutOfTime
        if next(sent) % RENEW_EVERY == 0:
            owned.renew()
            began = time.monotonic()
        try:
            response = client.send(request)
        except httpx.TransportError as error:
            answers.faults.append(f"{error!r} after {_told(request)}")
            return
        answers.seconds.append(time.monotonic() - began)
        answers.statuses[response.status_code] += 1
        answers.right += is_right(response)
        answers.naming_known += owned.is_named(response.text)
        if is_fault(response):
            answers.faults.append(f"{response.status_code} {response.text[:200]} to {_told(request)}")

    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        try:
            send()
        except OutOfTime:
            answers.out_of_time = True
    return answers


def weighted(*kinds: tuple[SearchStrategy[Any], int]) -> SearchStrategy[Any]:
    """Each kind so often; `one_of` takes each once, however often it is given."""
    return sampled_from([kind for kind, weight in kinds for _ in range(weight)]).flatmap(lambda kind: kind)


def _told(request: httpx.Request) -> str:
    content: Any = request.content
    return f"{request.method} {request.url} {content[:1000]!r}"
