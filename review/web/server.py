"""Serves the site: takes the port first, so that a taken one is an error in words and not a stack of them."""

from __future__ import annotations

import errno
import ipaddress
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn

from review.database import LocalStore
from review.errors import ReviewError, UsageProblem
from review.web.app import LOOPBACK, make_app


def take_port(host: str, port: int) -> socket.socket:
    """A socket that listens on *host* and *port* (0: any free one). Raises a ReviewError when it cannot be
    had.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    taken = socket.socket(family)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((host, port))
        taken.listen(128)
    except OSError as problem:
        taken.close()
        if problem.errno == errno.EADDRINUSE:
            message = f"port {port} on {host} is in use by another program"
            raise ReviewError(message, hint="stop it, or take another: review serve --port N") from problem
        message = f"{host} port {port} cannot be served: {problem.strerror or problem}"
        raise UsageProblem(message, hint="leave out --host to serve this machine only") from problem
    except OverflowError as problem:
        taken.close()
        message = f"{port} is not a port; allowed: 0 to 65535"
        raise UsageProblem(message) from problem
    return taken


def serve(root: Path, store: LocalStore, *, host: str, port: int, say: Callable[[str], None]) -> None:
    """Serve the review in *root* until it is interrupted; *say* gets what the person at the terminal should
    know.
    """
    taken = take_port(host, port)
    shown = f"[{host}]" if ":" in host else host
    app = make_app(root, store, hosts=LOOPBACK | {shown})
    # no access log: the address of a sign-in holds the token
    config = uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="warning",
        lifespan="off",
        ws="none",
    )
    say(f"Serving on http://{shown}:{taken.getsockname()[1]}/ (Ctrl-C ends it)")
    say("Sign-in links: review reviewer invite ID")
    if not _is_loopback(host):
        say(f"{host} can be reached from other machines, and nothing is encrypted: put a TLS proxy before it")
    try:
        uvicorn.Server(config).run(sockets=[taken])
    finally:
        taken.close()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
