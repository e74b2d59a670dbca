"""Receives the bodies of requests: so many bytes of one, so many of all, and for so long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from starlette.requests import Request

from cnncli.serve.limits import MIB, Limits
from cnncli.serve.refusals import BUSY, Refused


class Bodies:
    """The bodies that are held in memory; nothing of them is written to a disk."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._held = limits, 0
        self._timeouts: set[asyncio.Timeout] = set()

    @contextlib.asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[bytes]:
        """Inside, the body of a request is held.

        Raises:
            Refused: It is too large, compressed, or takes too long, or there is no room for it now.
        """
        if request.headers.get("content-encoding", "identity") != "identity":
            raise Refused(415, "a compressed body is not read; send the image as it is")
        length = request.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self._limits.body:
            raise self._too_large()
        parts: list[bytes] = []
        size = 0
        try:
            try:
                async with asyncio.timeout(self._limits.body_seconds) as timeout:
                    self._timeouts.add(timeout)
                    async for part in request.stream():
                        self._hold(len(part))
                        size += len(part)
                        parts.append(part)
                        if size > self._limits.body:
                            raise self._too_large()
            except TimeoutError:
                raise Refused(408, "the request took too long to arrive", {"Connection": "close"}) from None
            finally:
                self._timeouts.discard(timeout)
            body = b"".join(parts)
            parts.clear()
            yield body
        finally:
            self._held -= size

    def hurry(self) -> None:
        """Gives those that are being received less time: the server stops."""
        end = asyncio.get_running_loop().time() + self._limits.stop_body_seconds
        for timeout in self._timeouts:
            timeout.reschedule(min(end, timeout.when() or end))

    def _hold(self, size: int) -> None:
        if self._held + size > self._limits.bodies:
            raise Refused(429, "too many requests are being received; try again in a second", BUSY)
        self._held += size

    def _too_large(self) -> Refused:
        return Refused(413, f"a request may have {self._limits.body // MIB} MiB")
