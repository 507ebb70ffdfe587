"""A small contract that was released, for tests of what may become of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from core.errors import StartupError
from schema.export import Contract
from schema.releases import HEADER, Releases

TODAY = date(2030, 1, 31)
GOES = "Use `Fox.name` instead; may go on 2030-01-31."
RELEASED = """
enum Color { RED BLUE }
interface Named { name: String! }
type Fox implements Named { name: String! weight(unit: Int! = 1, color: Color): Float age: Int! }
type Hen implements Named { name: String! }
type Dog { name: String! }
union Animal = Fox | Hen
input Hunt { fox: Int, hens: Int = 2 }
type Query { animal(id: ID!): Animal hunt(input: Hunt!): Int! dog: Dog }
"""


Held = Callable[..., Contract]


def hold(folder: Path, served: str = RELEASED, released: str = RELEASED, written: str = HEADER) -> Contract:
    """A contract of which `released` was released as 1.10.1, and `served` is served."""
    releases = Releases(folder / "released", folder / "breaking.toml")
    releases.folder.mkdir()
    for version in ("0.0.0", "1.8.0", "1.10.0"):
        (releases.folder / f"{version}.graphql").write_text("type Query { other: Int }")
    (releases.folder / "1.10.1.graphql").write_text(released)
    releases.written.write_text(written)
    contract = Contract(served, folder / "schema.graphql", releases)
    contract.export()
    return contract


def problems(contract: Contract, today: date = TODAY) -> list[str]:
    """What the check says, a line each."""
    try:
        contract.check(today)
    except StartupError as error:
        return str(error).splitlines()
    return []


def entry(what: str, reason: str = "It never worked.", day: str = "2030-01-01") -> str:
    return f'[[change]]\nwhat = "{what}"\nreason = "{reason}"\ndate = {day}\n'


def changed(written: str, instead: str, sdl: str = RELEASED) -> str:
    assert sdl.count(written) == 1, written
    return sdl.replace(written, instead)
