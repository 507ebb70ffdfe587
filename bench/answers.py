"""Whether contenders answer alike, before anything is timed."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from bench.http_load import Expected, Request
from bench.processes import Process
from bench.rounds import Different

# One way or the other to write a moment: 2026-01-01T00:00:00+00:00, 2026-01-01T00:00:00.000Z.
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
REFUSED = 401


async def agree(
    contenders: Mapping[str, Process], requests: Sequence[Request], made: Collection[str] = ()
) -> dict[str, list[Expected]]:
    """What each contender answers to each request, so that it can be held to it under load.

    Raises Different where two contenders differ in status, or in JSON; moments may be written in two ways.
    What a refusal says is not compared, nor the values of the keys `made`, which are new in each answer.
    """
    answers = {name: await ask(process, requests) for name, process in contenders.items()}
    names = list(contenders)
    for other in names[1:]:
        for request, ours, theirs in zip(requests, answers[names[0]], answers[other], strict=True):
            if not alike(ours, theirs, made):
                raise Different(
                    f"{request.method} {request.path} {request.body}\n"
                    f"  {names[0]}: {ours.status_code} {ours.text[:1000]}\n"
                    f"  {other}: {theirs.status_code} {theirs.text[:1000]}"
                )
    return {
        name: [
            Expected(request, answer.status_code, len(answer.content))
            for request, answer in zip(requests, found, strict=True)
        ]
        for name, found in answers.items()
    }


async def ask(process: Process, requests: Sequence[Request]) -> list[httpx.Response]:
    """One after another."""
    async with httpx.AsyncClient(base_url=process.base, timeout=20, trust_env=False) as client:
        return [
            await client.request(
                each.method,
                each.path,
                headers={"Authorization": f"Bearer {each.token}", "Accept": "application/json"},
                **({} if each.body is None else {"json": each.body}),
            )
            for each in requests
        ]


def alike(ours: httpx.Response, theirs: httpx.Response, made: Collection[str] = ()) -> bool:
    if ours.status_code != theirs.status_code:
        return False
    return ours.status_code == REFUSED or plain(ours.json(), made) == plain(theirs.json(), made)


def plain(answer: Any, made: Collection[str] = ()) -> Any:
    """The answer with its moments read, and the values of the keys `made` left out."""
    if isinstance(answer, dict):
        return {key: None if key in made else plain(value, made) for key, value in answer.items()}
    if isinstance(answer, list):
        return [plain(value, made) for value in answer]
    if isinstance(answer, str) and _MOMENT.fullmatch(answer):
        return datetime.fromisoformat(answer)
    return answer
