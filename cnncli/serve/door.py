"""Who may enter, and what every answer carries."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import time
import traceback
from collections.abc import Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cnncli.serve.limits import Limits
from cnncli.serve.metrics import Metrics
from cnncli.serve.refusals import Refused

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' blob:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = (
    (b"content-security-policy", _POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"cache-control", b"no-store"),
)
"""Headers of every answer: the page loads nothing from elsewhere, and is shown inside no other page."""

_DRAIN = 64 << 20
"""Bytes of a refused request that are still received, so that its sender gets to read why."""


class Door:
    """Lets requests in, counts them, and sees that each gets an answer.

    Without a token only this machine is served, so the request must name it: a page from elsewhere, whose name was made
    to lead here, does not. With one, everything but the page and the probes needs it. Images that a browser sends for a
    page of another site are refused in both cases.

    Args:
        app: What answers.
        token: What requests must carry; empty for none.
        open_to_all: Paths that need no token.
        limits: Time to receive the rest of what is refused.
        metrics: Where requests are counted.
        report: Receives a line about a request that failed by a fault of the server.
    """

    def __init__(
        self,
        app: ASGIApp,
        token: str,
        open_to_all: frozenset[str],
        limits: Limits,
        metrics: Metrics,
        report: Callable[[str], None],
    ) -> None:
        self._app, self._token, self._open_to_all = app, token.encode(), open_to_all
        self._metrics, self._report = metrics, report
        self.drain_seconds = limits.head_seconds
        self.closing = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        passage = _Passage(scope, receive, send, self)
        began = time.perf_counter()
        self._metrics.open.inc()
        try:
            refusal = self._refusal(Headers(scope=scope), scope["method"], scope["path"])
            await (refusal.response() if refusal else self._app)(scope, passage.receive, passage.send)
        except Exception as error:
            self._report(f"error: a request failed: {_place(error)}")
            if not passage.status:
                sorry = Refused(500, "the server made a mistake; it is reported on its terminal")
                await sorry.response()(scope, passage.receive, passage.send)
        finally:
            endpoint = getattr(scope.get("endpoint"), "__name__", "none")
            self._metrics.open.dec()
            self._metrics.requests.labels(endpoint, passage.status or "none").inc()
            self._metrics.seconds.labels(endpoint).observe(time.perf_counter() - began)

    def _refusal(self, headers: Headers, method: str, path: str) -> Refused | None:
        if not self._token and not _names_this_machine(headers.get("host", "")):
            return Refused(421, "this server answers to localhost and 127.0.0.1 only")
        if method not in ("GET", "HEAD") and _is_cross_site(headers):
            return Refused(403, "requests from pages of other sites are refused")
        if self._token and path not in self._open_to_all:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            if scheme.lower() != "bearer" or not secrets.compare_digest(given.strip().encode(), self._token):
                wanted = "send the header Authorization: Bearer TOKEN"
                return Refused(401, f"the token is missing or wrong; {wanted}", {"WWW-Authenticate": "Bearer"})
        return None


class _Passage:
    """One request and its answer, on their way through the door."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, door: Door) -> None:
        self._receive, self._send, self._door = receive, send, door
        headers = Headers(scope=scope)
        has_body = "transfer-encoding" in headers or headers.get("content-length", "0") != "0"
        self._rest = has_body and "expect" not in headers  # of the request, to be received before the answer
        self._size = 0
        self.status = 0

    async def receive(self) -> Message:
        """Passes on a part of the request."""
        message = await self._receive()
        self._size += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body"):
            self._rest = False
        return message

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Passes on a part of the answer."""
        if message["type"] == "http.response.start":
            await self._drain()
            self.status = message["status"]
            closing = [(b"connection", b"close")] * self._door.closing
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS, *closing]}
        await self._send(message)

    async def _drain(self) -> None:
        """Receives what is left: a client that still sends would take a closed connection for the only answer."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._door.drain_seconds):
                while self._rest and self._size < _DRAIN:
                    await self.receive()


def _names_this_machine(host: str) -> bool:
    """Whether the header Host names the loopback interface, with or without a port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_cross_site(headers: Headers) -> bool:
    """Whether a browser sends this for a page of another site: browsers say so, and older ones name the page."""
    if "sec-fetch-site" in headers:
        return headers["sec-fetch-site"] not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _place(error: BaseException) -> str:
    """The kind of an error and where it was raised; not what it says, which may be of the request."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {last.filename}:{last.lineno}"
