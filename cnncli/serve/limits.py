"""How much of everything the server takes at a time. Each limit bounds memory, or the time that others wait."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Limits:
    """What is refused above these is refused with a sentence.

    Args:
        body: Bytes of one request.
        bodies: Bytes of all requests that are being read or answered.
        images: Images of one request.
        queue: Images that wait, of all requests.
        heat_maps: Heat maps that are made at a time: each is an image fifty times.
        connections: Open connections.
        head_seconds: Time for the first line and the headers of a request.
        body_seconds: Time for the rest of it.
        idle_seconds: Time until a connection without a request is closed.
        batch: Images that a network gets at a time.
        batch_seconds: Time that an image waits for others that are being decoded.
        linger_seconds: How long connections that are open still get answers after the server was told to stop.
        stop_body_seconds: Time for the rest of requests that are being received then.
        stop_seconds: Time for all answers then.
    """

    body: int = 32 * MIB
    bodies: int = 256 * MIB
    images: int = 64
    queue: int = 512
    heat_maps: int = 4
    connections: int = 800
    head_seconds: float = 10
    body_seconds: float = 30
    idle_seconds: int = 5
    batch: int = 32
    batch_seconds: float = 0.002
    linger_seconds: float = 0.5
    stop_body_seconds: float = 5
    stop_seconds: int = 30
