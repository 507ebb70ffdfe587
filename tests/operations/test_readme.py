"""README.md leads somewhere: its links, and its pictures, which are small enough to be fetched with it."""

from __future__ import annotations

import re

from tests.operations.test_settings import ROOT

README = (ROOT / "README.md").read_text()
MOST_PICTURE_BYTES = 200_000


def test_every_link_leads_to_a_file() -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert len(links) > 5
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_two_pictures_show_what_it_is() -> None:
    pictures = [ROOT / name for name in re.findall(r"!\[[^]]+\]\(([^)]+)\)", README)]
    assert len(pictures) == 2
    for picture in pictures:
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < MOST_PICTURE_BYTES
