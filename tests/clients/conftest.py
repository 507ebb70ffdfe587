from __future__ import annotations

import os

import pytest

from tests.clients import node


@pytest.fixture(scope="session")
def packages() -> None:
    """The pinned packages are installed."""
    try:
        node.install()
    except node.Unreachable as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"The packages of tests/clients cannot be installed: {error}")
