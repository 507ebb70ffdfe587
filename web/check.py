"""`python -m web.check`: the web UI's style and types, and its operations against schema/schema.graphql."""

# ruff: noqa: T201 - a command line prints
from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from web import node
from web.sources import WEB

_TADA = Path("node_modules", "gql.tada", "bin", "cli.js")
_PRETTIER = Path("node_modules", "prettier", "bin", "prettier.cjs")
_TSC = Path("node_modules", "typescript", "bin", "tsc")
# tsc takes a field that the schema lacks for one of an unknown type; gql.tada tells.
_CHECKS: tuple[tuple[str | Path, ...], ...] = (
    (
        _PRETTIER,
        "--check",
        "--log-level",
        "warn",
        "--ignore-unknown",
        "src",
        "vite.config.ts",
        "documents.ts",
    ),
    (_TADA, "generate-output"),
    (_TSC, "--noEmit", "-p", "."),
    (_TADA, "check"),
)


def main() -> int:
    """1 when any found something."""
    try:
        node.install(WEB)
    except node.NotInstalled as error:
        print(f"The web UI was not checked: {error}.", file=sys.stderr)
        return 1
    environment = node.environment(WEB)
    results = [subprocess.call([node.NODE, *check], cwd=WEB, env=environment) for check in _CHECKS]  # noqa: S603 - of the packages that are locked
    return int(any(results))


if __name__ == "__main__":
    sys.exit(main())
