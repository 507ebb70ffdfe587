"""The data directory of an installation on one machine: its lock, its secrets, what lies where."""

from __future__ import annotations

import errno
import json
import os
import secrets
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StartupError
from server.local import lock

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT = Path(__file__).resolve().parents[2] / ".storycast"
SECRET_BYTES = 32


@dataclass(frozen=True)
class Secrets:
    """What nobody has to choose, and nobody else may read. A field each with 256 random bits."""

    jwt_secret: str
    link_secret: str
    postgres_password: str
    api_password: str
    worker_password: str


@dataclass(frozen=True)
class DataDirectory:
    """Where an installation keeps everything: `open_directory` makes one, and holds it."""

    path: Path

    @property
    def postgres(self) -> Path:
        return self.path / "postgres"

    @property
    def valkey(self) -> Path:
        return self.path / "valkey"

    @property
    def results(self) -> Path:
        return self.path / "results"

    @property
    def scratch(self) -> Path:
        return self.path / "scratch"

    @property
    def secrets(self) -> Path:
        return self.path / "secrets.json"

    def read_secrets(self) -> Secrets:
        """Raises StartupError when there are none, or they cannot be read."""
        try:
            found = json.loads(self.secrets.read_text())
            return Secrets(**{field.name: str(found[field.name]) for field in fields(Secrets)})
        except FileNotFoundError:
            raise StartupError(
                f"{self.path} holds no secrets: `python3 dev.py run` makes them; --data-dir names others."
            ) from None
        except (ValueError, KeyError, TypeError):
            raise StartupError(
                f"{self.secrets} is damaged: restore it, or move {self.path} away to start afresh."
            ) from None
        except OSError as error:
            raise StartupError(_sentence(error, self.secrets)) from None

    def ensure_secrets(self) -> Secrets:
        """The secrets, made on the first call. Only for who holds the directory."""
        if self.secrets.exists():
            return self.read_secrets()
        if (self.postgres / "cluster").exists():
            raise StartupError(
                f"{self.secrets} is gone, and the database's password with it: restore it, or move"
                f" {self.path} away to start afresh."
            )
        made = Secrets(**{field.name: secrets.token_urlsafe(SECRET_BYTES) for field in fields(Secrets)})
        _write_whole(self.secrets, json.dumps(asdict(made), indent=2) + "\n")
        return made


# What goes wrong with a folder for reasons that its owner can mend.
TOLD = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS),
    *(errno.EEXIST, errno.ENOTDIR, errno.EISDIR),
}


@contextmanager
def open_directory(path: Path) -> Iterator[DataDirectory]:
    """`path`, made when missing, private, and held for as long as the block lasts.

    Raises StartupError when another process holds it, it cannot be written, or it is somebody's folder for
    something else.
    """
    path = path.expanduser().absolute()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_ours(path):
            raise StartupError(
                f"{path} holds files that are not Storycast's: choose a new or empty folder with --data-dir."
            )
        # Whoever could enter could reach the sockets within.
        path.chmod(0o700)
        held = lock.hold(path / "lock")
    except OSError as error:
        raise StartupError(_sentence(error, path)) from None
    try:
        yield DataDirectory(path)
    except OSError as error:
        if error.errno not in TOLD:
            raise
        raise StartupError(_sentence(error, path)) from None
    finally:
        os.close(held)


def _is_ours(path: Path) -> bool:
    """Whether it is empty, or was a data directory before."""
    return not any(path.iterdir()) or any(
        (path / name).exists() for name in ("lock", "secrets.json", "postgres")
    )


def _write_whole(path: Path, text: str) -> None:
    # A crash leaves the old state or the new one, never half a file.
    unfinished = path.with_name(path.name + ".unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w") as file:  # noqa: PTH123 - a descriptor, so that the mode is right from the start
        file.write(text)
        file.flush()
        os.fsync(descriptor)
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _sentence(error: OSError, path: Path) -> str:
    place = error.filename or path
    if error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return f"There is no room left at {place}: free some, or choose another place with --data-dir."
    if error.errno in {errno.EEXIST, errno.ENOTDIR}:
        return f"{place} is not a folder: choose another place with --data-dir."
    return f"{place} cannot be used ({error.strerror}): make it yours, or choose another with --data-dir."
