"""The socket, the signals and the end of the server."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import signal
import socket
from collections.abc import Callable, Generator, Sequence

import uvicorn

from cnncli.errors import ResourceError
from cnncli.notices import Notice
from cnncli.serve.app import OPEN_TO_ALL, App
from cnncli.serve.batches import Batches
from cnncli.serve.bodies import Bodies
from cnncli.serve.connection import protocol
from cnncli.serve.door import Door
from cnncli.serve.limits import Limits
from cnncli.serve.metrics import Metrics
from cnncli.serve.served import ServedRun
from cnncli.wording import counted

LOOK_SECONDS = 2.0
"""Time from one look at the files of the runs to the next."""

REPEAT_SECONDS = 0.5
"""A second signal within this time is the first one again: `timeout` signals the process and its group."""

_BACKLOG = 1024


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound and does not listen yet, so that nobody connects before there is an answer.

    Raises:
        ResourceError: The address is not one of this machine, or the port is in use or not allowed.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise ResourceError(f"there is no address '{host}'", "--host 127.0.0.1 serves this machine alone") from None
    family, kind, number, _, address = found[0]
    bound = socket.socket(family, kind, number)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        where = f"{host}, port {port}"
        if error.errno == errno.EADDRINUSE:
            raise ResourceError(f"{where} is in use by another program", "choose another one with --port") from None
        if error.errno == errno.EACCES:
            raise ResourceError(f"{where} is for the administrator", "choose one from 1024 on with --port") from None
        hint = "--host 127.0.0.1 serves this machine alone, --host 0.0.0.0 all addresses of it"
        raise ResourceError(f"cannot serve at {where}: {error.strerror}", hint) from None
    return bound


def is_loopback(bound: socket.socket) -> bool:
    """Whether only programs on this machine reach a socket."""
    return ipaddress.ip_address(bound.getsockname()[0]).is_loopback


def url_of(bound: socket.socket) -> str:
    """The address of a socket, as a browser takes it."""
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def run(
    runs: Sequence[ServedRun],
    bound: socket.socket,
    token: str,
    notice: Notice,
    started: Callable[[str], None],
    limits: Limits = Limits(),  # noqa: B008 – frozen
) -> int:
    """Serves until SIGINT or SIGTERM, then answers what was accepted.

    Args:
        runs: Opened runs with different names.
        bound: Where.
        token: What requests must carry; empty for none.
        notice: Receives lines about what happens.
        started: Receives the address as soon as requests are answered.
        limits: How much of everything.

    Returns:
        0 when every accepted request was answered; else 130 or 143, by the signal.
    """
    for name in ("uvicorn", "asyncio"):  # they would write who sent what; what matters is told by `notice`
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return asyncio.run(_run(runs, bound, token, notice, started, limits))


async def _run(
    runs: Sequence[ServedRun],
    bound: socket.socket,
    token: str,
    notice: Notice,
    started: Callable[[str], None],
    limits: Limits,
) -> int:
    metrics = Metrics()
    _show_engines(runs, metrics)
    batches, bodies = Batches(limits, metrics), Bodies(limits)
    app = App({one.name: one for one in runs}, batches, bodies, limits, metrics, bool(token))
    door = Door(app.asgi, token, OPEN_TO_ALL, limits, metrics, notice)
    server = _Server(door, app, bodies, limits, notice)
    watching = asyncio.create_task(_watch(runs, metrics))
    server.announce = lambda: started(url_of(bound))
    try:
        await server.serve([bound])
    finally:
        watching.cancel()
        batches.close()
    return 128 + server.signal if server.unanswered else 0


async def _watch(runs: Sequence[ServedRun], metrics: Metrics) -> None:
    """Looks now and then whether runs have changed."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for one in runs:
            if result := await asyncio.to_thread(one.refresh):
                metrics.reloads.labels(one.name, result).inc()
                _show_engines(runs, metrics)


def _show_engines(runs: Sequence[ServedRun], metrics: Metrics) -> None:
    metrics.show_engines({one.name: one.model.engine.uses for one in runs})


class _Server(uvicorn.Server):
    """uvicorn's, which stops so that nobody who was let in goes without an answer."""

    def __init__(self, door: Door, app: App, bodies: Bodies, limits: Limits, notice: Notice) -> None:
        config = uvicorn.Config(
            door,
            http=protocol(limits),
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=limits.idle_seconds,
            timeout_graceful_shutdown=limits.stop_seconds,
        )
        super().__init__(config)
        self._door, self._app, self._bodies, self._limits, self._notice = door, app, bodies, limits, notice
        self.announce: Callable[[], None]
        self.signal, self.unanswered = 0, 0

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.announce()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop, number)
        yield

    def _stop(self, number: int) -> None:
        now = asyncio.get_running_loop().time()
        if not self.signal:
            self.signal, self._signalled = number, now
            self.should_exit = True
            open_requests = len(self.server_state.tasks)
            self._notice(f"stopping after {counted(open_requests, 'open request')}; press Ctrl-C again to stop at once")
        elif now - self._signalled > REPEAT_SECONDS:
            self.force_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Answers whoever has connected by now, and closes.

        A client may have connected without being accepted, or be sending its next request on a connection that is
        open: both would find it closed. So they get a moment.
        """
        self._door.closing = self._app.closing = True
        self._bodies.hurry()
        remaining = [one.dup() for one in sockets or ()]
        for server in self.servers:
            server.close()
        for one in remaining:
            await self._accept_rest(one)
        await asyncio.sleep(self._limits.linger_seconds)
        await super().shutdown(sockets)
        self.unanswered = len(self.server_state.tasks)
        if self.unanswered:
            self._notice(f"{counted(self.unanswered, 'request')} got no answer")

    async def _accept_rest(self, listening: socket.socket) -> None:
        """Accepts the connections that wait, and no more."""
        loop = asyncio.get_running_loop()
        accepted = []
        with listening, contextlib.suppress(OSError):
            while True:
                accepted.append(listening.accept()[0])
        for one in accepted:
            one.setblocking(False)
            await loop.connect_accepted_socket(self._connection, one)

    def _connection(self) -> asyncio.Protocol:
        made: asyncio.Protocol = self.config.http_protocol_class(  # type: ignore[call-arg]
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made
