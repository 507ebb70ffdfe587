"""Which part of a list: pages by number, and cursors."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from core.errors import BadUserInput

LAST_PAGE = 1_000_000
LARGEST_PAGE = 100


@dataclass(frozen=True)
class Page:
    """A page by number (from 1) and size.

    Raises BadUserInput when it is made with a number or size out of range.
    """

    number: int
    size: int

    def __post_init__(self) -> None:
        _check_range("page", self.number, LAST_PAGE)
        _check_range("pageSize", self.size, LARGEST_PAGE)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size


@dataclass(frozen=True)
class Slice:
    """Up to `first` rows after a cursor, or from the start.

    Raises BadUserInput when `first` is out of range.
    """

    first: int
    after: UUID | None

    def __post_init__(self) -> None:
        _check_range("first", self.first, LARGEST_PAGE)


def encode_cursor(row_id: UUID) -> str:
    """An opaque cursor that stands for the row."""
    return base64.urlsafe_b64encode(row_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> UUID | None:
    """The row a cursor stands for.

    Raises BadUserInput for one that was never given out.
    """
    if cursor is None:
        return None
    try:
        found = UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise BadUserInput("after is not a cursor that was given out here", "after") from None
    return found


def _check_range(name: str, value: int, most: int) -> None:
    if not 1 <= value <= most:
        raise BadUserInput(f"{name} is {value}, and must be from 1 to {most}", name)
