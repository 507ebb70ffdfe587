"""`worker`: as many worker processes as the settings say, each brought back when it dies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.children import worker_services
from server.supervisor import Supervisor

if TYPE_CHECKING:
    from core.settings import Settings


def keep_working(settings: Settings) -> None:
    """Returns when a signal said stop and every worker has ended.

    Raises SettingsError for what no worker could start without.
    """
    for name in ("worker_database_url", "redis_url", "results_url"):
        settings.need(name)
    with Supervisor().watching() as supervisor:
        for service in worker_services(settings, {}):
            supervisor.start(service, joins=True)
        supervisor.run()
