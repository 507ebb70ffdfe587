#!/usr/bin/env python3
"""The one entry for people: `python3 dev.py run`, and the commands that `python3 dev.py --help` lists.

Needs Python 3.11 and nothing else: it makes `.venv` beside itself from the hashed requirements, then becomes
`python -m server …` within it. It must parse on Python 3.6, so that older ones can be told so.
"""

import hashlib
import importlib.util
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import NoReturn

if sys.version_info < (3, 11):  # noqa: UP036 - the point is to say so to whoever has an older one
    sys.exit(
        f"Storycast needs Python 3.11 or newer, and this is {platform.python_version()}: install a newer one,"
        " and start with it, as in `python3.11 dev.py run`."
    )
if os.name != "posix":
    sys.exit("Storycast runs on Linux and macOS: on Windows, use the Linux within it (WSL), or a container.")

import fcntl  # Windows has none

HELP = """\
usage: python3 dev.py COMMAND [options]

  run        everything on this machine: PostgreSQL, Valkey, migrations, API and workers
             [--host HOST] [--port PORT] [--data-dir DIR]
  test       the tests, but for the long ones; --long runs those, and those alone; the rest goes to pytest
  lint       ruff, mypy and import-linter; for the web UI prettier, tsc and gql.tada
  chaos      faults and attacks on a Storycast of their own, with figures: [NAME ...] [--seconds N] [--seed N]
  bench      Storycast beside its peers, measured: [NAME ...] [--rounds N] [--seconds N]
  token      print a signed JWT: --user UUID [--lifetime SECONDS] [--data-dir DIR]
  schema     write schema/schema.graphql; --check only compares, with the last release too;
             --release keeps it as what this version promises
  web        build the web UI, for an image, say; `run` does by itself what has to be done
  serve      one API process       \\
  worker     the worker processes   > on the servers that the STORYCAST_* settings name
  migrate    bring the database up /

`python3 dev.py COMMAND --help` tells more. What is needed gets installed into .venv on first use.
"""

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "storycast.json"
REQUIREMENTS = ROOT / "requirements"
MACHINES = {("Linux", "x86_64"), ("Linux", "aarch64"), ("Darwin", "x86_64"), ("Darwin", "arm64")}
SERVER_COMMANDS = ("run", "serve", "worker", "migrate", "token", "schema")
IMPORT_LINTER = "from importlinter.cli import lint_imports_command as check; check()"
LINTERS = (
    ("-m", "ruff", "check"),
    ("-m", "ruff", "format", "--check"),
    ("-m", "mypy"),
    ("-c", IMPORT_LINTER),
    ("-m", "web.check"),
)
# What tools print, and what that means for the person who waits.
CAUSES = (
    (("No space left", "Errno 28", "os error 28"), "there is no space left on the disk: free about 1 GB"),
    (
        ("Permission denied", "Read-only file system", "os error 13", "os error 30"),
        "a folder cannot be written: check the owner of the checkout",
    ),
    (
        ("resolution", "dns error", "Connection", "Failed to fetch", "timed out", "error sending request"),
        "the package index cannot be reached: check the network (and pip's or uv's index settings)",
    ),
)


class Problem(Exception):
    """Ends the command with its message."""


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(HELP, end="")  # noqa: T201 - this was asked for
        return 0 if arguments else 2
    command, rest = arguments[0], arguments[1:]
    if command in SERVER_COMMANDS:
        ensure("runtime")
        if command == "run" and not {"-h", "--help"}.intersection(rest):
            build_web_or_go_on()
        become_server(command, rest)
    if command == "web":
        return 0 if build_web() else 1
    if command not in ("test", "lint", "chaos", "bench"):
        raise Problem(f"There is no command {command}: `python3 dev.py --help` lists them.")
    ensure("dev")
    os.chdir(str(ROOT))
    if command == "chaos":
        become("-m", "tests.chaos", *rest)
    if command == "bench":
        become("-m", "bench", *rest)
    if command == "test":
        build_web_or_go_on()
        test([argument for argument in rest if argument != "--long"], long="--long" in rest)
    return lint()


def build_web() -> bool:
    """Have the web UI built of the present sources; whether it is. Where not, that has been said."""
    if not web_sources().is_due():
        return True
    ensure("web")
    say("Building the web UI ...")
    environment = dict(os.environ, PYTHONPATH=str(ROOT))
    program = [str(PYTHON), "-P", "-m", "web.build"]
    return subprocess.call(program, env=environment) == 0  # noqa: S603 - ours


def build_web_or_go_on() -> None:
    try:
        if build_web():
            return
    except (Problem, OSError) as problem:
        say(f"The web UI was not built: {str(problem).partition(' It said:')[0]}")
    sources = web_sources()
    stands = sources.built_of(sources.DIST)
    instead = "the last build is served" if stands else "GraphQL and REST work without it"
    say(f"The next start tries again, and `python3 dev.py web` tells more; until then, {instead}.")


def web_sources() -> ModuleType:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    from web import sources  # noqa: PLC0415 - most commands do without

    return sources


def test(rest: list[str], *, long: bool) -> NoReturn:
    # The long ones measure memory and speed, so they run alone. What is named by path is somebody's work
    # underway: one process shows more.
    whole = all(argument.startswith("-") for argument in rest)
    beside = ["-n", "auto", "--maxprocesses", "4", "--dist", "loadfile"] if whole and not long else []
    become("-m", "pytest", "-m", "long" if long else "not long", *beside, *rest)


def become_server(command: str, rest: list[str]) -> NoReturn:
    # The caller's folder stays current, for relative paths, but is no place to import from.
    paths = [str(ROOT), os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(path for path in paths if path)
    become("-P", "-m", "server", command, *rest)


def become(*arguments: str) -> NoReturn:
    """Replace this process by the environment's Python, so that Ctrl-C and kill reach what runs."""
    os.execv(str(PYTHON), [str(PYTHON), *arguments])  # noqa: S606 - there is no shell, as meant


def lint() -> int:
    """Run every linter, whatever the others found; 1 when any found something."""
    results = [subprocess.call([str(PYTHON), *linter]) for linter in LINTERS]  # noqa: S603 - fixed programs
    return int(any(results))


def check_machine() -> None:
    system, machine = platform.system(), platform.machine()
    musl = system == "Linux" and platform.libc_ver()[0] != "glibc"
    if musl or (system, machine) not in MACHINES:
        raise Problem(
            f"Storycast runs on Linux with glibc and on macOS (x86_64, ARM), and this is {system} {machine}"
            f"{' without glibc' if musl else ''}: use one of those, or a container."
        )


def ensure(kind: str) -> None:
    """Have everything of requirements/`kind`.txt installed; `dev` holds all of `runtime` and of `web`."""
    wanted = {name: digest(name) for name in ("uv", "runtime", "web", "dev")}
    if is_installed(kind, wanted):
        return
    check_machine()
    with (ROOT / "dev.py").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("Another dev.py is preparing .venv: waiting for it ...")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_installed(kind, wanted):
            install(kind, wanted, lock.fileno())


def digest(kind: str) -> str:
    return hashlib.sha256((REQUIREMENTS / (kind + ".txt")).read_bytes()).hexdigest()


def installed() -> dict[str, str]:
    """What the stamp says is there; nothing when an installation was broken off, or its Python is gone."""
    try:
        stamp = json.loads(STAMP.read_text())
        return stamp if stamp.get("python") == os.path.realpath(str(PYTHON)) else {}
    except (OSError, ValueError):
        return {}


def is_installed(kind: str, wanted: dict[str, str]) -> bool:
    return installed().get(kind) == wanted[kind]


def install(kind: str, wanted: dict[str, str], lock: int) -> None:
    stamp = installed()
    if kind == "web" and stamp.get("uv") == wanted["uv"]:
        # It stands beside the rest, which works on where it cannot be had.
        write_stamp({name: value for name, value in stamp.items() if name != "web"})
    elif STAMP.exists():
        # Without its stamp an environment may be half made, so whatever follows works on none.
        STAMP.unlink()
    if stamp.get("uv") != wanted["uv"]:
        make_venv(lock)
        stamp = {"python": os.path.realpath(str(PYTHON)), "uv": wanted["uv"]}
    say(f"Installing Python packages (requirements/{kind}.txt) ...")
    options = ["--require-hashes", "-r", str(REQUIREMENTS / (kind + ".txt"))]
    uv = [str(VENV / "bin" / "uv"), "pip", "install", "--python", str(PYTHON)]
    # Every start without a network would wait for what it can do without.
    patient = kind != "web"
    try:
        attempt([*uv, *options], lock, uv_environment(patient))
    except Problem:
        # pip knows index settings that uv does not read.
        say("uv could not; trying pip ...")
        attempt([*pip(), *options], lock, pip_environment(patient))
    stamp[kind] = wanted[kind]
    if kind == "dev":
        stamp.update(runtime=wanted["runtime"], web=wanted["web"])
    elif kind == "runtime":
        stamp.pop("dev", None)
    write_stamp(stamp)


def write_stamp(stamp: dict[str, str]) -> None:
    unfinished = STAMP.with_name("storycast.json.unfinished")
    unfinished.write_text(json.dumps(stamp))
    unfinished.replace(STAMP)


def make_venv(lock: int) -> None:
    # Debian packs the second apart from the first.
    if not all(importlib.util.find_spec(module) for module in ("venv", "ensurepip")):
        major, minor = sys.version_info[:2]
        raise Problem(
            "Python's venv module is missing: install it (on Debian and Ubuntu:"
            f" `apt install python{major}.{minor}-venv`), then start again."
        )
    say("Making .venv ...")
    if VENV.exists():
        shutil.rmtree(str(VENV))
    attempt([sys.executable, "-m", "venv", str(VENV)], lock, dict(os.environ))
    attempt([*pip(), "--require-hashes", "-r", str(REQUIREMENTS / "uv.txt")], lock, pip_environment())


def pip() -> list[str]:
    return [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]


def pip_environment(patient: bool = True) -> dict[str, str]:
    # A user's wish for `--user` installs makes no sense, and fails, inside a venv.
    environment = dict(os.environ, PIP_USER="0")
    return environment if patient else dict(environment, PIP_RETRIES="1")


def uv_environment(patient: bool = True) -> dict[str, str]:
    environment = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    if not patient:
        environment["UV_HTTP_RETRIES"] = "1"
    if not environment.get("UV_CACHE_DIR") and not has_cache():
        environment["UV_CACHE_DIR"] = str(VENV / "cache")
    return environment


def has_cache() -> bool:
    """Whether the user's cache folder can be written: HOME may be unset, empty, or not theirs."""
    home = os.environ.get("HOME", "")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache", "uv")
    if not (home or os.environ.get("XDG_CACHE_HOME")) or not cache.is_absolute():
        return False
    try:
        cache.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(cache, os.W_OK | os.X_OK)


def attempt(program: list[str], lock: int, environment: dict[str, str]) -> None:
    """Run a program that inherits the lock, so that one left behind keeps the next dev.py waiting."""
    done = subprocess.run(  # noqa: S603 - pip, uv and venv, no shell
        program,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        pass_fds=[lock],
        env=environment,
        check=False,
    )
    if done.returncode == 0:
        return
    output = done.stdout.decode(errors="replace").strip()
    cause = next((said for signs, said in CAUSES if any(sign in output for sign in signs)), None)
    step = " ".join(Path(word).name for word in program[:3])
    details = "\n".join("    " + line for line in output.splitlines()[-4:])
    raise Problem(f"`{step}` failed{': ' + cause if cause else ''}. It said:\n{details}")


def say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - stdout is for what was asked for


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Problem as problem:
        sys.exit(str(problem))
    except KeyboardInterrupt:
        sys.exit("Interrupted; the next start takes it up again.")
    except OSError as error:
        sys.exit(f"{error.strerror}: {error.filename or VENV}; is the checkout yours, and is there room?")
