"""`run`: everything Storycast needs on one machine, started together, kept running, stopped in order."""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

from core.errors import StartupError
from core.settings import PREFIX, Environment, load_settings
from server.children import spawn_command, worker_services
from server.local.directory import DEFAULT, open_directory
from server.local.postgres import LocalPostgres
from server.plan import Plan, make_plan
from server.ports import answers
from server.supervisor import Child, Service, Stopped, Supervisor, ending
from server.welcome import tell, welcome

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

READY_SECONDS = 120.0
POLL_SECONDS = 0.02


def run(*, host: str | None, port: int | None, data_directory: Path | None) -> None:
    """Returns when a signal said stop and everything has ended.

    Raises SettingsError or StartupError, with what to do, when it cannot start.
    """
    asked = {"host": host, "port": port} | _local_unless_told()
    settings = load_settings(**{name: value for name, value in asked.items() if value is not None})
    with ExitStack() as stack:
        plan = make_plan(settings, stack.enter_context(open_directory(data_directory or DEFAULT)))
        for server in plan.servers:
            stack.callback(server.release)
        supervisor = stack.enter_context(Supervisor().watching())
        with suppress(Stopped):
            _start(supervisor, plan)
            supervisor.run()
        tell("Stopping ...")


def _local_unless_told() -> dict[str, str]:
    return {} if os.environ.get(f"{PREFIX}ENVIRONMENT") else {"environment": Environment.LOCAL.value}


def _start(supervisor: Supervisor, plan: Plan) -> None:
    pause = supervisor.pause_unless_stopped
    started = []
    for server in plan.servers:
        if isinstance(server, LocalPostgres) and not server.is_made:
            tell(f"First start: making a database in {server.directory} ...")
        server.prepare()
        service = Service(server.name, server.spawn, server.stop_signal, server.hurry_signal)
        started.append(supervisor.start(service))
    # These two import for a second, which they can do while the servers come up.
    preparation = supervisor.start(Service("Preparation", lambda: _spawn_preparation(plan)))
    api = supervisor.start(_api_service(plan))
    for server, child in zip(plan.servers, started, strict=True):
        server.wait_until_ready(child.process, READY_SECONDS, pause)
    token = _finish(preparation, pause)
    supervisor.forget(preparation)
    _open_gate(api.process)
    _wait_for_api(api, plan, pause)
    for service in worker_services(plan.settings, plan.told):
        supervisor.start(service, joins=True)
    tell(welcome(plan.base_url, plan.directory, token))


def _spawn_preparation(plan: Plan) -> subprocess.Popen[bytes]:
    return spawn_command("prepare", overrides=plan.told, gated=True, output=subprocess.PIPE)


def _api_service(plan: Plan) -> Service:
    # Only the first one has a database to wait for.
    gates = iter([True])
    return Service("API", lambda: spawn_command("serve", overrides=plan.told, gated=next(gates, False)))


def _finish(preparation: Child, pause: Callable[[float], None]) -> str:
    """Let migrations and demo stories be made; the demo user's token, empty where only an issuer can sign."""
    process = preparation.process
    _open_gate(process)
    while process.poll() is None:
        pause(1)
    if process.returncode:
        raise StartupError(f"The database could not be prepared: that step {ending(process)}.")
    assert process.stdout is not None, "spawned with a pipe"
    with process.stdout:
        return str(json.load(process.stdout)["token"])


def _wait_for_api(api: Child, plan: Plan, pause: Callable[[float], None]) -> None:
    while not answers(plan.host, plan.port):
        if api.process.poll() is not None:
            raise StartupError(f"The API process {ending(api.process)} before it answered.")
        pause(POLL_SECONDS)


def _open_gate(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None, "spawned with a gate"
    process.stdin.close()
