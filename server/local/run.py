"""`run`: everything Storycast needs on one machine, started together, kept running, stopped in order."""

from __future__ import annotations

import os
import select
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from core.errors import StartupError
from core.settings import PREFIX, Environment, load_settings
from server.children import First, spawn_command, worker_services
from server.local.directory import DEFAULT, open_directory
from server.local.orders import give_orders
from server.local.plan import Plan, make_plan
from server.local.ports import answers
from server.local.postgres import LocalPostgres
from server.local.welcome import tell, welcome
from server.supervisor import Child, Service, Stopped, Supervisor, ending

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

READY_SECONDS = 120.0
POLL_SECONDS = 0.02


def run(first: First, *, host: str | None, port: int | None, data_directory: Path | None) -> None:
    """Returns when a signal said stop and everything has ended. `first` wait for their orders.

    Raises SettingsError or StartupError, with what to do, when it cannot start.
    """
    asked = {"host": host, "port": port} | _local_unless_told()
    with ExitStack() as stack:
        stack.callback(first.dismiss)
        settings = load_settings(**{name: value for name, value in asked.items() if value is not None})
        plan = make_plan(settings, stack.enter_context(open_directory(data_directory or DEFAULT)))
        for server in plan.servers:
            stack.callback(server.release)
        supervisor = stack.enter_context(Supervisor().watching())
        with suppress(Stopped):
            _start(supervisor, plan, first)
            supervisor.run()
        tell("Stopping ...")


def _local_unless_told() -> dict[str, str]:
    return {} if os.environ.get(f"{PREFIX}ENVIRONMENT") else {"environment": Environment.LOCAL.value}


def _start(supervisor: Supervisor, plan: Plan, first: First) -> None:
    pause = supervisor.pause_unless_stopped
    started = []
    for server in plan.servers:
        if isinstance(server, LocalPostgres) and not server.is_made:
            tell(f"First start: making a database in {server.directory} ...")
        server.prepare()
        pause(0)
        service = Service(server.name, server.spawn, server.stop_signal, server.hurry_signal)
        started.append(supervisor.start(service))
    for server, child in zip(plan.servers, started, strict=True):
        server.wait_until_ready(child.process, READY_SECONDS, pause)
    api = supervisor.start(_api_service(plan, first.api))
    token = _have_prepared(api, plan, pause)
    first_worker, *workers = worker_services(plan.settings, plan.environment, first.worker)
    give_orders(first.worker, plan.environment)
    supervisor.start(first_worker, joins=True)
    while not answers(plan.host, plan.port):
        _check_alive(api)
        pause(POLL_SECONDS)
    for service in workers:
        supervisor.start(service, joins=True)
    tell(welcome(plan.base_url, plan.directory, token, graphiql=plan.settings.offers_graphiql))


def _api_service(plan: Plan, first_api: subprocess.Popen[bytes]) -> Service:
    waiting = [first_api]
    return Service(
        "API", lambda: waiting.pop() if waiting else spawn_command("serve", environment=plan.environment)
    )


def _have_prepared(api: Child, plan: Plan, pause: Callable[[float], None]) -> str:
    """Let it bring the database up to date; the demo user's token, empty where only an issuer can sign."""
    line = api.process.stdout
    assert line is not None, "spawned with pipes"
    give_orders(api.process, plan.environment, migration_database_url=plan.migration_url)
    while not select.select([line], [], [], 0)[0]:
        pause(POLL_SECONDS)
    with line:
        token = line.readline().decode()
    if not token:
        api.process.wait()
        _check_alive(api)
    return token.strip()


def _check_alive(api: Child) -> None:
    if api.process.poll() is not None:
        raise StartupError(f"The API process {ending(api.process)} before it answered.")
