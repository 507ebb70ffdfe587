from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import LinkRefused, SettingsError
from core.folder import Folder
from core.links import SignedLinks, open_links
from core.results import result_key
from core.settings import Settings
from tests.results.conftest import AUDIO, CAPTIONS, GENERATION, USER

LINKS = SignedLinks("https://stories.example", 3600, b"s" * 32)


def parts(url: str) -> tuple[str, str, str]:
    """Key, expiry and signature of a link."""
    address = urlsplit(url)
    query = parse_qs(address.query)
    return address.path.removeprefix("/files/"), query["expires"][0], query["signature"][0]


def test_a_link_is_absolute_and_names_the_file() -> None:
    assert LINKS.url(AUDIO).startswith(f"https://stories.example/files/{AUDIO}?expires=")


def test_a_link_lasts_its_lifetime_and_at_most_a_minute_more() -> None:
    assert 3600 <= LINKS.check(*parts(LINKS.url(AUDIO))) <= 3660


@pytest.mark.parametrize("lifetime", [1, 5, 19])
def test_a_short_link_is_hardly_stretched(lifetime: int) -> None:
    links = SignedLinks("", lifetime, LINKS.secret)

    assert lifetime <= links.check(*parts(links.url(AUDIO))) <= lifetime + 1


def test_links_made_close_together_are_the_same() -> None:
    # At most one step of the clock falls between the first and the last.
    assert len({LINKS.url(AUDIO) for _ in range(50)}) <= 2


def test_a_link_that_ran_out_is_refused() -> None:
    expired = SignedLinks("", -10, LINKS.secret).url(AUDIO)

    with pytest.raises(LinkRefused, match="Link expired"):
        LINKS.check(*parts(expired))


def test_a_link_is_good_for_one_file_and_one_expiry() -> None:
    key, expires, signature = parts(LINKS.url(AUDIO))
    changed = [
        (CAPTIONS, expires, signature),
        (result_key(USER, GENERATION, 11, ".mp3"), expires, signature),
        (key, str(int(expires) + 1), signature),
        (key, f"{expires} ", signature),
        (key, f"0{expires}", signature),
        (key, f"{expires}\n{key}", signature),
        (f"{key}\n", expires, signature),
        (key, expires, signature[:-1]),
        (key, expires, signature + "="),
        (key, expires, signature.swapcase()),
        (key, expires, "\ud800é"),
        (key, "", signature),
        (key, "never", signature),
        (key, expires, ""),
        (key[1:], expires + key[0], signature),
        ("", "", ""),
    ]

    for link in changed:
        with pytest.raises(LinkRefused, match="Link not valid"):
            LINKS.check(*link)


def test_a_link_of_another_secret_is_refused() -> None:
    other = SignedLinks("", 3600, b"t" * 32)

    with pytest.raises(LinkRefused, match="Link not valid"):
        LINKS.check(*parts(other.url(AUDIO)))


def test_no_link_is_made_to_what_is_no_result_file() -> None:
    with pytest.raises(ValueError, match="not the key of a result file"):
        LINKS.url("../secrets")


def test_the_settings_say_how_links_look(folder: Folder) -> None:
    settings = Settings(public_url="https://cast.example/", link_secret="l" * 32, link_lifetime_seconds=60)
    url = open_links(settings, folder).url(AUDIO)

    assert url.startswith(f"https://cast.example/files/{AUDIO}?")
    assert int(parts(url)[1]) <= time.time() + 67


def test_local_files_without_a_secret_for_links_stop_the_start(folder: Folder) -> None:
    with pytest.raises(SettingsError, match="STORYCAST_LINK_SECRET is not set"):
        open_links(Settings(), folder)


def test_a_secret_does_not_show_in_logs() -> None:
    assert "ssss" not in repr(LINKS)
