from __future__ import annotations

import io
from itertools import pairwise

import pytest

from narration.captions import CaptionWriter
from tests.narration.conftest import cues_of


def written(*cues: tuple[float, float, str]) -> str:
    file = io.BytesIO()
    captions = CaptionWriter(file)
    for start, end, text in cues:
        captions.add(start, end, text)
    return file.getvalue().decode()


def test_a_cue_is_written_as_the_format_has_it() -> None:
    assert written((0.024, 1.5, "Hello."), (61.0004, 3662.9996, "Bye.")) == (
        "WEBVTT\n\n00:00:00.024 --> 00:00:01.500\nHello.\n\n00:01:01.000 --> 01:01:03.000\nBye.\n"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b & c > d", "a &lt; b &amp; c &gt; d"),
        ("x --> y", "x --&gt; y"),
        ("two\n\nlines\r\n", "two lines"),
        ("<b>&amp;</b>", "&lt;b&gt;&amp;amp;&lt;/b&gt;"),
        ("a\x00\x07b\x85c\u2028d", "ab c d"),
        ("שלום 你好 🍕", "שלום 你好 🍕"),
        ("half \ud800 a pair", "half ? a pair"),
    ],
)
def test_a_cue_can_hold_any_text(text: str, shown: str) -> None:
    assert [cue.text for cue in cues_of(written((0, 1, text)))] == [shown]


def test_days_are_counted_in_hours() -> None:
    assert "\n100:00:00.000 --> 1234:59:59.999\n" in written((360_000, 1234 * 3600 + 3599.999, "Long."))


def test_cues_never_overlap_and_always_last() -> None:
    cues = cues_of(written((0.0001, 0.0002, "a"), (0.0003, 0.0004, "b"), (0.0004, 0.5, "c"), (0.5, 0.9, "d")))
    assert all(cue.start < cue.end for cue in cues)
    assert all(earlier.end <= later.start for earlier, later in pairwise(cues))
