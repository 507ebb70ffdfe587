"""What schemathesis makes of the served OpenAPI document: https://schemathesis.readthedocs.io"""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from tests.callers import Api
from tests.conftest import ROOT
from tests.rest.conftest import PutGeneration

CONFIG = Path(__file__).with_name("schemathesis.toml")
LEAST_CASES = 1000
LIMIT_SECONDS = 900


@pytest.mark.long
async def test_schemathesis_finds_nothing_in_over_a_thousand_cases(
    serve_with: Any, alice: UUID, story: str, put_generation: PutGeneration, tmp_path: Path
) -> None:
    statuses = ("pending", "in_progress", "succeeded", "failed")
    generations = [await put_generation(status) for _, status in product(range(100), statuses)]
    belongings = {"stories": [story], "generations": generations}
    async with serve_with(initiations_per_minute=100_000, unfinished_generations=100_000) as api:
        told = await run(api, alice, belongings, tmp_path)
    assert "No issues found" in told, told
    cases = re.search(r"(\d+) generated, (\d+) passed", told)
    assert cases, told
    assert cases[1] == cases[2], told
    assert int(cases[1]) > LEAST_CASES, told


async def run(api: Api, user: UUID, belongings: dict[str, list[str]], folder: Path) -> str:
    """All that schemathesis writes about the API."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG), "run"),
        f"{api.base}/api/openapi.json",
        *("--header", f"Authorization: {api.headers(user)['Authorization']}"),
        cwd=folder,
        env={
            **os.environ,
            "SCHEMATHESIS_BELONGINGS": json.dumps(belongings),
            "SCHEMATHESIS_HOOKS": "tests.rest.hooks",
            "PYTHONPATH": str(ROOT),
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LIMIT_SECONDS):
            told, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return told.decode()
