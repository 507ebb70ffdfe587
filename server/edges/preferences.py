"""What callers like, by headers such as Accept: https://www.rfc-editor.org/rfc/rfc9110#section-12.4.2"""

from __future__ import annotations


def listed(header: str) -> list[tuple[str, float]]:
    """What is named, in lower case and in its order, and how well each is liked: 0 (not at all) to 1."""
    return [_listed(part) for part in header.split(",")]


def _listed(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    return name, _quality(parameters)


def _quality(parameters: list[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                quality = float(value)
            except ValueError:
                return 0.0
            return quality if 0 <= quality <= 1 else 0.0
    return 1.0
