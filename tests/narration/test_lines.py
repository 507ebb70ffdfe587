from __future__ import annotations

import time
from itertools import pairwise

import pytest

from narration.lines import LONGEST_LINE, Break, lines_of


def texts(story: str) -> list[str]:
    return [line.text for line in lines_of(story)]


@pytest.mark.parametrize(
    ("story", "sentences"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("“Stop!” he said. “Go.” She went.", ["“Stop!” he said.", "“Go.”", "She went."]),
        ("Dr. Smith met J. K. Rowling. They ate.", ["Dr. Smith met J. K. Rowling.", "They ate."]),
        (
            "It was 5 p.m. and dark. At 6 p.m. She left.",
            ["It was 5 p.m. and dark.", "At 6 p.m.", "She left."],
        ),
        ("He lived at No. 5 there. No. I said no.", ["He lived at No. 5 there.", "No.", "I said no."]),
        ("1. First things first. 2 are left.", ["1. First things first.", "2 are left."]),
        ("He bought eggs, milk, etc. and left. Then?", ["He bought eggs, milk, etc. and left.", "Then?"]),
        ("it rained. then it stopped. why?", ["it rained.", "then it stopped.", "why?"]),
        ("Well… maybe. Pi is 3.14 here.", ["Well… maybe.", "Pi is 3.14 here."]),
        ("**Bold end.** Next (aside.) Last.", ["**Bold end.**", "Next (aside.)", "Last."]),
        ("It was I. He knew.", ["It was I.", "He knew."]),
        ("你好。再见！", ["你好。", "再见！"]),  # noqa: RUF001  # full-width punctuation is meant
        ("Heading\nFirst line.\n\n\nSecond", ["Heading", "First line.", "Second"]),
        ("a\r\nb\rc\u2028d\x85e", ["a", "b", "c", "d", "e"]),
        ("", []),
        (" \n\t\r\n ", []),
        ("\n" * 10_000, []),
    ],
)
def test_a_story_is_cut_into_its_sentences(story: str, sentences: list[str]) -> None:
    assert texts(story) == sentences


def test_lines_that_a_margin_ended_are_read_on() -> None:
    story = (
        "The keeper climbed the stairs and\nlit the lamp, as he had done\nevery night. Mara\nwatched."
        "\n\nThen it rained."
    )
    assert texts(story) == [
        "The keeper climbed the stairs and\nlit the lamp, as he had done\nevery night.",
        "Mara\nwatched.",
        "Then it rained.",
    ]


def test_paragraphs_and_sentences_are_told_apart() -> None:
    assert [line.after for line in lines_of("One. Two.\nThree.")] == [
        Break.PARAGRAPH,
        Break.SENTENCE,
        Break.PARAGRAPH,
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "word, " * 20_000,
        "word " * 20_000,
        "x" * 100_000,
        "a\u0301\u0302" * 30_000,
        "word and word; then word " * 4_000,
    ],
    ids=["commas", "spaces", "one word", "marks", "clauses"],
)
def test_a_long_sentence_is_cut_into_lines_of_like_length_and_loses_nothing(sentence: str) -> None:
    lines = list(lines_of(sentence))
    assert "".join("".join(line.text.split()) for line in lines) == "".join(sentence.split())
    assert all(LONGEST_LINE // 4 < len(line.text) <= LONGEST_LINE for line in lines)
    assert all(line.after is Break.WITHIN_SENTENCE for line in lines[1:])
    assert not any(line.text[0] in "\u0301\u0302" for line in lines)


def test_a_cut_falls_on_clause_punctuation_if_it_can() -> None:
    clauses = [f"clause number {number} goes on for a while," for number in range(30)]
    assert all(line.text.endswith(",") for line in lines_of(" ".join(clauses)))


def test_shares_rise_to_the_end() -> None:
    shares = [line.share for line in lines_of("One. Two.\n\n" * 50 + "End.")]
    assert all(earlier < later for earlier, later in pairwise(shares))
    assert shares[-1] == 1.0


@pytest.mark.parametrize(
    "flood",
    [
        ".",
        "…",
        ". ",
        '."',
        '"',
        " ",
        "\n",
        " \n",
        "\n ",
        "a\n",
        "a \n",
        ".\n",
        "</b>",
        "。",
        "A. ",
        "x",
        "\r",
        "(",
        "1. ",
    ],
)
def test_any_flood_takes_linear_time(flood: str) -> None:
    story = (flood * 300_000)[:300_000] + "x"
    started = time.process_time()
    for _ in lines_of(story):
        pass
    assert time.process_time() - started < 5
