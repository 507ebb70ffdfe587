"""docs/operations.md lists every setting with its default, and no others."""

from __future__ import annotations

import re

from core.settings import PREFIX, Settings
from tests.operations.test_settings import ROOT

ROW = re.compile(
    r"^\| `STORYCAST_(?P<name>[A-Z0-9_]+)` \| (?P<default>[^|]+) \| [^|]+ \| (?P<readers>[^|]+) \|$"
)
DOCUMENT = (ROOT / "docs" / "operations.md").read_text()


def rows() -> list[re.Match[str]]:
    return [found for line in DOCUMENT.splitlines() if (found := ROW.match(line))]


def default_of(name: str) -> str:
    """As the page writes it."""
    field = Settings.model_fields[name]
    if field.default_factory:
        return "cores"
    if isinstance(field.default, bool):
        return f"`{field.default}`".lower()
    return f"`{field.default}`" if field.default not in {None, ""} else "none"


def test_every_setting_is_listed_once_with_its_default_and_nothing_else_is() -> None:
    listed = sorted((row["name"].lower(), row["default"]) for row in rows())
    assert listed == sorted((name, default_of(name)) for name in Settings.model_fields)


def test_every_setting_says_which_processes_read_it() -> None:
    readers = {reader for row in rows() for reader in row["readers"].split(", ")}
    assert readers == {"API", "worker", "migrate", "run"}


def test_every_setting_named_anywhere_on_the_page_exists() -> None:
    named = {name.lower() for name in re.findall(rf"{PREFIX}([A-Z0-9_]*[A-Z0-9])", DOCUMENT)}
    assert named == set(Settings.model_fields)
