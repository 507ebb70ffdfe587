"""Small volumes for folders, to be filled up and made read-only, for processes that are started `through`
them. Nothing else on the machine sees them.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.experiment import Unavailable

KEEPER = Path(__file__).with_name("keep_volumes.py")
END_SECONDS = 20


@dataclass(frozen=True)
class Volumes:
    """Made by `volumes`."""

    _keeper: subprocess.Popen[str]

    @property
    def through(self) -> Sequence[str]:
        """What a process is started through that is to see them."""
        return ("-m", "tests.chaos.sabotage.within", str(self._keeper.pid))

    def inside(self, folder: Path) -> Path:
        """Where we see the folder as they do."""
        return Path(f"/proc/{self._keeper.pid}/root{folder}")

    def make_read_only(self, folder: Path) -> None:
        """Returns once nothing can be written there."""
        self._tell(f"ro {folder}")

    def make_writable(self, folder: Path) -> None:
        self._tell(f"rw {folder}")

    def _tell(self, order: str) -> None:
        assert self._keeper.stdin
        self._keeper.stdin.write(f"{order}\n")
        self._keeper.stdin.flush()
        answer = self.heard()
        assert answer == "done", f"{order}: {answer}"

    def heard(self) -> str:
        assert self._keeper.stdout
        return self._keeper.stdout.readline().strip()


@contextmanager
def volumes(sizes: Mapping[Path, int]) -> Iterator[Volumes]:
    """An empty volume of so many bytes on each folder, which must exist.

    Raises Unavailable where the machine lets nobody mount, as most containers do.
    """
    folders = [f"{folder}={size}" for folder, size in sizes.items()]
    keeper = subprocess.Popen(
        [sys.executable, str(KEEPER), *folders], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with keeper:
        made = Volumes(keeper)
        try:
            said = made.heard()
            if said != "ready":
                raise Unavailable(
                    f"no small volume can be mounted here ({said}): allow user namespaces, or mounts",
                    by_nature=True,
                )
            yield made
        finally:
            # Its end is the end of its input.
            assert keeper.stdin
            keeper.stdin.close()
            keeper.wait(END_SECONDS)
