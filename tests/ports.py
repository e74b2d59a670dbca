"""Ports that nobody uses at the moment, and the processes of a training as threads."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable
from typing import Any

from cnncli.workers.addresses import Workers


def free_addresses(count: int) -> tuple[str, ...]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return tuple(f"localhost:{each.getsockname()[1]}" for each in sockets)


def each_rank(part: Callable[[Workers], Any], count: int = 2, wait: float = 30.0) -> list[Any]:
    """What the part of each rank returns or raises, all at the same time."""
    addresses, answers = free_addresses(count), [None] * count

    def run(rank: int) -> None:
        try:
            answers[rank] = part(Workers(addresses, rank, wait))
        except Exception as error:
            answers[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers
