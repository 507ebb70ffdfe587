"""Keeping the contract: `schema/schema.graphql` as this code serves it, held against what was released."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from graphql import build_schema

from core.errors import StartupError
from schema.changes import find_changes
from schema.deprecations import check_notice, check_reasons
from schema.releases import Releases
from schema.root import schema

HERE = Path(__file__).parent
EXPORTED = HERE / "schema.graphql"
RELEASES = Releases(HERE / "released", HERE / "breaking.toml")
PROJECT = HERE.parent / "pyproject.toml"


@dataclass(frozen=True)
class Contract:
    """What is served, as SDL, and where it is written and held against."""

    served: str
    exported: Path
    releases: Releases

    def export(self) -> None:
        """Write what is served."""
        self.exported.write_text(self.served)

    def check(self, today: date) -> None:
        """Raises StartupError, with a sentence for each thing that is wrong: an export that differs, a break
        of the last release that is not written down, or is and is none, a deprecation without what it needs.
        """
        _raise(self._problems(today))

    def release(self, version: str, today: date) -> None:
        """Keep what is served as the contract of `version`.

        Raises StartupError where `check` would, for a version that is not later than the last, and where a
        deprecation leaves clients too little time.
        """
        self.check(today)
        _, released = self.releases.last()
        _raise(check_notice(build_schema(released), build_schema(self.served), today))
        self.releases.add(version, self.served)

    def _problems(self, today: date) -> Iterator[str]:
        if not self.exported.exists() or self.exported.read_text() != self.served:
            yield f"schema/{self.exported.name} is not what the code serves: run `python3 dev.py schema`."
        served = build_schema(self.served)
        yield from (f"{problem}." for problem in check_reasons(served))
        version, released = self.releases.last()
        changes = find_changes(released, served, today)
        written = [entry.what for entry in self.releases.written_down()]
        page = f"schema/{self.releases.written.name}"
        for change in changes:
            if change.what not in written:
                yield (
                    f"{change.what} After {version} that breaks {change.whom}: undo it, deprecate first, or"
                    f" write it down in {page}, as docs/contract.md says."
                )
        for what in sorted({*written} - {change.what for change in changes}):
            yield f"{page} says {what!r}, which is no change since {version}: take it out."
        for what in sorted({what for what in written if written.count(what) > 1}):
            yield f"{page} says {what!r} more than once: take the others out."


def export(*, check: bool = False, release: bool = False) -> None:
    """Write the SDL; with `check`, only see that all is as it should be; with `release`, keep it as what the
    project's version promises.

    Raises StartupError where it is not.
    """
    contract, today = Contract(schema.as_str() + "\n", EXPORTED, RELEASES), datetime.now(UTC).date()
    if release:
        contract.release(tomllib.loads(PROJECT.read_text())["project"]["version"], today)
    elif check:
        contract.check(today)
    else:
        contract.export()


def _raise(problems: Iterator[str]) -> None:
    found = list(problems)
    if found:
        raise StartupError("\n".join(found))
