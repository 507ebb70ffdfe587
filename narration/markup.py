"""What of a line is meant to be heard: Markdown and HTML marks are for the eye."""

from __future__ import annotations

import html
import re
import unicodedata

_INLINE_TAG = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|em|font|i|mark|q|s|small|span|strong|sub|sup|u)(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", re.DOTALL)
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*(?:\s+\"[^\"]*\")?\)")
_LINE_START = re.compile(r"^[^\S\n]*(?:>[^\S\n]*)*(?:(?:#{1,6}|[-+*•])[^\S\n]+)?", re.MULTILINE)
_EMPHASIS = re.compile(r"[*`]+|~~+|(?<![^\W_])_+|_+(?![^\W_])")


def without_markup(text: str) -> str:
    """The text as it is read aloud, on one line: what is marked stays, the marks go.

    Marks are tags, targets of links, heading, list and quote signs, `**` and the like.
    """
    if "<" in text:
        text = _TAG.sub(" ", _INLINE_TAG.sub("", text))
    if "&" in text:
        text = html.unescape(text)
    if "](" in text:
        text = _LINK.sub(r"\1", text)
    text = _LINE_START.sub("", text)
    return " ".join(_EMPHASIS.sub("", text).split())


def is_decoration(text: str) -> bool:
    """Whether nobody would miss it: stars, rules and other punctuation without a letter, digit or picture."""
    return not any(_is_content(unicodedata.category(character)) for character in text)


def _is_content(category: str) -> bool:
    return category[0] in "LN" or category == "So"
