"""The port that `run` is going to listen on: free before anything is started, answering when all is."""

from __future__ import annotations

import errno
import socket
from contextlib import suppress

from core.errors import StartupError

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104 - to recognise it


def free_port(host: str, port: int) -> int:
    """`port`, or one that is free where it is 0.

    Raises StartupError when `host` is not this machine's or `port` is not to be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            return int(probe.getsockname()[1])
    except OSError as error:
        raise StartupError(_sentence(error, host, port)) from None


def answers(host: str, port: int, path: str = "/healthz") -> bool:
    """Whether a GET there is answered with 200."""
    reachable = reachable_host(host)
    request = f"GET {path} HTTP/1.1\r\nHost: {reachable}\r\nConnection: close\r\n\r\n"
    with suppress(OSError), socket.create_connection((reachable, port), timeout=5) as client:
        client.sendall(request.encode())
        return client.recv(64).startswith((b"HTTP/1.1 200", b"HTTP/1.0 200"))
    return False


def reachable_host(host: str) -> str:
    """Where this machine reaches what listens on `host`."""
    return ANY_ADDRESS.get(host, host)


def base_url(host: str, port: int) -> str:
    """The address that a browser on this machine takes, without a slash at the end."""
    reachable = reachable_host(host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _sentence(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is in use: stop what listens there, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023 with --port."
    return f"This machine cannot listen on {host} ({error.strerror}): choose another address with --host."
