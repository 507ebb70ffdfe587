"""A Chromium to test with: the one that STORYCAST_CHROMIUM names, the system's, or one from npm."""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from web import node

HERE = Path(__file__).resolve().parent
NAMED = "STORYCAST_CHROMIUM"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ON_MACOS = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
# Where npm removes it together with the package that it is of.
UNPACKED = HERE / "node_modules" / ".chromium"
UNPACK_SECONDS = 300

# The package's own names folders that are not here.
FONTS = """\
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{folder}/fonts</dir><cachedir>{folder}/fonts-cache</cachedir></fontconfig>
"""


class NoBrowser(Exception):
    """There is none on this machine; says why."""


@dataclass(frozen=True)
class Chromium:
    """A program, and what its environment needs besides the present one."""

    path: Path
    variables: Mapping[str, str] = field(default_factory=dict)


def find() -> Chromium:
    """The first that there is. Raises NoBrowser, or node.NotInstalled where the package cannot be had."""
    if named := os.environ.get(NAMED):
        if not os.access(named, os.X_OK):
            raise NoBrowser(f"{NAMED} is {named}, which is no program.")
        return Chromium(Path(named))
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found or ON_MACOS.exists():
        return Chromium(Path(found) if found else ON_MACOS)
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise NoBrowser(f"There is no Chromium here: install one, or name it in {NAMED}.")
    return packaged()


def packaged() -> Chromium:
    """The one of npm's package, with libraries and a font: it asks the machine for glibc alone."""
    node.install(HERE)
    # Whoever comes second finds it unpacked.
    with (HERE / "unpack.mjs").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not UNPACKED.exists():
            _unpack(UNPACKED)
    libraries = os.pathsep.join([str(UNPACKED / "al2023" / "lib"), str(UNPACKED)])
    fonts = str(UNPACKED / "fonts.conf")
    return Chromium(UNPACKED / "chromium", {"LD_LIBRARY_PATH": libraries, "FONTCONFIG_FILE": fonts})


def _unpack(folder: Path) -> None:
    unfinished = folder.with_suffix(".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    subprocess.run(
        [node.NODE, HERE / "unpack.mjs", unfinished],
        env=node.environment(HERE),
        timeout=UNPACK_SECONDS,
        check=True,
    )
    (unfinished / "fonts.conf").write_text(FONTS.format(folder=folder / "fonts"))
    unfinished.rename(folder)
