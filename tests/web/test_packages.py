"""npm's packages: had once, and whole, on whatever machine; where they cannot be had, that is told soon."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from web import node
from web.sources import PIN, WEB

# One that needs no other.
PACKAGE = "preact"
NOWHERE = "http://127.0.0.1:9/"


def locked() -> Any:
    return json.loads((WEB / "package-lock.json").read_text())["packages"][f"node_modules/{PACKAGE}"]


@pytest.fixture
def folder(packages: None, tmp_path: Path) -> Path:
    """A folder that asks for one package, which the real one has too; it is for developers alone."""
    made = tmp_path / "of mine"
    made.mkdir()
    wanted = {"name": "mine", "devDependencies": {PACKAGE: locked()["version"]}}
    (made / "package.json").write_text(json.dumps(wanted))
    lock(made, {**locked(), "dev": True})
    return made


def lock(folder: Path, entry: Any) -> None:
    root = json.loads((folder / "package.json").read_text())
    packages = {"": root, f"node_modules/{PACKAGE}": entry}
    content = {"name": "mine", "lockfileVersion": 3, "requires": True, "packages": packages}
    (folder / "package-lock.json").write_text(json.dumps(content))


def lose_network(patch: pytest.MonkeyPatch, cache: Path) -> None:
    """The registry does not answer, and nothing is kept of it."""
    patch.setenv("npm_config_registry", NOWHERE)
    patch.setenv("npm_config_cache", str(cache))


def has_it(folder: Path) -> bool:
    return (folder / "node_modules" / PACKAGE / "package.json").exists()


def test_packages_are_had_once(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    node.install(folder)
    assert has_it(folder)
    lose_network(monkeypatch, tmp_path / "empty")
    node.install(folder)
    assert has_it(folder)


def test_what_was_broken_off_is_had_anew(folder: Path) -> None:
    stray = folder / "node_modules" / "half" / "index.js"
    stray.parent.mkdir(parents=True)
    stray.touch()
    node.install(folder)
    assert has_it(folder)
    assert not stray.exists()


def test_another_lock_file_or_another_node_means_other_packages(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    node.install(folder)
    stray = folder / "node_modules" / "stray"
    stray.touch()
    lock(folder, {**locked(), "dev": True, "funding": None})
    node.install(folder)
    assert not stray.exists()
    stray.touch()
    pin = tmp_path / "web.txt"
    pin.write_bytes(PIN.read_bytes() + b"# another\n")
    monkeypatch.setattr(node, "PIN", pin)
    node.install(folder)
    assert not stray.exists()
    assert has_it(folder)


def test_without_a_network_that_is_told_in_a_sentence_and_soon(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    lose_network(monkeypatch, tmp_path / "empty")
    began = time.monotonic()
    with pytest.raises(
        node.NotInstalled, match=r"^the npm registry cannot be reached: check the network [^\n]*$"
    ):
        node.install(folder)
    # npm by itself goes on trying for minutes.
    assert time.monotonic() - began < 60
    assert not (folder / "node_modules" / ".storycast").exists()


def test_a_package_that_is_not_the_locked_one_is_refused(folder: Path) -> None:
    lock(folder, {**locked(), "dev": True, "integrity": "sha512-" + "A" * 86 + "=="})
    for _ in range(2):
        with pytest.raises(node.NotInstalled, match="npm said: code EINTEGRITY"):
            node.install(folder)


@pytest.mark.parametrize("home", ["", None, "relative", "/proc/nobody", "a file"])
def test_a_home_that_cannot_be_used_is_done_without(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / ".npm").touch()
    if home is None:
        monkeypatch.delenv("HOME")
    else:
        monkeypatch.setenv("HOME", str(tmp_path / "home") if home == "a file" else home)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    node.install(folder)
    assert has_it(folder)
    assert (tmp_path / "venv" / "cache" / "npm").is_dir()
    assert {path.name for path in folder.iterdir()} == {"node_modules", "package-lock.json", "package.json"}


def test_packages_for_developers_are_had_whatever_the_machine_leaves_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NODE_ENV", "production")
    monkeypatch.setenv("npm_config_omit", "dev")
    node.install(folder)
    assert has_it(folder)
