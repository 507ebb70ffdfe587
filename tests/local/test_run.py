"""`run`, as somebody starts it: up, broken in every way, and up again with everything still there."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
from functools import partial
from typing import TYPE_CHECKING

import psutil
import pytest

from server.local.postgres import LocalPostgres
from server.local.valkey import LocalValkey
from tests.local.product import Product, Start, assert_gone, command, eventually, say

if TYPE_CHECKING:
    from pathlib import Path

NEW_STORY = 'mutation { createStory(input: {title: "Kept", content: "Still here."}) { __typename } }'
TITLES = "{ stories { items { title } } }"


def titles(product: Product) -> list[str]:
    return [story["title"] for story in product.graphql(TITLES)["stories"]["items"]]


def test_killed_with_everything_it_started_it_comes_back_with_everything_it_had(
    tmp_path: Path, start: Start
) -> None:
    first = start(tmp_path).wait_until_up()
    assert first.graphql(NEW_STORY)["createStory"]["__typename"] == "CreateStorySuccess"
    had = titles(first)
    assert "Kept" in had
    first.kill()
    second = start(tmp_path).wait_until_up()
    assert titles(second) == had
    assert second.stop(signal.SIGTERM) == 0


def test_whatever_process_is_killed_is_brought_back(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path).wait_until_up()
    for program in ("server serve", "server worker", "valkey-server", "bin/postgres"):
        before = eventually(partial(product.child, program), what=program)
        before.kill()
        eventually(partial(_another, product, program, before.pid), what=f"the return of {program}")
        eventually(product.answers, what=f"an answer after the death of {program}")
    eventually(lambda: _stories_or_nothing(product), what="a database that answers")
    assert product.stop(signal.SIGINT) == 0
    assert product.told.endswith(b"Stopping ...\n")


def test_what_takes_longest_to_import_begins_before_the_servers_do(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path).wait_until_up()
    programs = ("serve --first", "worker --first", "bin/postgres", "valkey-server")
    found = [eventually(partial(product.child, program), what=program) for program in programs]
    api, worker, *servers = (child.create_time() for child in found)
    assert max(api, worker) <= min(servers)
    # They are what serves and narrates: nothing else has been started for it.
    ours = [child for child in product.family() if "server" in child.cmdline()]
    assert {child.pid for child in ours} == {child.pid for child in found[:2]}


def _another(product: Product, program: str, pid: int) -> bool:
    now = product.child(program)
    return now is not None and now.pid != pid


def _stories_or_nothing(product: Product) -> list[str]:
    try:
        return titles(product)
    except (OSError, TypeError):
        return []


def test_a_signal_stops_it_while_it_starts(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path)
    product.wait_for(b"First start")
    assert product.stop(signal.SIGINT) == 0
    assert "Traceback" not in product.said()


@pytest.mark.long
def test_killed_while_it_makes_its_database_it_starts_the_next_time(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path)
    eventually(lambda: list(tmp_path.glob("postgres/unfinished-*/base")), what="initdb")
    product.kill()
    start(tmp_path).wait_until_up()


@pytest.mark.long
def test_nohup_keeps_it_running_when_the_terminal_closes(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path, prefix=["nohup"]).wait_until_up()
    product.process.send_signal(signal.SIGHUP)
    assert product.answers()
    assert product.process.poll() is None


def test_it_goes_on_when_nobody_reads_what_it_prints_and_ends_with_its_terminal(
    tmp_path: Path, start: Start
) -> None:
    product = start(tmp_path, {"STORYCAST_WORKER_PROCESSES": "2"})
    assert product.process.stdout
    product.process.stdout.close()
    eventually(
        lambda: product.process.poll() is None and product.child("worker --single"), what="the second worker"
    )
    assert product.stop(signal.SIGHUP) == 0
    assert "database system is shut down" in (tmp_path / "postgres" / "server.log").read_text()
    assert [line for line in product.said().splitlines() if " INFO [" not in line] == []


def test_a_second_one_on_the_same_directory_is_refused(tmp_path: Path, start: Start) -> None:
    first = start(tmp_path)
    eventually((tmp_path / "secrets.json").exists)
    said = say("run", "--data-dir", str(tmp_path), "--port", "0")
    assert said.returncode == 1
    assert said.stderr == (
        f"{tmp_path} is in use by process {first.process.pid}: stop it, or use another directory.\n"
    )


def test_a_port_in_use_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = say("run", "--data-dir", str(tmp_path), "--port", str(port))
    assert said.returncode == 1
    assert said.stderr == (
        f"Port {port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port.\n"
    )
    assert not (tmp_path / "postgres").exists()


def test_an_address_of_another_machine_is_refused(tmp_path: Path) -> None:
    said = say("run", "--data-dir", str(tmp_path), "--host", "192.0.2.1")
    assert said.returncode == 1
    assert "cannot listen on 192.0.2.1" in said.stderr
    assert said.stderr.count("\n") == 1


def test_a_database_of_another_major_version_is_refused(tmp_path: Path) -> None:
    postgres = LocalPostgres(tmp_path / "postgres", "any", durable=False)
    postgres.prepare()
    postgres.release()
    (postgres.cluster / "PG_VERSION").write_text("12\n")
    secrets = ("jwt_secret", "link_secret", "postgres_password", "api_password", "worker_password")
    (tmp_path / "secrets.json").write_text(json.dumps(dict.fromkeys(secrets, "x" * 43)))
    said = say("run", "--data-dir", str(tmp_path), "--port", "0")
    assert said.returncode == 1
    assert "was made by PostgreSQL 12 and this is PostgreSQL" in said.stderr
    assert "Traceback" not in said.stderr


def test_a_database_whose_password_is_lost_is_not_guessed_at(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "cluster").mkdir(parents=True)
    said = say("run", "--data-dir", str(tmp_path), "--port", "0")
    assert said.returncode == 1
    assert f"{tmp_path}/secrets.json is gone" in said.stderr


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path, as_ordinary_user: list[str]) -> None:
    tmp_path.chmod(0o500)
    said = say("run", "--data-dir", str(tmp_path / "below"), prefix=as_ordinary_user)
    assert said.returncode == 1
    assert said.stderr.startswith(f"{tmp_path / 'below'} cannot be used (Permission denied)")
    assert said.stderr.count("\n") == 1


def test_some_of_the_database_addresses_without_the_rest_are_refused(tmp_path: Path) -> None:
    changes = {"STORYCAST_DATABASE_URL": "postgresql://a:b@127.0.0.1/c"}
    said = say("run", "--data-dir", str(tmp_path), changes=changes)
    assert said.returncode == 1
    assert "set STORYCAST_WORKER_DATABASE_URL and STORYCAST_MIGRATION_DATABASE_URL too" in said.stderr


def test_given_servers_are_used_instead_of_local_ones(tmp_path: Path, start: Start) -> None:
    with (
        LocalPostgres(tmp_path / "p", "secret", port=_free_port(), durable=False).running() as postgres,
        LocalValkey(tmp_path / "v", port=_free_port(), password="secret").running() as valkey,
    ):
        changes = {
            "STORYCAST_MIGRATION_DATABASE_URL": postgres.url(),
            "STORYCAST_DATABASE_URL": postgres.url("storycast_api", "for the API"),
            "STORYCAST_WORKER_DATABASE_URL": postgres.url("storycast_worker", "for the worker"),
            "STORYCAST_REDIS_URL": valkey.url(),
        }
        product = start(tmp_path / "data", changes).wait_until_up()
        assert len(titles(product)) == 2
        assert not product.child("bin/postgres")
        assert not product.child("valkey-server")
        assert product.stop(signal.SIGTERM) == 0
    assert not (tmp_path / "data" / "postgres").exists()


def test_the_data_directory_and_its_secrets_are_the_owners_alone(tmp_path: Path, start: Start) -> None:
    directory = tmp_path / "data"
    start(directory)
    eventually((directory / "secrets.json").exists)
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "secrets.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.long
def test_an_ordinary_user_can_run_it(tmp_path: Path, start: Start, as_ordinary_user: list[str]) -> None:
    product = start(tmp_path / "data", prefix=as_ordinary_user).wait_until_up()
    assert len(titles(product)) == 2
    assert product.stop(signal.SIGTERM) == 0


@pytest.mark.long
def test_workers_alone_are_brought_back_and_end_with_their_master(tmp_path: Path, start: Start) -> None:
    product = start(tmp_path, {"STORYCAST_WORKER_PROCESSES": "2"}).wait_until_up()
    # The first was started before there was anything to tell.
    told = eventually(lambda: product.child("worker --single")).environ()
    master = subprocess.Popen(command("worker"), env={**told, "STORYCAST_WORKER_PROCESSES": "2"})
    try:
        family = psutil.Process(master.pid)
        workers = eventually(lambda: len(family.children()) == 2 and family.children())
        workers[0].kill()
        eventually(lambda: len([w for w in family.children() if w.pid != workers[0].pid]) == 2)
        left = family.children()
    finally:
        master.kill()
        master.wait()
    assert_gone(left)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_folder_full_of_other_things_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").write_text("Dear diary")
    tmp_path.chmod(0o755)
    said = say("run", "--data-dir", str(tmp_path), "--port", "0")
    assert (said.returncode, said.stdout) == (1, "")
    assert said.stderr == (
        f"{tmp_path} holds files that are not Storycast's: choose a new or empty folder with --data-dir.\n"
    )
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_no_name_is_not_the_current_folder() -> None:
    said = say("run", "--data-dir", "", "--port", "0")
    assert said.returncode == 2
    assert "argument --data-dir: the folder's name is empty" in said.stderr


def test_a_file_where_a_folder_belongs_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "lock").touch()
    (tmp_path / "results").touch()
    said = say("run", "--data-dir", str(tmp_path), "--port", "0")
    assert said.returncode == 1
    assert said.stderr == f"{tmp_path}/results is not a folder: choose another place with --data-dir.\n"


def test_production_makes_no_secret_to_sign_in_with(tmp_path: Path) -> None:
    said = say(
        "run", "--data-dir", str(tmp_path), "--port", "0", changes={"STORYCAST_ENVIRONMENT": "production"}
    )
    assert said.returncode == 1
    assert said.stderr.startswith("STORYCAST_ENVIRONMENT is production, and nobody could sign in: set ")
    assert said.stderr.count("\n") == 1


def test_a_worker_without_its_settings_ends_with_a_sentence() -> None:
    said = say("worker")
    assert said.returncode == 1
    assert said.stderr == (
        "STORYCAST_WORKER_DATABASE_URL is not set; docs/operations.md says what it is for.\n"
    )
