from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.clients import examples, node


@pytest.fixture(scope="session")
def packages() -> None:
    """The pinned packages are installed."""
    try:
        node.install()
    except node.Unreachable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"The packages of tests/clients cannot be installed: {error}")


@pytest.fixture(scope="session")
def built_examples(packages: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of examples/ that is ready to run. Of typescript/codegen/generated, the manifest too."""
    copied = examples.copy_to(tmp_path_factory.mktemp("examples"))
    for making in (examples.compile_relay, examples.generate_code):
        made = asyncio.run(making(copied))
        assert made.code == 0, made.output + made.errors
    return copied
