"""Plans as Python: what is written of an object's fields is compiled, as one function that reads them all."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable
from typing import Any

from schema.plans.unplanned import Unplanned


class Names:
    """What the source of one function refers to."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {"isfinite": math.isfinite}
        self._places = itertools.count()

    def add(self, value: Any) -> str:
        """The name by which the source reaches `value`."""
        name = f"n{next(self._places)}"
        self._known[name] = value
        return name

    def local(self) -> str:
        """The name of a variable of its own."""
        return f"v{next(self._places)}"

    def compile(self, source: str, name: str) -> Any:
        """The function of that name in `source`."""
        exec(compile(source, "<plan>", "exec"), self._known)  # noqa: S102 - no word of it is a client's
        return self._known[name]


# Makes of the expression that gives a value the one that gives what the answer says of it.
Expression = Callable[[str, Names], str]
# The expression for what stands at a key of an answer. It may use `source`, the object, and `run`.
Written = Callable[[Names], str]


def write_object(fields: Iterable[tuple[str, Written]]) -> Callable[[Any, Any], dict[str, Any]]:
    """A function of an object and the run that gives what the answer says of the object, by key."""
    names = Names()
    # The keys are a client's words: names by GraphQL's grammar, which is narrower than Python's.
    items = [f"{key!r}: {written(names)}" for key, written in fields]
    null = f"    if source is None:\n        raise {names.add(Unplanned)}('null')\n"
    source = f"def complete(source, run):\n{null}    return {{{', '.join(items)}}}\n"
    complete: Callable[[Any, Any], dict[str, Any]] = names.compile(source, "complete")
    return complete
