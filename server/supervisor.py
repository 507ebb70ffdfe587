"""Keeps child processes running until somebody says stop, then stops them in order.

Children run in sessions of their own, so that Ctrl-C in a terminal reaches this process alone, and the
kernel ends them when it goes, however it goes (Linux). Use from the main thread.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator, Sequence
    from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
# A child that lived this long died of something else than its start.
LIVED_SECONDS = 10.0


class Stopped(Exception):
    """A signal said stop while something was waited for."""


@dataclass(frozen=True)
class Service:
    """A kind of child: how to start it, and how to ask it to stop."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    stop_signal: signal.Signals = signal.SIGTERM
    # For when it has not stopped in time, or the second Ctrl-C asks for haste.
    hurry_signal: signal.Signals = signal.SIGKILL
    patience_seconds: float = 10.0
    # Between a death and the next start, once it has died a few times in a row.
    longest_pause_seconds: float = LONGEST_PAUSE_SECONDS


@dataclass
class Child:
    service: Service
    process: subprocess.Popen[bytes]
    started: float
    deaths: int = 0
    due: float | None = field(default=None)  # when to start it again, while it is dead


class Supervisor:
    """Within `watching`: `start` children, then `run`. Leaving it stops them, last started first."""

    def __init__(self) -> None:
        self.is_stopping = False
        self._is_hurried = False
        self._groups: list[list[Child]] = []
        self._wake: tuple[int, int] = (-1, -1)

    @contextmanager
    def watching(self) -> Iterator[Supervisor]:
        """Listen to signals for as long as the block lasts; every child has stopped when it ends."""
        # What nohup made deaf to SIGHUP stays so.
        deaf = [number for number in STOP_SIGNALS if number != signal.SIGINT and _ignores(number)]
        handlers = {number: self._on_stop for number in STOP_SIGNALS if number not in deaf}
        self._wake = os.pipe()
        for end in self._wake:
            os.set_blocking(end, False)
        before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
        wakes_before = signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        try:
            yield self
        finally:
            self._stop_all()
            signal.set_wakeup_fd(wakes_before)
            for number, handler in before.items():
                signal.signal(number, handler)
            for end in self._wake:
                os.close(end)

    def start(self, service: Service, *, joins: bool = False) -> Child:
        """Start a child. What was started last stops first; one that `joins` stops with the one before it."""
        if not joins or not self._groups:
            self._groups.append([])
        child = Child(service, service.start(), time.monotonic())
        self._groups[-1].append(child)
        return child

    def forget(self, child: Child) -> None:
        """Keep `child`, which has ended as it should, from being started again."""
        self._groups = [[other for other in group if other is not child] for group in self._groups]

    def pause(self, seconds: float) -> None:
        """Return after `seconds`, or as soon as a signal came or a child ended."""
        with suppress(InterruptedError):
            if select.select([self._wake[0]], [], [], seconds)[0]:
                with suppress(BlockingIOError):
                    os.read(self._wake[0], 4096)

    def pause_unless_stopped(self, seconds: float) -> None:
        """As `pause`. Raises Stopped when a signal said so."""
        if not self.is_stopping:
            self.pause(seconds)
        if self.is_stopping:
            raise Stopped

    def run(self) -> None:
        """Bring back every child that dies, until a signal says stop."""
        while not self.is_stopping:
            self.pause(self._revive())

    def _revive(self) -> float:
        """Start again what is due; the seconds until there is something to do."""
        nearest = 60.0
        for child in [child for group in self._groups for child in group]:
            now = time.monotonic()
            if child.due is None and child.process.poll() is not None:
                self._note_death(child, now)
            if child.due is None:
                continue
            if child.due <= now:
                self._start_again(child, now)
            else:
                nearest = min(nearest, child.due - now)
        return nearest

    def _start_again(self, child: Child, now: float) -> None:
        child.started = now
        try:
            child.process = child.service.start()
        except OSError as error:  # no memory, no process left: the machine may recover
            child.due = now + LONGEST_PAUSE_SECONDS
            say(f"{child.service.name} cannot be started ({error.strerror}); trying again.")
        else:
            child.due = None

    def _note_death(self, child: Child, now: float) -> None:
        child.deaths = 1 if now - child.started > LIVED_SECONDS else child.deaths + 1
        pause = min(FIRST_PAUSE_SECONDS * 2 ** (child.deaths - 1), child.service.longest_pause_seconds)
        child.due = now + pause
        say(f"{child.service.name} {ending(child.process)}; it starts again in {pause:.1f} s.")

    def _on_stop(self, number: int, _frame: FrameType | None) -> None:
        # A terminal that closes, or systemd, may send two kinds of signal at once and means no haste.
        self._is_hurried = self._is_hurried or (self.is_stopping and number == signal.SIGINT)
        self.is_stopping = True

    def _stop_all(self) -> None:
        self.is_stopping = True
        while self._groups:
            self._stop_group([child for child in self._groups.pop() if child.process.poll() is None])

    def _stop_group(self, group: Sequence[Child]) -> None:
        for child in group:
            child.process.send_signal(child.service.stop_signal)
        asked = time.monotonic()
        hurried: set[int] = set()
        while alive := [child for child in group if child.process.poll() is None]:
            waited = time.monotonic() - asked
            for child in alive:
                late = waited > child.service.patience_seconds or self._is_hurried
                if waited > child.service.patience_seconds + LONGEST_PAUSE_SECONDS:
                    child.process.kill()
                elif late and child.process.pid not in hurried:
                    hurried.add(child.process.pid)
                    child.process.send_signal(child.service.hurry_signal)
            self.pause(0.1)


def ending(process: subprocess.Popen[bytes]) -> str:
    """How a process ended, in words."""
    code = process.returncode
    if code >= 0:
        return f"ended (exit code {code})"
    with suppress(ValueError):
        return f"was killed ({signal.Signals(-code).name})"
    return f"was killed (signal {-code})"


def say(sentence: str) -> None:
    """Tell the operator; a closed stderr is no reason to stop."""
    with suppress(OSError, ValueError):
        print(sentence, file=sys.stderr, flush=True)  # noqa: T201 - this is where operators look


def _ignores(number: signal.Signals) -> bool:
    return signal.getsignal(number) is signal.SIG_IGN
