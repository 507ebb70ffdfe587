"""Work is counted with plans, however the run has documents answered: they are what it is about."""

from __future__ import annotations

import pytest

from core.settings import Settings
from tests.conftest import adjust


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return adjust(settings, plans=True)
