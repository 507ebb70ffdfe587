"""What many measurements come to."""

from __future__ import annotations

from collections.abc import Sequence

from tests.chaos.experiment import Findings

MOST_TIMES_ALONE = 5
LIMIT_SECONDS = 0.25
# A run that is shorter cannot even out what else the machine does, as a test may be.
SHORT_SECONDS, SHORT_LIMIT_SECONDS = 30, 1.0


def percentile(rising: Sequence[float], share: float) -> float:
    """The least of the values, which are given in rising order, that a `share` of them does not exceed."""
    if not rising:
        return float("nan")
    return rising[min(len(rising) - 1, int(len(rising) * share))]


def judge_pace(
    findings: Findings, who: str, alone: Sequence[float], beside: Sequence[float], *, short: bool
) -> None:
    """Answers to the honest beside attacks: 99 of 100 take no more than five times as long as alone, or no
    more than 250 ms. The seconds are given in rising order.
    """
    usual, meanwhile = percentile(alone, 0.99), percentile(beside, 0.99)
    for when, seconds in (("alone", alone), ("beside the attacks", beside)):
        for name, share in (("p50", 0.5), ("p99", 0.99), ("most", 1)):
            findings.note(f"ms until {who} are answered, {when}, {name}", 1000 * percentile(seconds, share))
    findings.note(f"p99 of {who} to p99 alone", meanwhile / usual)
    limit = max(MOST_TIMES_ALONE * usual, SHORT_LIMIT_SECONDS if short else LIMIT_SECONDS)
    findings.expect(
        meanwhile <= limit, f"p99 became {1000 * meanwhile:.0f} ms, and was {1000 * usual:.0f} ms alone"
    )
