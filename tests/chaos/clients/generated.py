"""Requests that nobody wrote: sent one by one, each answered in time and never by a fault of ours."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis.strategies import SearchStrategy

from tests.chaos.experiment import Findings, Plan
from tests.chaos.installation import Installation

LONGEST_P99_SECONDS = 0.1
ANSWER_SECONDS = 30


@dataclass
class Answers:
    """What came back."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def judge(self, findings: Findings, made: Installation) -> None:
        """No fault of ours, in the answers or in the API's log, and 99 of 100 within 100 ms."""
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


def send_all(
    plan: Plan, requests: SearchStrategy[httpx.Request], is_fault: Callable[[httpx.Response], bool]
) -> Answers:
    """Send `many` generated requests, one after the other; a broken connection is a fault too."""
    answers = Answers()

    @hypothesis.seed(plan.seed)
    @hypothesis.settings(
        max_examples=plan.size.many,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(requests)
    def send(request: httpx.Request) -> None:
        began = time.monotonic()
        try:
            response = client.send(request)
        except httpx.TransportError as error:
            answers.faults.append(f"{error!r} after {_told(request)}")
            return
        answers.seconds.append(time.monotonic() - began)
        answers.statuses[response.status_code] += 1
        if is_fault(response):
            answers.faults.append(f"{response.status_code} {response.text[:200]} to {_told(request)}")

    with httpx.Client(timeout=ANSWER_SECONDS, trust_env=False) as client:
        send()
    return answers


def _told(request: httpx.Request) -> str:
    content: Any = request.content
    return f"{request.method} {request.url} {content[:1000]!r}"
