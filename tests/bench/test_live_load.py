"""How the highest rate that is kept up with is found."""

from __future__ import annotations

import pytest

from bench.live_load import climb

RAMP = [{"rate": float(rate), "seconds": 2.0} for rate in range(1, 9)]


@pytest.mark.parametrize("most", range(9))
async def test_the_highest_step_that_is_kept_up_with_is_found(most: int) -> None:
    async def measure(rate: float, seconds: float) -> dict[str, float]:
        return {"rate": rate, "kept_up": rate <= most}

    measured = await climb(RAMP, measure)
    assert max((each["rate"] for each in measured if each["kept_up"]), default=0) == most
    assert len(measured) <= 8


async def test_a_step_is_given_up_when_it_failed_twice() -> None:
    asked: list[float] = []

    async def measure(rate: float, seconds: float) -> dict[str, float]:
        asked.append(rate)
        return {"kept_up": rate < 6 and asked.count(rate) == 2}

    await climb(RAMP, measure)
    assert asked == [5, 5, 7, 7, 6, 6]
