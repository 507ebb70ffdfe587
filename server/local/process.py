"""What the local servers have in common: started through `launch.py`, logged to a file, stopped in order."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from core.errors import StartupError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LAUNCHER = str(Path(__file__).with_name("launch.py"))
# The shortest of the limits on a socket's path: macOS's 104 bytes with the closing zero.
LONGEST_SOCKET_PATH_BYTES = 103
PAUSE_SECONDS = 0.01


def wheel_folder(package: str) -> Path:
    """Where an installed package lies, without importing it (which would cost a tenth of a second)."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise StartupError(f"The package {package} is not installed: start with `python3 dev.py run`.")
    return Path(next(iter(spec.submodule_search_locations)))


def wheel_program(package: str, pattern: str) -> str:
    """The program that `pattern` (a glob) finds in an installed package.

    Raises StartupError when the package has none for this machine.
    """
    found = sorted(wheel_folder(package).glob(pattern))
    if not found:
        raise StartupError(
            f"{package} brings no {pattern.rpartition('/')[2]} for this machine: set STORYCAST_DATABASE_URL,"
            " STORYCAST_WORKER_DATABASE_URL, STORYCAST_MIGRATION_DATABASE_URL and STORYCAST_REDIS_URL"
            " to servers of your own."
        )
    return str(found[0])


def spawn(
    program: Sequence[str],
    *,
    dies_by: signal.Signals,
    log: Path | None = None,
    output: int | None = None,
    owns: Path | None = None,
    keeps: Sequence[int] = (),
    environment: dict[str, str] | None = None,
    has_input: bool = False,
) -> subprocess.Popen[bytes]:
    """Start `program` in a session of its own; the kernel sends it `dies_by` when this thread ends (Linux).

    What it says is appended to `log`, or else goes to our stderr, its stdout to `output` where that is
    given. `owns` is the folder that a program which refuses root works in, `keeps` are
    descriptors it inherits. Call it from the main thread, which lives as long as the process.
    """
    written = log.open("ab") if log else None
    try:
        return subprocess.Popen(  # noqa: S603 - our own programs, no shell
            [
                *(sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(dies_by))),
                *(str(owns or "-"), *program),
            ],
            stdin=subprocess.PIPE if has_input else subprocess.DEVNULL,
            stdout=written or output or sys.stderr.fileno(),
            stderr=subprocess.STDOUT if written else None,
            env=environment,
            pass_fds=keeps,
            start_new_session=True,
        )
    finally:
        if written:
            written.close()


def wait_until_ready(
    process: subprocess.Popen[bytes],
    is_ready: Callable[[], bool],
    *,
    name: str,
    log: Path,
    seconds: float,
    pause: Callable[[float], None],
) -> None:
    """Ask again and again, with a `pause` in between (of so many seconds).

    Raises StartupError with the log's last lines when the server ends, or is not ready in time.
    """
    deadline = time.monotonic() + seconds
    while not is_ready():
        if process.poll() is not None:
            raise StartupError(f"{name} did not start; {log} ends:\n{tail(log)}")
        if time.monotonic() > deadline:
            raise StartupError(f"{name} was not ready within {seconds:.0f} s; {log} ends:\n{tail(log)}")
        pause(PAUSE_SECONDS)


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, seconds: float = 10) -> None:
    """Send each signal in turn, `seconds` apart, and SIGKILL at last; returns when it has ended."""
    for number in signals:
        process.send_signal(number)
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
            return
    process.kill()
    process.wait()


def signal_leftover(pid_file: Path, number: signal.Signals) -> None:
    """Signal the server that `pid_file` names, where one was left behind."""
    with suppress(OSError, ValueError, IndexError):
        os.kill(int(pid_file.read_text().split()[0]), number)


def tail(log: Path, lines: int = 5) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    return "(nothing)"


def begin_log(log: Path) -> None:
    """Keep the log of the run before as `.1`, so that logs stay bounded."""
    with suppress(FileNotFoundError):
        log.replace(log.with_name(log.name + ".1"))


def socket_folder(directory: Path, socket_name: str) -> Path:
    """`directory`, or where its path is too long for a socket, a short private folder that stands for it.

    Raises StartupError when that folder exists and belongs to somebody else.
    """
    if _fits(directory / socket_name):
        return directory
    fingerprint = hashlib.sha256(os.fsencode(directory)).hexdigest()[:16]
    name = f"storycast-{os.geteuid()}-{fingerprint}"
    folder = Path(tempfile.gettempdir()) / name
    if not _fits(folder / socket_name):
        folder = Path("/tmp") / name  # noqa: S108 - made 0700, and checked to be ours
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise StartupError(
            f"{folder} should be ours alone: remove it, or use a data directory with a shorter path."
        )
    return folder


def _fits(socket: Path) -> bool:
    return len(os.fsencode(socket)) <= LONGEST_SOCKET_PATH_BYTES
