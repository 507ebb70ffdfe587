"""Issuers of tokens as they are met outside: one that shares a secret, and those that publish keys."""

from __future__ import annotations

import json
import socketserver
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from uuid import UUID

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Iterator

USER = UUID("018f0000-0000-7000-8000-00000000000a")
PUBLISHED: dict[str, tuple[Any, Callable[[], Any]]] = {
    "RS256": (RSAAlgorithm, lambda: rsa.generate_private_key(65537, 2048)),
    "ES256": (ECAlgorithm, lambda: ec.generate_private_key(ec.SECP256R1())),
    "EdDSA": (OKPAlgorithm, ed25519.Ed25519PrivateKey.generate),
}


def claims(**changes: Any) -> dict[str, Any]:
    """What a good token says, with `changes`; a change to None leaves the claim out."""
    good = {
        "sub": str(USER),
        "aud": "storycast",
        "iss": "storycast",
        "exp": int(datetime.now(UTC).timestamp()) + 60,
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


class Key:
    """A private key, and the entry of a JWKS that publishes its other half."""

    def __init__(self, algorithm: str, key_id: str | None, private: Any = None) -> None:
        kind, make = PUBLISHED[algorithm]
        self.algorithm = algorithm
        self.key_id = key_id
        self.private = private or make()
        entry = json.loads(kind.to_jwk(self.private.public_key()))
        self.entry: dict[str, Any] = {**entry, "use": "sig", "alg": algorithm}
        if key_id:
            self.entry["kid"] = key_id

    def sign(self, content: dict[str, Any], **headers: Any) -> str:
        named = {"kid": self.key_id} if self.key_id else {}
        return jwt.encode(content, self.private, self.algorithm, headers={**named, **headers})


class JwksServer:
    """A JWKS address on loopback that answers as it is told, and counts.

    While `gate` is closed, answers wait; `asked` is set by each request that has arrived.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.status = 200
        self.headers: dict[str, str] = {}
        self.body = b""
        self.requests = 0
        self.gate = threading.Event()
        self.gate.set()
        self.asked = threading.Event()

    def publish(self, *keys: Key) -> None:
        self.status = 200
        self.body = json.dumps({"keys": [key.entry for key in keys]}).encode()


@contextmanager
def jwks_server() -> Iterator[JwksServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.requests += 1
            state.asked.set()
            state.gate.wait(20)
            self.send_response(state.status)
            for name, value in {"Content-Length": str(len(state.body)), **state.headers}.items():
                self.send_header(name, value)
            with suppress(ConnectionError):  # who has read enough hangs up
                self.end_headers()
                self.wfile.write(state.body)

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state = JwksServer(f"http://127.0.0.1:{server.server_port}/keys")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.gate.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Scripted:
    """A JWKS address on loopback that does to each connection what `script` does, and counts them.

    `asked_at`: when each came, by the monotonic clock.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.requests = 0
        self.asked_at: list[float] = []
        self.script: Callable[[socket.socket], None] = lambda _: None
        self.over = threading.Event()


@contextmanager
def scripted_server() -> Iterator[Scripted]:
    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            state.asked_at.append(time.monotonic())
            state.requests += 1
            with suppress(OSError):  # who has waited enough hangs up
                self.request.recv(65_536)
                state.script(self.request)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Handler)
    state = Scripted(f"http://127.0.0.1:{server.server_address[1]}/keys")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def response(body: bytes) -> bytes:
    """The bytes of an answer in order."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
