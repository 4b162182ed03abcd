"""Serves the site: takes the port first, so that a taken one is an error in words and not a stack of them."""

from __future__ import annotations

import errno
import ipaddress
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

from review.database import OwnerStore
from review.database.side_file import announce, withdraw
from review.errors import ReviewError, UsageProblem
from review.web.app import LOOPBACK, make_app
from review.web.store_door import make_door

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PREFIX = re.compile(r"(/[A-Za-z0-9_-]+)+/?")
_PATIENCE = 10  # seconds that requests under way are given at the end


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


def site_names(names: Iterable[str]) -> tuple[str, ...]:
    """*names* in the form in which browsers send them. Raises UsageProblem for what is no host name."""
    for name in names:
        if not _NAME.fullmatch(name):
            message = f"--name {name!r} is no host name"
            raise UsageProblem(message, hint="give the name alone, without port: --name review.example.org")
    return tuple(dict.fromkeys(name.lower() for name in names))


def site_path(path: str) -> str:
    """The path at which a proxy shows the site, without a slash at its end. Raises UsageProblem for anything else."""
    if path and not _PREFIX.fullmatch(path):
        message = f"--root-path {path!r} is no path"
        raise UsageProblem(message, hint="give letters, digits, - and _ between slashes: --root-path /knee/review")
    return path.rstrip("/")


def serve(
    root: Path,
    store: OwnerStore,
    *,
    host: str,
    port: int,
    names: tuple[str, ...] = (),
    root_path: str = "",
    say: Callable[[str], None],
) -> None:
    """Serve the review in *root* until SIGINT or SIGTERM; *say* gets what the person at the terminal should know.

    *names* are further names that the site goes by, the first of them that of invitations, *root_path* the path at
    which a proxy shows it. Beside the site a second port on 127.0.0.1 lets other commands reach the database; the side
    file tells them where.
    """
    taken, door_port = take_port(host, port), take_port("127.0.0.1", 0)
    shown = f"[{host}]" if ":" in host else host
    address = f"http://{shown}:{taken.getsockname()[1]}{root_path}/"
    # what invitations are to name: the address that people see
    seen = f"https://{names[0]}{root_path}/" if names else address
    try:
        serving = announce(store.path, port=door_port.getsockname()[1], site=seen)
    except BaseException:
        taken.close()
        door_port.close()
        raise
    door = _Beside(make_door(store, token=serving.token), door_port)
    behind = bool(names or root_path)
    app = make_app(root, store, hosts=LOOPBACK | {shown.lower(), *names}, root_path=root_path)
    try:
        with _ended_by_sigterm():
            door.start()
            say(f"Serving on {address} (Ctrl-C ends it)")
            say("Sign-in links: review reviewer invite ID")
            if not _is_loopback(host):
                say(f"{host} can be reached from other machines, and nothing is encrypted: put a TLS proxy before it")
            _Server(_config(app, behind_a_proxy=behind), store.end_queries).run(sockets=[taken])
    except KeyboardInterrupt:
        say("Ended; what was decided is stored.")
    finally:
        withdraw(store.path, serving)
        door.stop()
        taken.close()
        ended = store.close()
    if not ended:
        _leave()


def _leave() -> None:
    """End the process though a query runs on that cannot be interrupted; the log beside the database is whole."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class _Server(uvicorn.Server):
    """A server that says when it begins to end: what may be stopped is not waited for."""

    def __init__(self, config: uvicorn.Config, at_end: Callable[[], None]) -> None:
        super().__init__(config)
        self._at_end = at_end

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more requests, and answer those that are under way."""
        self._at_end()
        await super().shutdown(sockets)


class _Beside:
    """A second server in a thread of its own."""

    def __init__(self, app: ASGIApp, taken: socket.socket) -> None:
        self._taken = taken
        self._server = uvicorn.Server(_config(app, lifespan="on"))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [taken]}, daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Answer what is being asked, and end."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=_PATIENCE)
        self._taken.close()


def _config(app: ASGIApp, *, lifespan: Literal["on", "off"] = "off", behind_a_proxy: bool = False) -> uvicorn.Config:
    # without a proxy, whatever X-Forwarded-* says was made up by another program of this machine
    # no access log: the address of a sign-in holds the token
    return uvicorn.Config(
        app,
        access_log=False,
        server_header=False,
        date_header=False,
        log_level="warning",
        lifespan=lifespan,
        ws="none",
        proxy_headers=behind_a_proxy,
        timeout_graceful_shutdown=_PATIENCE,
    )


@contextmanager
def _ended_by_sigterm() -> Iterator[None]:
    """SIGTERM ends it as Ctrl-C does: uvicorn sends itself the signal again, which would leave no time to tidy up."""

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
