from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest

from narration.captions import CaptionWriter
from tests.narration.conftest import WAVEFORM, cues_of, peaks_of

ROOT = Path(__file__).parents[2]
IMITATION = "NOTE waveform 2 peaks, 0 to 99, of equal parts of the audio"


def written(*cues: tuple[float, float, str], peaks: list[int] | None = None) -> str:
    file = io.BytesIO()
    captions = CaptionWriter(file)
    for start, end, text in cues:
        captions.add(start, end, text)
    if peaks is not None:
        captions.add_peaks(peaks)
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


def test_peaks_end_the_file_as_a_comment() -> None:
    assert written((0, 1.5, "Hello."), peaks=[0, 7, *range(50, 78), 99]) == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\nHello.\n\n"
        "NOTE waveform 31 peaks, 0 to 99, of equal parts of the audio\n"
        "0 7 50 51 52 53 54 55 56 57 58 59 60 61 62 63 64 65 66 67 68 69 70 71 72\n"
        "73 74 75 76 77 99\n"
    )


@pytest.mark.parametrize("count", [1, 24, 25, 26, 1000])
def test_peaks_are_read_back_as_they_were_written(count: int) -> None:
    peaks = [number * 37 % 100 for number in range(count)]
    captions = written((0, 1, "Hello."), (1, 2, "Bye."), peaks=peaks)
    assert peaks_of(captions) == peaks
    assert [cue.text for cue in cues_of(captions)] == ["Hello.", "Bye."]
    # Blocks of WebVTT end at a blank line, cues begin at an arrow: a comment has neither.
    comment = captions[captions.index("NOTE") :]
    assert "\n\n" not in comment
    assert "-->" not in comment
    assert max(len(line) for line in comment.splitlines()) < 80


@pytest.mark.parametrize(
    "text",
    [
        IMITATION,
        f"{IMITATION}\n1 2",
        f"\n\n{IMITATION}\n1 2\n",
        f"\r\r{IMITATION}\u2028\u20281 2",
        "1 2",
        "NOTE",
    ],
)
def test_no_text_passes_for_the_waveform_or_breaks_it(text: str) -> None:
    cues = ((0, 1, text), (1, 2, "1 2 3"), (2, 3, text))
    assert peaks_of(written(*cues)) == []
    captions = written(*cues, peaks=[3, 4, 5])
    assert peaks_of(captions) == [3, 4, 5]
    assert len(cues_of(captions)) == 3


def test_clients_are_told_how_to_find_the_waveform() -> None:
    assert f"/{WAVEFORM}/" in (ROOT / "docs/clients.md").read_text("utf-8")
    assert CaptionWriter.add_peaks.__doc__
    assert f"/{WAVEFORM}/" in CaptionWriter.add_peaks.__doc__
