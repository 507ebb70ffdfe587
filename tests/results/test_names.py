from __future__ import annotations

import pytest

from core.results import ResultName, parse_key, result_key
from tests.results.conftest import AUDIO, GENERATION, USER


def test_a_key_says_whose_which_and_what_the_file_is() -> None:
    name = parse_key(result_key(USER, GENERATION, 12, ".vtt"))

    assert name == ResultName(USER, GENERATION, 12, ".vtt")
    assert name.media_type == "text/vtt; charset=utf-8"
    assert name.download_name == f"storycast-{GENERATION}.vtt"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "/",
        "..",
        f"../{AUDIO}",
        f"/{AUDIO}",
        f"{AUDIO}/",
        f"{AUDIO}\n",
        f"{AUDIO}\0",
        AUDIO.upper(),
        AUDIO.replace("/", "//"),
        AUDIO.replace("/", "\\"),
        AUDIO.replace("/1", "/../1"),
        AUDIO.replace("/1", "/0"),
        AUDIO.replace("/1", "/01"),
        AUDIO.replace("/1", "/\N{ARABIC-INDIC DIGIT ONE}"),
        AUDIO.replace(".mp3", ".txt"),
        f"{AUDIO}.0123456789abcdef.part",
        "\ud800",
    ],
)
def test_what_is_not_of_the_form_is_no_key(key: str) -> None:
    with pytest.raises(ValueError, match="not the key of a result file"):
        parse_key(key)
