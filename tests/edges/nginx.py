"""nginx from Debian, told what docs/operations.md tells operators to tell it."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations.md"
SNIPPET = PAGE.read_text().partition("```nginx\n")[2].partition("```")[0]
NAME = "stories.example"
START_SECONDS = 20
# What Debian sets outside of `http`, for one process in the foreground and a folder of its own.
MAIN = """daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
client_body_temp_path {folder}/1; proxy_temp_path {folder}/2;
fastcgi_temp_path {folder}/3; uwsgi_temp_path {folder}/4; scgi_temp_path {folder}/5;
{more}
{snippet}
}}
"""


@dataclass(frozen=True)
class Nginx:
    """A running one. `certificate` is to be trusted for its address."""

    base: str
    certificate: Path
    log: Path


def program() -> str:
    """nginx; a test without it is skipped, or fails in CI."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if not found:
        reason = "nginx is not installed: on Debian, apt install nginx-light"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def nginx(folder: Path, port: int, upstream: int, more: str = "") -> Iterator[Nginx]:
    """One that listens on `port`, before an API process on `upstream`. `more` is said within `http`."""
    certificate = certify(folder)
    named = {
        "127.0.0.1:8000": f"127.0.0.1:{upstream}",
        "listen 443 ": f"listen 127.0.0.1:{port} ",
        "/etc/nginx/stories.example.": f"{folder}/stories.example.",
        "/var/log/nginx/": f"{folder}/",
    }
    snippet = SNIPPET
    for theirs, ours in named.items():
        assert theirs in snippet, theirs
        snippet = snippet.replace(theirs, ours)
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, more=more, snippet=snippet))
    process = subprocess.Popen([program(), "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
    try:
        limit = time.monotonic() + START_SECONDS
        while not (folder / "pid").exists():
            assert process.poll() is None, (folder / "error.log").read_text()
            assert time.monotonic() < limit
            time.sleep(0.02)
        yield Nginx(f"https://127.0.0.1:{port}", certificate, folder / "storycast.log")
    finally:
        process.terminate()
        process.wait(START_SECONDS)


def certify(folder: Path) -> Path:
    """A certificate for the snippet's server, signed by itself, with its key beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    loopback = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    now = datetime.now(UTC)
    day = timedelta(days=1)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now - day, now + day
        )
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME), loopback]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    (folder / f"{NAME}.key").write_bytes(key.private_bytes(serialization.Encoding.PEM, pkcs8, plain))
    certificate = folder / f"{NAME}.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    return certificate
