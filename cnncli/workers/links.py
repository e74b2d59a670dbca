"""Vectors that pass between the processes of a training within its steps, over a connection between every two of them.

TensorFlow's gather takes 0.2 ms of a processor for a vector however short; this takes a quarter of that.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping

from cnncli.errors import ResourceError
from cnncli.workers.addresses import Workers
from cnncli.workers.channel import call

LONGEST = 1 << 16
"""Bytes that a process gives at a time. The system takes in twice as many, so none waits until another receives."""

_SIGN = b"cnncli vectors 1"
"""What a process says first, before its rank."""

_REPLY = 15.0
"""Seconds in which processes that have met call each other."""

_NUMBER = 4  # bytes of a number

_OPEN_PORTS = "start each rank on the machine that its address names, and open its port to the others"


class Links:
    """The connections of a process to all others; they are used by one thread at a time.

    Args:
        sockets: By rank, one to each other process.
        listener: On the port of this process, open until TensorFlow listens there.

    Attributes:
        failure: Why nothing can be exchanged any more; empty before that.
        free_port: To be called before TensorFlow listens on the port of this process.
    """

    def __init__(self, sockets: Mapping[int, socket.socket], listener: socket.socket) -> None:
        self.failure, self.free_port = "", listener.close
        self._sockets = dict(sockets)
        for each in self._sockets.values():
            each.settimeout(None)  # `Group` notices who is silent, and closes
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4 * LONGEST)

    def exchange(self, number: int, own: bytes) -> list[bytes]:
        """What all processes give, by rank; this one waits until the last has given its own.

        Args:
            number: What is exchanged: the same in all processes at the same time.
            own: At most `LONGEST` bytes, in all processes as many.

        Raises:
            ConnectionError: A process has gone, or exchanges something else.
        """
        message = number.to_bytes(_NUMBER, "little") + own
        try:
            for each in self._sockets.values():
                each.sendall(message)
            others = {rank: _received(each, len(message)) for rank, each in self._sockets.items()}
        except OSError as error:
            self.failure = self.failure or str(error)
            raise ConnectionError(self.failure) from error
        if any(other[:_NUMBER] != message[:_NUMBER] for other in others.values()):
            self.failure = "the ranks are at different places of the same step"
            raise ConnectionError(self.failure)
        return [others.get(rank, message)[_NUMBER:] for rank in range(len(others) + 1)]

    def close(self) -> None:
        """Ends the connections, also of a process that waits in `exchange`."""
        self.free_port()
        for each in self._sockets.values():
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def linked(workers: Workers, listener: socket.socket) -> Links:
    """Connects a process with all others: it calls those of lower ranks, and those of higher ranks call it.

    Args:
        workers: All processes, which have met.
        listener: On the port of this one.

    Raises:
        ResourceError: Two of them cannot reach each other.
    """
    sockets = {rank: reached(workers, rank) for rank in range(workers.rank)}
    for each in sockets.values():
        each.sendall(_SIGN + workers.rank.to_bytes(_NUMBER, "little"))
    listener.settimeout(_REPLY)
    while missing := [rank for rank in range(workers.rank + 1, len(workers.addresses)) if rank not in sockets]:
        try:
            called, _ = listener.accept()
        except TimeoutError:
            message = f"{workers.name(missing[0])} has not reached {workers.name(workers.rank)}"
            raise ResourceError(message, _OPEN_PORTS) from None
        rank = _caller(called)
        if rank in missing:
            sockets[rank] = called
        else:
            called.close()
    return Links(sockets, listener)


def reached(workers: Workers, rank: int) -> socket.socket:
    """A connection to a process that listens on its port.

    Raises:
        ResourceError: Nobody listens there.
    """
    try:
        return call(workers.place(rank), _REPLY)
    except OSError as error:
        message = f"{workers.name(workers.rank)} cannot reach {workers.name(rank)}: {error.strerror or error}"
        raise ResourceError(message, _OPEN_PORTS) from None


def _caller(called: socket.socket) -> int:
    """The rank of a process that calls; -1 for another program, which says something else or nothing."""
    called.settimeout(_REPLY)
    try:
        greeting = _received(called, len(_SIGN) + _NUMBER)
    except OSError:
        return -1
    return int.from_bytes(greeting[len(_SIGN) :], "little") if greeting.startswith(_SIGN) else -1


def _received(other: socket.socket, size: int) -> bytes:
    """As many bytes as another process has sent.

    Raises:
        OSError: It sent fewer.
    """
    data = bytearray(size)
    rest = memoryview(data)
    while rest:
        count = other.recv_into(rest)
        if not count:
            raise ConnectionError("the connection was closed")
        rest = rest[count:]
    return bytes(data)
