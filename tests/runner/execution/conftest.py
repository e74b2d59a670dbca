"""Addresses for processes that train together."""

from __future__ import annotations

import contextlib
import socket

import pytest


@pytest.fixture
def free_addresses() -> str:
    """Two of this machine, with ports that nobody uses at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(2)]
        for each in sockets:
            each.bind(("localhost", 0))
        return ",".join(f"localhost:{each.getsockname()[1]}" for each in sockets)
