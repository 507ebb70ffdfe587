from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.local.product import ROOT, Product
from tests.users import as_nobody, become

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
NAMELESS = 54321


@pytest.fixture
def start() -> Iterator[Callable[..., Product]]:
    """Starts the product on a data directory; whatever the test left running is killed at its end."""
    products = []

    def begin(
        directory: Path, changes: Mapping[str, str] | None = None, prefix: Sequence[str] = ()
    ) -> Product:
        products.append(Product(directory, changes, prefix))
        return products[-1]

    yield begin
    for product in products:
        product.close()


@pytest.fixture
def as_ordinary_user(tmp_path: Path) -> list[str]:
    """A prefix that runs a command as the owner of `tmp_path`, who is not root."""
    return as_nobody(tmp_path)


@pytest.fixture
def as_nameless_user() -> Iterator[tuple[list[str], Path]]:
    """A prefix that runs a command under an id without a name, and a folder of that id's."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    for path in (Path(sys.executable).resolve(), Path(sys.prefix), ROOT):
        if not all(parent.stat().st_mode & 0o001 for parent in path.parents):
            pytest.skip(f"other users cannot reach {path}")
    with tempfile.TemporaryDirectory() as folder:
        os.chown(folder, NAMELESS, NAMELESS)
        yield [*become(NAMELESS), "--inh-caps=-all", "--"], Path(folder)


@pytest.fixture
def without_namespaces() -> list[str]:
    """A prefix that runs a command as a root who may not make user namespaces, as in most containers."""
    if os.geteuid() != 0 or sys.platform != "linux":
        pytest.skip("only Linux's root leaves root by a user namespace")
    return [sys.executable, str(Path(__file__).with_name("without_namespaces.py"))]
