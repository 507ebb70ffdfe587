"""What the supervisor promises of any child: brought back, stopped in order, hurried, never left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from server.supervisor import Service, Stopped, Supervisor
from tests.local.product import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

DEAF = """
import signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("ready", flush=True)
signal.pause()
"""
# Writes its name into a file when it is asked to stop, and takes a little to do so.
NOTING = """
import signal, sys, time
def note(*_):
    time.sleep(0.1)
    with open(sys.argv[1], "a") as log:
        log.write(sys.argv[2] + " ")
    sys.exit()
signal.signal(signal.SIGTERM, note)
print("ready", flush=True)
signal.pause()
"""


def sleeper() -> Service:
    return Service("Sleeper", lambda: subprocess.Popen(["sleep", "60"]))


def started(program: list[str], patience_seconds: float = 10) -> Service:
    """A service whose program prints a line once signals find it ready."""

    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(program, stdout=subprocess.PIPE)
        assert process.stdout
        with process.stdout:
            assert process.stdout.readline() == b"ready\n"
        return process

    return Service("Ready", start, patience_seconds=patience_seconds)


def deaf(patience_seconds: float) -> Service:
    return started([sys.executable, "-c", DEAF], patience_seconds)


@contextmanager
def meanwhile(act: Callable[[], object]) -> Iterator[None]:
    """Run `act` in a thread while the main thread, which signals go to, is in the block."""
    thread = threading.Thread(target=act)
    thread.start()
    yield
    thread.join()


def press_ctrl_c() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_a_child_that_dies_is_brought_back(capfd: pytest.CaptureFixture[str]) -> None:
    with Supervisor().watching() as supervisor:
        child = supervisor.start(sleeper())
        first = child.process.pid

        def kill_and_see() -> None:
            os.kill(first, signal.SIGKILL)
            eventually(lambda: child.process.pid != first and child.process.poll() is None)
            press_ctrl_c()

        with meanwhile(kill_and_see):
            supervisor.run()
    assert child.process.returncode == -signal.SIGTERM
    assert capfd.readouterr().err == "Sleeper was killed (SIGKILL); it starts again in 0.1 s.\n"


def test_a_child_that_cannot_live_is_tried_ever_more_rarely(capfd: pytest.CaptureFixture[str]) -> None:
    began = time.monotonic()
    with Supervisor().watching() as supervisor:
        child = supervisor.start(Service("Hopeless", lambda: subprocess.Popen(["false"])))

        def see() -> None:
            eventually(lambda: child.deaths == 4)
            press_ctrl_c()

        with meanwhile(see):
            supervisor.run()
    said = capfd.readouterr().err.splitlines()
    assert [line.rpartition("in ")[2] for line in said] == ["0.1 s.", "0.2 s.", "0.4 s.", "0.8 s."]
    assert time.monotonic() - began >= 0.7


def test_a_child_that_dies_of_its_work_is_never_waited_for_long(capfd: pytest.CaptureFixture[str]) -> None:
    service = Service("Unlucky", lambda: subprocess.Popen(["false"]), longest_pause_seconds=0.2)
    with Supervisor().watching() as supervisor:
        child = supervisor.start(service)

        def see() -> None:
            eventually(lambda: child.deaths == 5)
            press_ctrl_c()

        with meanwhile(see):
            supervisor.run()
    said = capfd.readouterr().err.splitlines()
    assert [line.rpartition("in ")[2] for line in said] == ["0.1 s.", *["0.2 s."] * 4]


def test_a_child_that_ended_as_it_should_is_not_started_again() -> None:
    with Supervisor().watching() as supervisor:
        child = supervisor.start(Service("Brief", lambda: subprocess.Popen(["true"])))
        child.process.wait()
        supervisor.forget(child)
        other = supervisor.start(sleeper())
        os.kill(other.process.pid, signal.SIGKILL)

        def see() -> None:
            eventually(lambda: other.deaths == 1 and other.due is None)
            press_ctrl_c()

        with meanwhile(see):
            supervisor.run()
    assert child.deaths == 0


def test_children_stop_in_the_reverse_order_of_their_start(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Supervisor().watching() as supervisor:
        for name in ("first", "second", "third"):
            supervisor.start(started([sys.executable, "-c", NOTING, str(log), name]))
    assert log.read_text().split() == ["third", "second", "first"]


def test_a_child_deaf_to_its_signal_is_killed_when_patience_ends() -> None:
    with Supervisor().watching() as supervisor:
        child = supervisor.start(deaf(patience_seconds=0.2))
    assert child.process.returncode == -signal.SIGKILL


def test_a_second_ctrl_c_hurries() -> None:
    began = time.monotonic()
    with Supervisor().watching() as supervisor:
        child = supervisor.start(deaf(patience_seconds=60))
        press_ctrl_c()
        supervisor.run()
        press_ctrl_c()
    assert child.process.returncode == -signal.SIGKILL
    assert time.monotonic() - began < 30


def test_waiting_for_something_ends_with_the_signal() -> None:
    with Supervisor().watching() as supervisor:
        press_ctrl_c()
        with pytest.raises(Stopped):
            supervisor.pause_unless_stopped(60)


def test_signal_handlers_are_what_they_were_afterwards() -> None:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    before = [signal.getsignal(number) for number in numbers]
    with Supervisor().watching():
        pass
    assert [signal.getsignal(number) for number in numbers] == before
