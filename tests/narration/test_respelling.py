from __future__ import annotations

import pytest

from narration.english import respell
from narration.markup import is_decoration, without_markup


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("<b>Stop</b>, he <i class='x'>said</i>.<br/>Go", "Stop, he said. Go"),
        ("**Bold** and _soft_ and `code` and ~~gone~~", "Bold and soft and code and gone"),
        ("# Chapter One", "Chapter One"),
        ("> > quoted\n> more", "quoted more"),
        ("- an item", "an item"),
        ("see [the map](http://example.com/a_b) ![a dog](dog.png)", "see the map a dog"),
        ("[home](/about/)", "home"),
        ("Tom &amp; Jerry&nbsp;run", "Tom & Jerry run"),
        ("snake_case stays, 2 < 3 too", "snake_case stays, 2 < 3 too"),
        ("a <!-- note --> b", "a b"),
        ("5 - 3", "5 - 3"),
    ],
)
def test_markup_is_not_heard(written: str, heard: str) -> None:
    assert without_markup(written) == heard


@pytest.mark.parametrize("text", ["* * *", "—", "…", "", "~~~", "(((", "=====", "$%^"])
def test_ornaments_are_missed_by_nobody(text: str) -> None:
    assert is_decoration(text)


@pytest.mark.parametrize("text", ["a", "1", "你", "🍕", "½", "*a*"])
def test_what_has_content_is_missed(text: str) -> None:
    assert not is_decoration(text)


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("Hello, world.", "Hello, world."),
        ("café naïve Ångström", "café naïve Ångström"),
        ("cafe\u0301", "café"),
        ("ＨＥＬＬＯ 𝐰𝐨𝐫𝐥𝐝 ﬁne Ⅳ", "HELLO world fine IV"),  # noqa: RUF001  # full-width letters are meant
        ("① first, note¹ ➋ ፫ ⑫", "1 first, note 1 2 3 12"),
        ("İstanbul", "Istanbul"),
        ("٣٤٥ men", "345 men"),
        ("H̸̡̪ȩ̬̩l̶̨lo", "Hȩllo"),
        ("a\u200bb\u00adc\u202ed\x00e\x1bf", "abcd e f"),
        ("I ate 🍕 with 朋友 and Привет", "I ate with and"),
        ("π is Greek", "π is Greek"),
        ("x² is ½", "x² is ½"),
        ("word---word", "word — word"),
        ("wow!!!!!!!!! =====", "wow!!!"),
        ("1234567890123456", "1 2 3, 4 5 6, 7 8 9, 0 1 2, 3 4 5, 6"),
        ("1,000,000", "1,000,000"),
        ("x" * 50, f"{'x' * 24} {'x' * 24} xx"),
        ("你好", ""),
        ("🍕🍕", ""),
        ("?!", ""),
        ("", ""),
    ],
)
def test_odd_text_is_respelled_for_the_voice(written: str, spoken: str) -> None:
    assert respell(written) == spoken


@pytest.mark.parametrize("text", ["-'" * 200, "1a" * 200, "%&" * 200 + "a", "a/" * 200, "well-to-do-" * 40])
def test_nothing_long_is_left_unbroken(text: str) -> None:
    assert max(map(len, respell(text).split()), default=0) <= 32


def test_a_long_address_is_broken_before_its_marks() -> None:
    assert (
        respell("https://example.com/stories/lighthouse/keeper")
        == "https://example.com/stories /lighthouse/keeper"
    )
