"""Becomes another program that ends when its parent does: `launch.py PARENT SIGNAL DIRECTORY program …`.

A script of the standard library alone, started as `python -I -S`, because what it sets can only be set
from inside the child, and Python forbids itself to run code between fork and exec once it has threads.

PARENT is the parent's process id; the kernel sends SIGNAL (a number) when the parent is gone, however it
went (Linux only; elsewhere the next start finds what was left). DIRECTORY, unless it is `-`, is what the
program owns; the program is one that refuses to run as root, or as a user without a name, so this
becomes somebody else first.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import sys
from contextlib import suppress
from pathlib import Path

NOBODY = 65534
PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CLONE_NEWUSER = 0x10000000
CAP_DAC_OVERRIDE = 1
CAPABILITY_VERSION_3 = 0x20080522

LIBC = ctypes.CDLL(None, use_errno=True)


def leave_root(directory: str) -> None:
    """Run as somebody who is not root and has a name, yet may use `directory`, wherever it lies.

    In a user namespace of its own the process is nobody while its files stay whose they are. Where that is
    refused (containers, mostly) an ordinary user stays who it is, and root becomes the real nobody, owns
    `directory`, and keeps the one right to pass folders that only root may enter.
    user_namespaces(7), capabilities(7).
    """
    _give(directory, os.geteuid(), os.getegid())
    identity = (os.geteuid(), os.getegid())
    if LIBC.unshare(CLONE_NEWUSER) == 0:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{NOBODY} {identity[0]} 1")
        Path("/proc/self/gid_map").write_text(f"{NOBODY} {identity[1]} 1")
        return
    if identity[0] != 0:
        return
    _give(directory, NOBODY, NOBODY)
    _check(LIBC.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
    with suppress(PermissionError):
        os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    wanted = 1 << CAP_DAC_OVERRIDE
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    effective_permitted_inheritable = (ctypes.c_uint32 * 6)(wanted, wanted, wanted, 0, 0, 0)
    _check(LIBC.capset(header, effective_permitted_inheritable))
    _check(LIBC.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0))


def end_with(parent: int, signal: int) -> None:
    """Ask the kernel for `signal` when the parent ends; exit at once if it has ended already."""
    _check(LIBC.prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0))
    if os.getppid() != parent:
        sys.exit(f"process {parent} ended before this one began")


def _give(directory: str, user: int, group: int) -> None:
    # The top changes hands last, so that its owner tells whether the whole tree has.
    if os.stat(directory).st_uid == user:  # noqa: PTH116 - the script stays as light as it can
        return
    for folder, _, names in os.walk(directory, topdown=False):
        for path in [*(os.path.join(folder, name) for name in names), folder]:  # noqa: PTH118 - as above
            os.chown(path, user, group, follow_symlinks=False)


def _is_nameless() -> bool:
    # Containers run under made-up ids, and initdb wants to know its user's name; in a namespace it is nobody.
    try:
        pwd.getpwuid(os.geteuid())
    except KeyError:
        return True
    return False


def _check(result: int) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def main(parent: str, signal: str, directory: str, *program: str) -> None:
    """Exits with a sentence on stderr when the machine allows none of the ways away from root."""
    if directory != "-" and (os.geteuid() == 0 or _is_nameless()):
        try:
            leave_root(directory)
        except OSError as error:
            sys.exit(
                f"This program refuses to run as root, and the machine does not let root become anybody else"
                f" ({error.strerror}): start as an ordinary user."
            )
    # Changing user clears the request, so it comes last.
    if sys.platform == "linux":
        end_with(int(parent), int(signal))
    os.execv(program[0], program)  # noqa: S606 - becoming the program is the point; there is no shell


if __name__ == "__main__":
    main(*sys.argv[1:])
