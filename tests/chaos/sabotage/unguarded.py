"""The product with guards taken out or faults put in, and with the same for the processes that it starts:
`python -m tests.chaos.sabotage.unguarded NAME,… serve | worker …`.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import tests.chaos.sabotage.edge_guards
import tests.chaos.sabotage.live_guards
import tests.chaos.sabotage.stalls  # noqa: F401 - they add to GUARDS and FAULTS
from server.__main__ import main
from server.local.process import spawn
from tests.chaos.sabotage.faults import FAULTS
from tests.chaos.sabotage.guards import GUARDS, replace


def _pass_on(names: str) -> None:
    def spawn_alike(program: Sequence[str], **more: Any) -> subprocess.Popen[bytes]:
        product = list(program).index("server")
        return spawn(
            [*program[:product], "tests.chaos.sabotage.unguarded", names, *program[product + 1 :]], **more
        )

    replace("server.children", "spawn", spawn_alike)


if __name__ == "__main__":
    _pass_on(sys.argv[1])
    for name in sys.argv[1].split(","):
        (GUARDS | FAULTS)[name]()
    sys.exit(main(sys.argv[2:]))
