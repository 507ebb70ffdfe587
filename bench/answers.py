"""Whether contenders answer alike, before anything is timed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from bench.contenders import Contender
from bench.http_load import Expected, Request
from bench.rounds import Different

# One way or the other to write a moment: 2026-01-01T00:00:00+00:00, 2026-01-01T00:00:00.000Z.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
REFUSED = 401


@dataclass(frozen=True)
class Answered:
    """A request as it was put to a contender, and what came back, in Storycast's words too (`told`)."""

    request: Request
    status: int
    body: bytes
    told: Any

    @property
    def expected(self) -> Expected:
        return Expected(self.request, self.status, len(self.body))

    def is_like(self, other: Answered, made: Collection[str] = ()) -> bool:
        if self.status != other.status:
            return False
        return self.status == REFUSED or plain(self.told, made) == plain(other.told, made)

    def __str__(self) -> str:
        return f"{self.status} {self.body[:1000].decode(errors='replace')}"


async def agree(
    contenders: Mapping[str, Contender], requests: Sequence[Request], made: Collection[str] = ()
) -> dict[str, list[Expected]]:
    """What each contender answers to each request, so that it can be held to it under load.

    Raises Different where two contenders differ in status, or in JSON; moments may be written in two ways.
    What a refusal says is not compared, nor the values of the keys `made`, which are new in each answer.
    """
    answers = {name: await ask(contender, requests) for name, contender in contenders.items()}
    first, *others = contenders
    for other in others:
        for request, ours, theirs in zip(requests, answers[first], answers[other], strict=True):
            if not ours.is_like(theirs, made):
                asked = f"{request.method} {request.path} {request.body}"
                raise Different(f"{asked}\n  {first}: {ours}\n  {other}: {theirs}")
    return {name: [each.expected for each in answered] for name, answered in answers.items()}


async def ask(contender: Contender, requests: Sequence[Request]) -> list[Answered]:
    """One after another."""
    answered = []
    async with httpx.AsyncClient(base_url=contender.process.base, timeout=20, trust_env=False) as client:
        for request in requests:
            phrased = contender.phrase(request)
            response = await client.request(
                phrased.method,
                phrased.path,
                headers={"Authorization": f"Bearer {phrased.token}", "Accept": "application/json"},
                **({} if phrased.body is None else {"json": phrased.body}),
            )
            is_answer = response.status_code < 300
            told = contender.read(request, response.json()) if is_answer else response.json()
            answered.append(Answered(phrased, response.status_code, response.content, told))
    return answered


def plain(answer: Any, made: Collection[str] = ()) -> Any:
    """The answer with its moments read, and the values of the keys `made` left out."""
    if isinstance(answer, dict):
        return {key: None if key in made else plain(value, made) for key, value in answer.items()}
    if isinstance(answer, list):
        return [plain(value, made) for value in answer]
    if isinstance(answer, str) and _MOMENT.fullmatch(answer):
        return datetime.fromisoformat(answer)
    return answer
