"""Any text at all: never a crash, and never more than twice the usual time, counted by the character
or by the second of audio, whichever is kinder (digits are long to hear, foreign script is nothing).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

import pytest

from core.errors import NothingToNarrate
from narration.narrate import MOST_SKIPPED
from tests.narration.conftest import Told
from tests.narration.prose import prose

_CHANCE = random.Random(45)
_PLANES = [(32, 0x24F), (0x250, 0xD7FF), (0xE000, 0x1FFFF)]

NASTY = {
    "400 digits": "7" * 400,
    "400 digits with commas": "1," * 200,
    "numbers": "77 12345678901234567 3.14159 -5 $1,000.55 20°C 5km 10:30pm 2024-01-05 XIV 5th 3/4 555-1234 "
    * 4,
    "digits of other scripts": "٣٤٥ ①② x² ½ ４２ " * 20,  # noqa: RUF001  # full-width digits are meant
    "one word of 20,000 characters": ("pneumonoultramicroscopic" * 834)[:20_000],
    "capitals": "W" * 300,
    "letters and digits": "1a" * 300,
    "mixed case": "aB" * 300,
    "emoji": "I 😀😀 love 👩‍👩‍👧 it 🏳️‍🌈. " * 30,
    "emoji alone": "😀" * 2000,
    "Chinese": "你好世界。" * 400,  # full-width punctuation is meant
    "Arabic": "مرحبا بالعالم " * 100,
    "Russian and Greek": "Привет Καλημέρα hello " * 40,
    "right-to-left marks": "\u202eabc\u202c \u200fdef " * 40,
    "zero width": "w\u200bo\u200br\u200bd\u2060 \ufeff" * 40,
    "zalgo": "H̸̡̪̯ͨ͊̽̅̾̎Ȩ̬̩̾͛ͪ̈́̀́͘Ļ̶̨̱̹̭̯ͧ̾ͬL̷̙̲̝͖ͭ̏ͥͮ͟O " * 40,
    "ten thousand marks": "a" + "\u0301" * 10_000 + " done.",
    "control characters": "".join(map(chr, range(32))) + "word\x07\x1b[31m word\x7f " * 20,
    "lone surrogates": "a\ud800b \udfff " * 40,
    "Markdown": "**a** _b_ [c](/d/) `e` # f\n> g\n- h\n" * 20,
    "HTML": "<p class='x'>Hello <b>there</b></p><br/>&amp;&lt;&#128512;" * 20,
    "unclosed markup": "<a [b]( <!-- **" * 40,
    "punctuation alone": "?!.,;:-—…\"'()[]{}" * 200,
    "quotes and dashes": "-'" * 1000 + "a",
    "symbols": "%&@#+=<>~^|/\\" * 40 + " end",
    "slashes": "and/or/" * 60,
    "hyphens": "well-to-do-" * 40,
    "apostrophes": "\u2019\u2019a" * 200,
    "addresses": "https://example.com/a/b?c=d&e=f#g a.b+c@example.org " * 8,
    "brackets": "[" * 500 + "a" + "]" * 500,
    "ten thousand newlines": "One." + "\n" * 10_000 + "Two.",
    "one-letter lines": "a\nB\n" * 40,
    "tiny sentences": "Yes. No. " * 30,
    "no punctuation": "the wind came off the water and carried a bell " * 25,
    "no spaces": "thewindcameoffthewaterandcarriedabell" * 25,
    "any character": "".join(chr(_CHANCE.randint(*_CHANCE.choice(_PLANES))) for _ in range(1500)),
    "any ASCII": "".join(chr(_CHANCE.randint(1, 126)) for _ in range(1000)),
}


def cost(told: Callable[[str], Told], text: str) -> tuple[float, float]:
    """CPU seconds to narrate it, and seconds of audio."""
    started = time.thread_time()
    try:
        seconds = told(text).narration.duration_seconds
    except NothingToNarrate:
        seconds = 0.0
    return time.thread_time() - started, seconds


@pytest.fixture(scope="module")
def usual() -> dict[str, float]:
    """Filled by the first test that asks, as the voice is loaded by then."""
    return {}


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_it_is_narrated_at_its_usual_speed(
    text: str, told: Callable[[str], Told], usual: dict[str, float]
) -> None:
    if not usual:
        story = prose(1500)
        cost(told, story)
        spent, seconds = cost(told, story)
        usual.update(character=spent / len(story), second=spent / seconds)
    spent, seconds = cost(told, text)
    assert spent <= 2 * max(len(text) * usual["character"], seconds * usual["second"]) + 0.01


def test_one_sentence_of_100_000_characters_has_cues_that_can_be_read(told: Callable[[str], Told]) -> None:
    story = told("🍕 " * 48_000 + "the wind came off the water " * 140)
    assert max(len(cue.text) for cue in story.cues) <= 400
    assert story.narration.skipped_count > len(story.narration.skipped) == MOST_SKIPPED


def test_a_long_number_is_read_to_its_end(told: Callable[[str], Told]) -> None:
    forty, eighty = (told("7" * count).narration for count in (40, 80))
    assert forty.skipped == eighty.skipped == ()
    assert eighty.duration_seconds == pytest.approx(2 * forty.duration_seconds, rel=0.15)
