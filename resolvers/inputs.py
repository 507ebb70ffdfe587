"""The rules for what users write."""

from __future__ import annotations

import re

from core.errors import FieldProblem, Invalid
from db.models import CONTENT_LENGTH, IDEMPOTENCY_KEY_LENGTH, TITLE_LENGTH
from narration.voices import DEFAULT_VOICE, find_voice

# PostgreSQL stores neither U+0000 nor a surrogate without its partner.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def check_story(**fields: str) -> None:
    """Check a story's `title` and `content`, those that are given.

    Raises Invalid, naming every field that is wrong.
    """
    limits = {"title": TITLE_LENGTH, "content": CONTENT_LENGTH}
    _refuse([_text_problem(name, value, limits[name]) for name, value in fields.items()])


def check_initiation(voice: str | None, key: str | None) -> str:
    """The id of the voice to narrate in, the default one where none is named.

    Raises Invalid for a voice that does not exist or an idempotency key that cannot be stored.
    """
    problems: list[FieldProblem | None] = []
    if voice is not None and find_voice(voice) is None:
        problems.append(
            FieldProblem(("voice",), f"There is no voice {voice[:80]!r}; voices lists those there are")
        )
    if key is not None:
        problems.append(_text_problem("idempotencyKey", key, IDEMPOTENCY_KEY_LENGTH))
    _refuse(problems)
    return voice or DEFAULT_VOICE.id


def _text_problem(name: str, value: str, most: int) -> FieldProblem | None:
    if not 1 <= len(value) <= most:
        return FieldProblem((name,), f"Must be 1 to {most:,} characters long, and is {len(value):,}")
    if found := _UNSTORABLE.search(value):
        where = found.start() + 1
        return FieldProblem((name,), f"Character {where:,} is U+{ord(found[0]):04X}, which cannot be stored")
    return None


def _refuse(problems: list[FieldProblem | None]) -> None:
    found = [problem for problem in problems if problem]
    if found:
        raise Invalid(*found)
