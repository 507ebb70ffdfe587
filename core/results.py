"""The names of result files: one form, made and taken apart here alone.

`<user>/<generation>/<attempt>.mp3` for the audio and `.vtt` for its timed text. The attempt is the
fencing token, so two attempts never write to one file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Suffix = Literal[".mp3", ".vtt"]

MEDIA_TYPES = {".mp3": "audio/mpeg", ".vtt": "text/vtt; charset=utf-8"}

_ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_KEY = re.compile(f"({_ID})/({_ID})/([1-9][0-9]{{0,8}})([.]mp3|[.]vtt)")


@dataclass(frozen=True)
class ResultName:
    """What a key says of its file."""

    user_id: UUID
    generation_id: UUID
    attempt: int
    suffix: str

    @property
    def media_type(self) -> str:
        return MEDIA_TYPES[self.suffix]

    @property
    def download_name(self) -> str:
        """What a browser calls the file when it saves it."""
        return f"storycast-{self.generation_id}{self.suffix}"


@dataclass(frozen=True)
class StoredFile:
    """A file as the storage lists it. `modified_at` is in UTC, by the storage's own clock."""

    key: str
    generation_id: UUID
    modified_at: datetime


def result_key(user_id: UUID, generation_id: UUID, attempt: int, suffix: Suffix) -> str:
    """The key of one attempt's file; `attempt` counts from 1."""
    return f"{user_id}/{generation_id}/{attempt}{suffix}"


def parse_key(key: str) -> ResultName:
    """The parts of `key`. Raises ValueError when it is not one that `result_key` makes."""
    user, generation, attempt, suffix = _match(key).groups()
    return ResultName(UUID(user), UUID(generation), int(attempt), suffix)


def check_key(key: str) -> None:
    """Raises ValueError when `key` is not one that `result_key` makes. Quicker than to take it apart."""
    _match(key)


def _match(key: str) -> re.Match[str]:
    match = _KEY.fullmatch(key)
    if not match:
        raise ValueError(f"not the key of a result file: {key[:200]!r}")
    return match
