from __future__ import annotations

import asyncio
import json
import sys
from typing import TYPE_CHECKING

import pytest
from pydantic import SecretStr

from tests.results.conftest import AUDIO

if TYPE_CHECKING:
    from core.settings import Settings

STORE_A_LONG_NARRATION = """
import asyncio, json, resource, sys, tempfile
from core.settings import Settings
from core.storage import open_storage

async def main():
    storage = open_storage(Settings(**json.loads(sys.argv[1])))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryFile() as file:
        file.truncate(300_000_000)
        await storage.put(sys.argv[2], file)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

asyncio.run(main())
"""


@pytest.mark.long
async def test_memory_stays_flat_while_300_megabytes_are_stored(settings: Settings) -> None:
    given = {name: getattr(settings, name) for name in settings.model_fields_set}
    plain = {n: v.get_secret_value() if isinstance(v, SecretStr) else v for n, v in given.items()}

    async with asyncio.timeout(120):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            STORE_A_LONG_NARRATION,
            json.dumps(plain),
            AUDIO,
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()

    assert process.returncode == 0
    assert int(output) < 100_000  # KiB
