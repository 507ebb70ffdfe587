from __future__ import annotations

from pathlib import Path

import pytest

from tests.missing import missing
from tests.web.project import Project
from web import node
from web.sources import WEB


@pytest.fixture(scope="session")
def packages() -> None:
    """The pinned packages of the web UI are installed."""
    try:
        node.install(WEB)
    except node.NotInstalled as error:
        missing(f"The packages of the web UI cannot be installed: {error}")


@pytest.fixture
def project(packages: None, tmp_path: Path) -> Project:
    return Project(tmp_path / "a checkout, mine")
