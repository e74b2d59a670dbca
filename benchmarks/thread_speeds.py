"""How much threads do at the same time, for benchmarks that compare numbers of threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


def per_second(count: int, seconds: float, work: Callable[[int, int], int]) -> float:
    """What so many threads make in a second, all of them together.

    Args:
        count: Number of threads.
        seconds: For which each of them works.
        work: Called with the number of a thread and how much it has made so far; returns how much it makes more.
    """
    speeds, together = [0.0] * count, threading.Barrier(count)

    def run(thread: int) -> None:
        together.wait()
        done, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            done += work(thread, done)
        speeds[thread] = done / (time.perf_counter() - began)

    running = [threading.Thread(target=run, args=(thread,)) for thread in range(count)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return sum(speeds)
