"""Becoming somebody else, for tests that root starts."""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path

import pytest


def as_nobody(owned: Path) -> list[str]:
    """A prefix that runs a command as somebody who is not root, and owns the folder `owned`.

    When root starts the tests, that user may still read what lies in root's folders, Python among it.
    """
    if os.geteuid() != 0:
        return []
    nobody = pwd.getpwnam("nobody").pw_uid
    for path in (owned, *owned.rglob("*")):
        os.chown(path, nobody, nobody, follow_symlinks=False)
    reading = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]
    return [*become(nobody), *reading, "--"]


def become(user: int) -> list[str]:
    """A prefix that runs a command under the user id, with no other privilege."""
    if not shutil.which("setpriv"):
        pytest.skip("no setpriv to become another user with")
    return ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
