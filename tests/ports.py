"""Ports that nobody uses, and the processes of a training as threads."""

from __future__ import annotations

import itertools
import os
import socket
import threading
from collections.abc import Callable
from typing import Any

from cnncli.workers.addresses import Workers

# Below those that a system gives to whoever asks for any, as other tests do at the same time; each process has its own.
_ports = itertools.cycle(range(first := 20_000 + os.getpid() % 120 * 100, first + 100))


def free_port() -> int:
    while True:
        port = next(_ports)
        try:
            with socket.socket() as one:
                one.bind(("", port))
        except OSError:
            continue
        return port


def free_addresses(count: int) -> tuple[str, ...]:
    return tuple(f"localhost:{free_port()}" for _ in range(count))


def each_rank(part: Callable[[Workers], Any], count: int = 2, wait: float = 300.0) -> list[Any]:
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
