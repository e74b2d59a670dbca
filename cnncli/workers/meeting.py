"""How the processes of a training find each other, before TensorFlow is started: it would wait without a word.

The process of rank 0 listens on its port until all others have come, and compares what they say of themselves. The
connections stay when TensorFlow takes the ports.
"""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.errors import CnncliError, ResourceError, WorkerLost
from cnncli.notices import Notice
from cnncli.wording import duration_text
from cnncli.workers.addresses import Workers
from cnncli.workers.agreement import Difference, difference
from cnncli.workers.channel import SILENCE, Connection, call
from cnncli.workers.group import PATIENCE, Group
from cnncli.workers.links import linked, reached

_SIGN = "cnncli training 1"
"""What a process says first."""

_REPLY = 15.0
"""Seconds that a process may take to say that."""

_LAST_CALLS = 3.0
"""Seconds in which a process that cannot begin still tells those that wait for it, or that begin at the same time."""

_STRANGERS = 3
"""Times that something else answers at the address of rank 0 before it is believed."""

_RETRY = 0.5
"""Seconds between two attempts to reach rank 0."""


def meet(workers: Workers, facts: Mapping[str, Any], notice: Notice) -> Group:
    """Waits for the other processes, and makes sure that all have the same to do.

    Args:
        workers: All processes, and which this is.
        facts: What must be the same, as `facts_of` gives it.
        notice: Receives a line on who is missing.

    Raises:
        SpecError: A process has another spec.
        ResourceError: It has other versions, its port is taken, or it did not come in time.
        WorkerLost: It has ended again.
    """
    with contextlib.ExitStack() as stack:
        try:
            listener = stack.enter_context(_listening(workers.place(workers.rank)[1]))
            taken = ""
        except OSError as error:
            reason = "it is used by another program" if error.errno == errno.EADDRINUSE else error.strerror or error
            taken = f"{workers.name(workers.rank)} cannot listen on its port: {reason}"
        if workers.is_chief and taken:
            raise ResourceError(taken, "choose another port, or end the program that uses it")
        connections: dict[int, Connection] = {}
        try:
            if workers.is_chief:
                _receive_all(workers, facts, notice, listener, connections)
            else:
                connections[0] = _join(workers, facts, notice, taken)
            links = linked(workers, listener)
        except BaseException as error:
            reason = "" if isinstance(error, KeyboardInterrupt) else getattr(error, "message", str(error))
            for connection in connections.values():
                with contextlib.suppress(OSError):
                    connection.send("end", code=WorkerLost.exit_code, reason=reason)
                connection.close()
            raise
        stack.pop_all()
        return Group(workers, connections, links, notice)


@contextlib.contextmanager
def telling_others(workers: Workers | None) -> Iterator[None]:
    """Inside, before the processes meet, an error of this one also ends those that wait for it."""
    try:
        yield
    except CnncliError as error:
        if workers is not None:
            with contextlib.suppress(OSError, EOFError, ValueError):
                (_tell_callers if workers.is_chief else _tell_chief)(workers, error.message)
        raise


def _tell_callers(workers: Workers, reason: str) -> None:
    """As rank 0: says to all who call in the next seconds that it has ended."""
    until, told = time.monotonic() + _LAST_CALLS, 0
    with _listening(workers.place(0)[1]) as listener:
        while told < len(workers.addresses) - 1 and (left := until - time.monotonic()) > 0:
            listener.settimeout(left)
            connection = Connection(listener.accept()[0], left)
            with contextlib.suppress(OSError, EOFError, ValueError):
                connection.receive()
                connection.send("welcome", sign=_SIGN)
                connection.send("end", code=WorkerLost.exit_code, reason=reason)
                told += 1
            connection.close()


def _tell_chief(workers: Workers, reason: str) -> None:
    """As another: says to rank 0, if that is there in the next seconds, that this process has ended."""
    until = time.monotonic() + _LAST_CALLS
    while True:
        try:
            connection = Connection(call(workers.place(0), _RETRY), _REPLY)
            break
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(_RETRY / 5)
    _greet(connection, workers, {}, f"{workers.name(workers.rank)} has ended: {reason}")
    connection.close()


def _greet(connection: Connection, workers: Workers, facts: Mapping[str, Any], trouble: str) -> None:
    """Says who this is, and what is wrong with it, and waits until rank 0 has understood."""
    own: dict[str, Any] = {"rank": workers.rank, "workers": workers.addresses, "facts": facts, "trouble": trouble}
    connection.send("hello", sign=_SIGN, **own)
    if connection.receive().get("sign") != _SIGN:
        raise ValueError("another program")


def _listening(port: int) -> socket.socket:
    """A socket on all interfaces, as TensorFlow's: what is free for it is free for TensorFlow."""
    if socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server(("", port))


def _receive_all(
    workers: Workers,
    facts: Mapping[str, Any],
    notice: Notice,
    listener: socket.socket,
    connections: dict[int, Connection],
) -> None:
    """As rank 0: takes in all others and compares what they say."""
    began, told, said = time.monotonic(), 0.0, {0: facts}
    listener.settimeout(1.0)
    while missing := [rank for rank in range(1, len(workers.addresses)) if rank not in connections]:
        names = " and ".join(workers.name(rank) for rank in missing[:3])
        names += f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        waited = time.monotonic() - began
        if waited > workers.wait:
            message = f"{names} did not come within {duration_text(workers.wait)}"
            raise ResourceError(message, "start every rank again; --wait 10m waits longer")
        if waited > PATIENCE and not told:
            told = waited
            notice(f"waiting for {names}")
        for rank, connection in connections.items():
            try:
                connection.send("beat", waiting=names)
            except OSError:
                raise WorkerLost(f"{workers.name(rank)} has gone", "start every rank again") from None
        with contextlib.suppress(TimeoutError):
            _welcome(listener.accept()[0], workers, said, connections)
    found = difference([said[rank] for rank in range(len(workers.addresses))], workers)
    if found is None:
        _require_reachable(workers)
    for connection in connections.values():
        connection.send("verdict", difference=None if found is None else found.plain())
    if found is not None:
        raise found.error()


def _require_reachable(workers: Workers) -> None:
    """As rank 0: makes sure that each process listens where TensorFlow will look for it, and wait for ever.

    Raises:
        ResourceError: Nobody listens there.
    """
    for rank in range(1, len(workers.addresses)):
        reached(workers, rank).close()


def _welcome(
    other: socket.socket, workers: Workers, said: dict[int, Mapping[str, Any]], connections: dict[int, Connection]
) -> None:
    """Takes in whoever has called; whatever is no process of a training is sent away.

    Raises:
        ResourceError: It cannot take part.
    """
    connection = Connection(other, _REPLY)
    try:
        hello = connection.receive()
        if hello.get("sign") != _SIGN:
            raise ValueError("another program")
        rank, addresses = int(hello["rank"]), hello["workers"]
        connection.send("welcome", sign=_SIGN)
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return connection.close()
    connection.wait_at_most(SILENCE)
    if addresses != list(workers.addresses):
        wrong = f"rank {rank} was started with --workers {','.join(addresses)}, and rank 0 with other addresses"
    elif rank in connections or not 0 < rank < len(addresses):
        wrong = f"two processes were started as {workers.name(rank)}"
    else:
        wrong = hello["trouble"]
    if wrong:
        connection.send("end", code=ResourceError.exit_code, reason=wrong)
        connection.close()
        raise ResourceError(wrong, "start every rank again")
    connections[rank] = connection
    said[rank] = hello["facts"]
    return None


def _join(workers: Workers, facts: Mapping[str, Any], notice: Notice, taken: str) -> Connection:
    """As another: calls rank 0, and waits until it has compared what all say."""
    began, told, strangers = time.monotonic(), False, 0
    while True:
        waited = time.monotonic() - began
        if waited > PATIENCE and not told:
            told = True
            notice(f"waiting for {workers.name(0)}")
        if waited > workers.wait:
            message = f"{workers.name(0)} did not come within {duration_text(workers.wait)}"
            raise ResourceError(message, "start every rank again; --wait 10m waits longer")
        try:
            called = call(workers.place(0), 5.0)
        except OSError:
            time.sleep(_RETRY)
            continue
        connection = Connection(called, _REPLY)
        try:
            _greet(connection, workers, facts, taken)
            break
        except (OSError, EOFError, ValueError):
            connection.close()
            strangers += 1
        if strangers == _STRANGERS:
            raise ResourceError(
                f"{workers.name(0)} does not wait for others: its port is used by another program, or by a training "
                "that has begun",
                "choose another port, or wait until that has ended",
            )
        time.sleep(2.0)
    connection.wait_at_most(SILENCE)
    _await_verdict(connection, workers, notice, began)
    return connection


def _await_verdict(connection: Connection, workers: Workers, notice: Notice, began: float) -> None:
    shown = ""
    while True:
        try:
            message = connection.receive()
        except (OSError, EOFError, ValueError):
            raise WorkerLost(f"{workers.name(0)} has gone", "start every rank again") from None
        if message["kind"] == "end":
            reason = f": {message['reason']}" if message["reason"] else ""
            raise WorkerLost(f"{workers.name(0)} has ended{reason}", "start every rank again")
        if message["kind"] == "verdict":
            if found := message["difference"]:
                raise Difference(**{**found, "path": tuple(found["path"])}).error()
            return
        waiting = message.get("waiting", "")
        if waiting != shown and time.monotonic() - began > PATIENCE and workers.name(workers.rank) not in waiting:
            shown = waiting
            notice(f"waiting for {waiting}")
