"""dev.py and the command line: what is wrong is told in a sentence, and a token is printed alone."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest

from server.local.directory import open_directory
from tests.local.product import ROOT, environment, eventually, say

if TYPE_CHECKING:
    from collections.abc import Sequence

USER = "01890000-0000-7000-8000-000000000001"
DEV = ROOT / "dev.py"
# dev.py, after something has been done to the interpreter.
PRETEND = "import sys, runpy; {}; sys.argv = ['dev.py', 'run']; runpy.run_path({!r}, run_name='__main__')"


def pretend(change: str, script: Path = DEV) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-c", PRETEND.format(change, str(script))]
    return subprocess.run(program, capture_output=True, text=True, timeout=60, check=False)


def test_a_token_is_printed_and_nothing_else(tmp_path: Path) -> None:
    with open_directory(tmp_path) as directory:
        secret = directory.ensure_secrets().jwt_secret
    said = say("token", "--user", USER, "--data-dir", str(tmp_path))
    assert (said.returncode, said.stderr) == (0, "")
    claims = jwt.decode(
        said.stdout.removesuffix("\n"), secret, algorithms=["HS256"], audience="storycast", issuer="storycast"
    )
    assert claims["sub"] == USER


def test_a_secret_of_the_environment_wins_and_needs_no_directory(tmp_path: Path) -> None:
    secret = "an operator's secret of enough bytes"
    changes = {"STORYCAST_JWT_SECRET": secret}
    said = say("token", "--user", USER, "--data-dir", str(tmp_path / "none"), changes=changes)
    assert jwt.decode(
        said.stdout.strip(), secret, algorithms=["HS256"], audience="storycast", issuer="storycast"
    )


def test_a_token_without_a_data_directory_says_what_to_do(tmp_path: Path) -> None:
    said = say("token", "--user", USER, "--data-dir", str(tmp_path))
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        f"{tmp_path} holds no secrets: `python3 dev.py run` makes them; --data-dir names others.\n"
    )


def test_damaged_secrets_are_told(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"jwt_secret": ')
    said = say("token", "--user", USER, "--data-dir", str(tmp_path))
    assert said.returncode == 1
    assert said.stderr.startswith(f"{tmp_path}/secrets.json is damaged: ")


@pytest.mark.parametrize(
    "arguments",
    [["token", "--user", "somebody"], ["token", "--user", USER, "--lifetime", "0"], ["fly"], []],
)
def test_wrong_usage_exits_with_2(arguments: Sequence[str]) -> None:
    said = say(*arguments)
    assert said.returncode == 2
    assert said.stderr.startswith("usage: ")


def test_an_unknown_setting_stops_every_command(tmp_path: Path) -> None:
    said = say("run", "--data-dir", str(tmp_path), changes={"STORYCAST_PROT": "8000"})
    assert said.returncode == 1
    assert said.stderr.startswith("Unknown setting STORYCAST_PROT: ")
    assert not list(tmp_path.iterdir())


def test_a_command_without_its_settings_says_which(tmp_path: Path) -> None:
    said = say("migrate")
    assert said.returncode == 1
    assert said.stderr.startswith("STORYCAST_MIGRATION_DATABASE_URL is not set")


def test_dev_py_can_be_read_by_python_3_6_and_tells_an_old_one() -> None:
    ast.parse(DEV.read_text(), feature_version=(3, 6))
    said = pretend("sys.version_info = (3, 10, 1)")
    assert said.returncode == 1
    assert said.stderr.startswith("Storycast needs Python 3.11 or newer, and this is ")
    assert said.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("sys.modules['ensurepip'] = None", "Python's venv module is missing: "),
        (
            "import platform; platform.machine = lambda: 'riscv64'",
            "Storycast runs on Linux with glibc and on macOS",
        ),
        (
            "import platform; platform.libc_ver = lambda: ('', '')",
            "Storycast runs on Linux with glibc and on macOS",
        ),
    ],
    ids=["no venv", "another processor", "no glibc"],
)
def test_dev_py_tells_what_a_machine_lacks(tmp_path: Path, change: str, sentence: str) -> None:
    said = pretend(change, copy_of_dev_py(tmp_path))
    assert said.returncode == 1
    assert sentence in said.stderr
    assert said.stderr.count("\n") == 1
    assert not (tmp_path / ".venv").exists()


def test_dev_py_knows_no_other_commands() -> None:
    said = subprocess.run(
        [sys.executable, DEV, "fly"], capture_output=True, text=True, timeout=60, check=False
    )
    assert said.returncode == 1
    assert said.stderr == "There is no command fly: `python3 dev.py --help` lists them.\n"


@pytest.mark.long
def test_an_installation_killed_half_way_is_made_whole_by_two_starts_at_once(tmp_path: Path) -> None:
    script = copy_of_dev_py(tmp_path)
    for folder in ("core", "server"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    token = [os.path.realpath(sys.executable), str(script), "token", "--user", USER]
    changes = environment({"STORYCAST_JWT_SECRET": "x" * 43, "HOME": ""})
    killed = subprocess.Popen(token, env=changes, cwd="/", stderr=subprocess.DEVNULL)
    eventually(lambda: list(tmp_path.glob(".venv/lib/*/site-packages/pydantic")), seconds=120)
    killed.kill()
    killed.wait()
    assert not (tmp_path / ".venv" / "storycast.json").exists()
    both = [
        subprocess.Popen(token, env=changes, cwd="/", stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=180)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert all(text.count(".") == 2 for text in said)


def copy_of_dev_py(folder: Path) -> Path:
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return Path(shutil.copy(DEV, folder))
