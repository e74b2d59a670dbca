"""One connection: uvicorn's, with an end to whatever takes too long.

uvicorn waits for ever for the headers of a request, and for clients that do not receive an answer.
"""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from cnncli.serve.limits import Limits

if TYPE_CHECKING:
    from uvicorn.config import Config


def protocol(limits: Limits) -> type[H11Protocol]:
    """The class of connections with these limits."""
    return type("Connection", (_Connection,), {"limits": limits})


class _Connection(H11Protocol):
    limits: Limits

    def __init__(self, config: Config, *arguments: Any, **more: Any) -> None:
        super().__init__(config, *arguments, **more)
        self._end: asyncio.TimerHandle | None = None
        self._is_begun = False  # whether a part of the next request has arrived

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Joined(transport, self.loop))  # type: ignore[arg-type]
        self._is_too_many = len(self.connections) > self.limits.connections
        self._end = self.loop.call_later(self.limits.head_seconds, self._end_waiting)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._is_too_many:  # told now, when it is listened to
            self._answer(503, "Service Unavailable", "too many connections are open; try again in a second")
            return
        before, self._is_begun = self.cycle, True
        super().data_received(data)
        if self.cycle is not before:
            self._forget_end()
        elif self._end is None and (self.cycle is None or self.cycle.response_complete):
            self._end = self.loop.call_later(self.limits.head_seconds, self._end_waiting)

    def connection_lost(self, error: Exception | None) -> None:
        self._forget_end()
        super().connection_lost(error)

    def timeout_keep_alive_handler(self) -> None:
        """Closes a connection that nobody uses, also if its last answer is not being received."""
        super().timeout_keep_alive_handler()
        self.loop.call_later(self.limits.head_seconds, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Answers what is not HTTP."""
        self._answer(400, "Bad Request", "this is not a request of HTTP/1.1")

    def _end_waiting(self) -> None:
        if self._is_begun and not self.transport.is_closing():
            self._answer(408, "Request Timeout", "the request took too long to arrive")
        self.transport.close()
        self.loop.call_later(self.limits.head_seconds, self.transport.abort)

    def _answer(self, status: int, phrase: str, sentence: str) -> None:
        """Answers before there is a request, and closes."""
        body = json.dumps({"error": sentence}).encode()
        head = (
            f"HTTP/1.1 {status} {phrase}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
            "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _forget_end(self) -> None:
        self._is_begun = False
        if self._end is not None:
            self._end.cancel()
            self._end = None


class _Joined:
    """A transport that sends the parts of an answer, which uvicorn writes one by one, together.

    Each time that something is sent, the thread of the server may wait for its turn behind those that compute.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport, self._loop, self._parts = transport, loop, list[bytes]()

    def write(self, data: bytes) -> None:
        """Sends data as soon as the server has nothing else to do."""
        if not self._parts:
            self._loop.call_soon(self._flush)
        self._parts.append(data)

    def close(self) -> None:
        """Closes it after what was written."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        parts, self._parts = self._parts, []
        if parts and not self._transport.is_closing():
            self._transport.write(b"".join(parts))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
