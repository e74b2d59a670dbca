"""Messages between two processes: a line of JSON each, with the bytes of a file after some of them."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import socket
import threading
from typing import Any

SILENCE = 45.0
"""Seconds after which a process that says nothing is given up; each says every second that it is there."""

_LONGEST = 1 << 26  # bytes of a line: room for the spec and the figures of any training
_LARGEST = 1 << 40  # bytes of a file


def call(place: tuple[str, int], seconds: float) -> socket.socket:
    """A connection to the process that listens at a host and port.

    A system may connect a caller with itself where nobody listens: it has chosen that port for its own end.

    Raises:
        OSError: Nobody listens there.
    """
    called = socket.create_connection(place, timeout=seconds)
    if called.getsockname() == called.getpeername():
        called.close()
        raise ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED))
    return called


class Message(dict[str, Any]):
    """Values by name, of which `kind` is one, and the bytes that came with them."""

    body: bytes = b""


class Connection:
    """One end of a connection; messages may be sent from several threads, and are received in one.

    `OSError`, `EOFError` or `ValueError` say that the other end has gone, or is no process of a training.
    """

    def __init__(self, socket_: socket.socket, silence: float = SILENCE) -> None:
        socket_.settimeout(silence)
        socket_.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket, self._file, self._lock = socket_, socket_.makefile("rb"), threading.Lock()

    def send(self, kind: str, body: bytes = b"", **values: Any) -> None:
        """Sends a message."""
        line = json.dumps({"kind": kind, **values, **({"bytes": len(body)} if body else {})}).encode() + b"\n"
        with self._lock:
            self._socket.sendall(line + body)

    def receive(self) -> Message:
        """Waits for the next message."""
        line = self._file.readline(_LONGEST)
        if not line:
            raise EOFError("the connection was closed")
        message = Message(json.loads(line))
        if size := message.get("bytes"):
            if not 0 < size < _LARGEST:
                raise ValueError("a file of this size cannot be")
            message.body = self._file.read(size)
            if len(message.body) < size:
                raise EOFError("the connection was closed")
        return message

    def wait_at_most(self, seconds: float) -> None:
        """Has `send` and `receive` give up after some seconds."""
        self._socket.settimeout(seconds)

    def close(self) -> None:
        """Closes this end; what was sent still arrives."""
        for close in (lambda: self._socket.shutdown(socket.SHUT_RDWR), self._file.close, self._socket.close):
            with contextlib.suppress(OSError, ValueError):
                close()
