"""One pool of threads for reading files, with as many threads as there are cores."""

from __future__ import annotations

import functools
import itertools
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cnncli.machine import usable_cores

Result = TypeVar("Result")


def in_threads(work: Callable[[range], Result], total: int) -> list[Result]:
    """Works through the numbers below `total` in the threads of the pool, a range of them at a time, in order.

    `work` must not call this function itself. Of several exceptions, the one for the lowest number is raised.
    """
    pieces = min(total, 4 * usable_cores())  # more than cores, because some pieces take longer
    edges = [total * piece // max(1, pieces) for piece in range(pieces + 1)]
    ranges = [range(start, end) for start, end in itertools.pairwise(edges)]
    if len(ranges) == 1:
        return [work(ranges[0])]
    futures = [_pool().submit(work, numbers) for numbers in ranges]
    try:
        return [future.result() for future in futures]
    finally:
        for future in futures:
            future.cancel()


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(usable_cores(), thread_name_prefix="read")


if hasattr(os, "register_at_fork"):  # a forked process has the pool but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
