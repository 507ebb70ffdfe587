"""The pages' own unit tests, by Node as it is."""

from __future__ import annotations

import re

from tests.programs import run
from web import node
from web.sources import WEB


async def test_unit_tests_of_the_pages_pass(packages: None) -> None:
    ran = await run(
        node.NODE,
        *("--test", "--test-reporter=tap", "src/**/*.test.ts"),
        cwd=WEB,
        env=node.environment(WEB),
        seconds=120,
    )
    assert ran.code == 0, ran.output + ran.errors
    # Where there are none, it says that all is well.
    assert re.search(r"^# pass [1-9]", ran.output, re.MULTILINE), ran.output
