"""The contract as it was released, version by version, and the breaks of it that are written down."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import StartupError

HEADER = """\
# What breaks, or may break, clients of the last release, and why it has to: docs/contract.md says when.
# `python3 dev.py schema --check` begins with the sentence that it wants to see here. A table for each:
#
# [[change]]
# what = "Field Story.title was removed."
# reason = "Why it cannot be deprecated first."
# date = 2030-01-31
"""


class WrittenDown(BaseModel):
    """A break that is meant. `what` is the change's sentence, `date` the day on which it was decided."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    what: str = Field(min_length=1)
    reason: str = Field(min_length=10)
    date: date


class _Page(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    change: list[WrittenDown] = []


@dataclass(frozen=True)
class Releases:
    """Those in `folder`, an SDL each, named by its version; the breaks since the last are in `written`."""

    folder: Path
    written: Path

    def last(self) -> tuple[str, str]:
        """The version and the SDL that clients hold. Raises StartupError where there is none."""
        found = sorted(self.folder.glob("*.graphql"), key=lambda path: _order(path.stem))
        if not found:
            raise StartupError(f"{self.folder} holds no released contract: restore it from the repository.")
        return found[-1].stem, found[-1].read_text()

    def written_down(self) -> list[WrittenDown]:
        """Raises StartupError where the page cannot be read, or an entry lacks something."""
        try:
            entries = _Page.model_validate(tomllib.loads(self.written.read_text())).change
        except OSError as error:
            raise StartupError(f"{self.written} cannot be read: {error.strerror}.") from None
        except tomllib.TOMLDecodeError as error:
            raise StartupError(f"{self.written} is no TOML: {error}.") from None
        except ValidationError as error:
            places = [(".".join(map(str, each["loc"])), each["msg"]) for each in error.errors()]
            raise StartupError(
                f"{self.written}: " + "; ".join(f"{place}: {problem}" for place, problem in places) + "."
            ) from None
        return entries

    def add(self, version: str, sdl: str) -> None:
        """Keep `sdl` as what `version` promises, and begin an empty list of breaks.

        Raises StartupError for a version that is not later than all there are.
        """
        last, _ = self.last()
        if _order(version) <= _order(last):
            raise StartupError(f"{last} is released already: raise the version in pyproject.toml above it.")
        (self.folder / f"{version}.graphql").write_text(sdl)
        self.written.write_text(HEADER)


def _order(version: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in version.split("."))
    except ValueError:
        raise StartupError(f"{version} is no version of numbers and dots, as in 1.2.0.") from None
