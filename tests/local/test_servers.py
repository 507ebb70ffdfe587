"""PostgreSQL and Valkey from their wheels: wherever they lie, whoever starts them, however they end."""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import psutil
import pytest
import redis

from core.errors import StartupError
from server.local.postgres import LocalPostgres, major_version
from server.local.valkey import LocalValkey
from tests.local.keep_running import PASSWORD
from tests.local.product import assert_gone, environment, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence


async def ask(postgres: LocalPostgres, query: str) -> object:
    connection = await asyncpg.connect(postgres.url())
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def count(valkey: LocalValkey) -> int:
    with closing(redis.Redis.from_url(valkey.url())) as client:
        return int(client.incr("n"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def keep_running(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts `keep_running.py` on `tmp_path` in a process of its own."""
    processes = []

    def begin(prefix: Sequence[str] = (), folder: Path = tmp_path) -> subprocess.Popen[bytes]:
        process = subprocess.Popen(
            [*prefix, sys.executable, "-P", "-m", "tests.local.keep_running", str(folder)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        processes.append(process)
        return process

    yield begin
    for process in processes:
        family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
        process.kill()
        process.wait()
        assert_gone(family)
        for pipe in filter(None, (process.stdin, process.stdout)):
            pipe.close()


def is_up(process: subprocess.Popen[bytes]) -> bool:
    assert process.stdout
    return process.stdout.readline() == b"up\n"


@pytest.mark.parametrize("name", ["with a space, a comma and 'quotes\"", "long-" * 30], ids=["odd", "long"])
async def test_they_run_in_folders_of_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    with (
        LocalPostgres(folder / "postgres", PASSWORD, durable=False).running() as postgres,
        LocalValkey(folder / "valkey").running() as valkey,
    ):
        assert await ask(postgres, "SELECT current_database()") == "storycast"
        assert count(valkey) == 1


async def test_the_database_speaks_utf_8_and_utc_and_asks_for_the_password(tmp_path: Path) -> None:
    with LocalPostgres(tmp_path, PASSWORD, durable=False).running() as postgres:
        assert await ask(postgres, "SELECT current_setting('server_encoding')") == "UTF8"
        assert await ask(postgres, "SELECT current_setting('timezone')") == "UTC"
        assert await ask(postgres, "SELECT lower('ÀÉ')") == "àé"
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url(password="guessed"))
        server = psutil.Process(int((postgres.cluster / "postmaster.pid").read_text().split()[0]))
        assert server.net_connections("tcp") == []


async def test_over_tcp_both_ask_for_a_password(tmp_path: Path) -> None:
    ports = free_port(), free_port()
    with (
        LocalPostgres(tmp_path / "p", PASSWORD, port=ports[0], durable=False).running() as postgres,
        LocalValkey(tmp_path / "v", port=ports[1], password=PASSWORD).running() as valkey,
    ):
        assert f"127.0.0.1:{ports[0]}" in postgres.url()
        assert await ask(postgres, "SELECT 1") == 1
        assert count(valkey) == 1
        with pytest.raises(asyncpg.InvalidPasswordError):
            await asyncpg.connect(postgres.url(password="guessed"))
        with socket.create_connection(("127.0.0.1", ports[1])) as stranger:
            stranger.sendall(b"PING\r\n")
            assert stranger.recv(64).startswith(b"-NOAUTH")


async def test_a_second_start_finds_what_the_first_one_kept(tmp_path: Path) -> None:
    postgres, valkey = LocalPostgres(tmp_path / "p", PASSWORD), LocalValkey(tmp_path / "v")
    with postgres.running(), valkey.running():
        await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS value")
        assert count(valkey) == 1
    with postgres.running(), valkey.running():
        assert await ask(postgres, "SELECT value FROM kept") == 42
        assert count(valkey) == 2


async def test_killed_servers_lose_nothing_that_was_committed(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path, PASSWORD)
    postgres.prepare()
    process = postgres.spawn()
    postgres.wait_until_ready(process)
    await ask(postgres, "CREATE TABLE kept AS SELECT 42 AS value")
    family = psutil.Process(process.pid).children()
    process.kill()
    process.wait()
    assert_gone(family)
    postgres.release()
    with postgres.running():
        assert await ask(postgres, "SELECT value FROM kept") == 42


def test_they_end_when_the_process_that_started_them_is_killed(
    tmp_path: Path, keep_running: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = keep_running()
    assert is_up(process)
    family = psutil.Process(process.pid).children(recursive=True)
    assert len(family) > 2
    process.kill()
    process.wait()
    # At once, while the old ones still write down what they have.
    with LocalPostgres(tmp_path / "postgres", PASSWORD).running(), LocalValkey(tmp_path / "valkey").running():
        assert_gone(family)


def test_a_start_killed_half_way_is_taken_up_again(
    tmp_path: Path, keep_running: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = keep_running()
    eventually(lambda: list(tmp_path.glob("postgres/unfinished-*/PG_VERSION")), what="initdb")
    process.kill()
    process.wait()
    assert not (tmp_path / "postgres" / "cluster").exists()
    with LocalPostgres(tmp_path / "postgres", PASSWORD).running():
        assert not list(tmp_path.glob("postgres/unfinished-*"))


def test_a_directory_in_use_is_refused_naming_the_process(
    tmp_path: Path, keep_running: Callable[..., subprocess.Popen[bytes]]
) -> None:
    process = keep_running()
    assert is_up(process)
    with pytest.raises(StartupError, match=f"postgres is in use by process {process.pid}"):
        LocalPostgres(tmp_path / "postgres", PASSWORD).prepare()
    with pytest.raises(StartupError, match=f"valkey is in use by process {process.pid}"):
        LocalValkey(tmp_path / "valkey").prepare()
    assert process.poll() is None


def test_a_pid_file_that_names_a_living_stranger_stops_no_start(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path, PASSWORD, durable=False)
    with postgres.running():
        written = (postgres.cluster / "postmaster.pid").read_text()
    stranger = subprocess.Popen(["sleep", "60"])
    _, _, rest = written.partition("\n")
    (postgres.cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{rest}")
    try:
        with postgres.running():
            assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_cluster_of_another_major_version_is_left_alone(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path, PASSWORD, durable=False)
    postgres.prepare()
    postgres.release()
    (postgres.cluster / "PG_VERSION").write_text("12\n")
    with pytest.raises(
        StartupError, match=f"made by PostgreSQL 12 and this is PostgreSQL {major_version()}: "
    ):
        postgres.prepare()
    postgres.release()


def test_a_server_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path, PASSWORD, durable=False)
    postgres.prepare()
    (postgres.cluster / "postgresql.conf").write_text("no_such_setting = on\n")
    with pytest.raises(StartupError, match="no_such_setting"), postgres.running():
        pass


def test_an_ordinary_user_can_run_them(
    keep_running: Callable[..., subprocess.Popen[bytes]], as_ordinary_user: list[str]
) -> None:
    assert is_up(keep_running(as_ordinary_user))


def test_a_user_without_a_name_can_run_them(
    keep_running: Callable[..., subprocess.Popen[bytes]], as_nameless_user: tuple[list[str], Path]
) -> None:
    process = keep_running(*as_nameless_user)
    assert is_up(process)
    assert process.stdin
    process.stdin.close()
    assert process.wait(20) == 0


def test_root_can_run_them_where_user_namespaces_are_refused(
    tmp_path: Path, keep_running: Callable[..., subprocess.Popen[bytes]], without_namespaces: list[str]
) -> None:
    tmp_path.chmod(0o700)
    process = keep_running(without_namespaces)
    assert is_up(process)
    assert process.stdin
    process.stdin.close()
    assert process.wait(20) == 0
    # The same directory, where they are allowed.
    with LocalPostgres(tmp_path / "postgres", PASSWORD).running() as postgres:
        assert postgres.cluster.stat().st_uid == 0
        assert tmp_path.stat().st_mode & 0o777 == 0o700


def test_no_room_is_told_in_a_sentence(tmp_path: Path) -> None:
    small = 'mount -t tmpfs -o size=6m storycast "$0" && exec "$@" "$0"'
    program = [sys.executable, "-P", "-m", "tests.local.keep_running"]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", small, str(tmp_path), *program],
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "mount" in done.stderr or "unshare:" in done.stderr:
        pytest.skip("may not mount a small disk here")
    assert "There is no room at" in done.stderr.splitlines()[-1]
