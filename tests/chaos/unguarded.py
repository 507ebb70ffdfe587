"""The product with one guard taken out: `python -m tests.chaos.unguarded GUARD serve | worker …`."""

from __future__ import annotations

import sys

from server.__main__ import main
from tests.chaos.guards import GUARDS

if __name__ == "__main__":
    GUARDS[sys.argv[1]]()
    sys.exit(main(sys.argv[2:]))
