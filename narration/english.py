"""Respelling for an English voice: what it would stumble over, in a form it reads at its usual speed.

Letters in disguise (full width, mathematical) become plain ones; words in other scripts, pictures and
stacks of marks go; long numbers are read digit by digit; long words are read in parts.
"""

from __future__ import annotations

import re
import unicodedata

# The voice reads no more than this many letters of a word.
LONGEST_WORD = 24
# The voice's time grows with the cube of what stands between two spaces.
LONGEST_TOKEN = 32

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
# What the voice has words for.
_POWERS_AND_FRACTIONS = frozenset("²³¼½¾")
# The one letter whose lower case is two characters, which the voice breaks on.
_DOTTED_I = "İ"
_LATIN = "A-Za-zªºÀ-ÖØ-öø-\u024f\u1e00-\u1eff"
_FOREIGN_WORD = re.compile(rf"[^\W\d_{_LATIN}]{{2,}}")
# Beyond it, symbols are pictures: emoji, ornaments, boxes.
_FIRST_PICTURE = 0x2300

_DASHES = re.compile(r"-{2,}|—{2,}")
_REPEATED_SYMBOL = re.compile(r"([^\w\s.!?…]|_)\1{2,}")
_REPEATED_STOP = re.compile(r"([.!?…]{3})[.!?…]+")
_LONG_NUMBER = re.compile(r"(?:\d,?){15,}\d")
_LONG_WORD = re.compile(rf"[^\W\d_]{{{LONGEST_WORD + 1},}}")
_LONG_TOKEN = re.compile(rf"\S{{{LONGEST_TOKEN + 1},}}")
_WORD_PART = re.compile(rf".{{1,{LONGEST_WORD}}}")
# As much as fits, ending before a mark if there is one.
_TOKEN_PART = re.compile(rf"\S{{1,{LONGEST_TOKEN - 1}}}(?:(?=[^\w\s])|$)|\S{{1,{LONGEST_TOKEN}}}")
_SPEAKABLE = re.compile(r"[^\W_]")


def respell(text: str) -> str:
    """The text as the voice should get it, on one line; empty where there is nothing in it to speak."""
    if not text.isascii():
        text = _NOT_ASCII.sub(_plain, unicodedata.normalize("NFC", text))
        text = _FOREIGN_WORD.sub(" ", text)
    text = _CONTROL.sub(" ", text)
    text = _REPEATED_SYMBOL.sub(" ", _DASHES.sub(" — ", text))
    text = _REPEATED_STOP.sub(r"\1", text)
    if not _SPEAKABLE.search(text):
        return ""
    text = _LONG_NUMBER.sub(_digits, text)
    text = _LONG_WORD.sub(lambda match: " ".join(_WORD_PART.findall(match[0])), text)
    text = _LONG_TOKEN.sub(lambda match: " ".join(_TOKEN_PART.findall(match[0])), text)
    return " ".join(text.split())


def _plain(match: re.Match[str]) -> str:
    character = match[0]
    category = unicodedata.category(character)
    if category[0] == "M" or category in {"Cf", "Cs", "Co", "Cn"}:
        return ""
    if character in _POWERS_AND_FRACTIONS:
        return character
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit) if category == "Nd" else f" {digit} "
    if category in {"So", "Sk"} and ord(character) >= _FIRST_PICTURE:
        return " "
    compatible = unicodedata.normalize("NFKC", character)
    if category[0] in "LN" and compatible.isascii():
        return f" {compatible} " if category == "No" else compatible
    return "I" if character == _DOTTED_I else character


def _digits(match: re.Match[str]) -> str:
    digits = match[0].replace(",", "")
    groups = (" ".join(digits[at : at + 3]) for at in range(0, len(digits), 3))
    return f" {', '.join(groups)} "
