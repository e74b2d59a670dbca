"""One pool of threads for reading files, with as many threads as there are cores."""

from __future__ import annotations

import functools
import itertools
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cnncli.machine import usable_cores

Result = TypeVar("Result")

_TRIAL = 16
"""How many numbers are worked through to see how long they take."""

QUICK = 0.00015
"""Seconds of computing for one number, below which threads cost more than they gain.

Decoding lets go of Python's lock, but for so short a time with small images that threads mostly wait for each other.
On two cores a JPEG of 32×32 took 0.14 ms in two threads and 0.10 ms in one, one of 200×300 0.19 and 0.25 ms.
"""

QUICK_TO_INSPECT = 0.0004
"""The same for the doctor, which computes more in Python: 0.40 ms for 32×32 pixels in two threads and 0.20 in one."""

_WAITING = 10
"""How many times as long as computing numbers may take: a network takes more, a busy machine does not."""


def in_threads(work: Callable[[range], Result], total: int, quick: float = QUICK) -> list[Result]:
    """Works through the numbers below `total`, a range of them at a time, in order: in the threads of the pool.

    Where the first numbers take very little computing, and do not wait for a disk or network, this thread does it all.
    `work` must not call this function itself. Of several exceptions, the one for the lowest number is raised.
    """
    pieces = 4 * usable_cores()  # more than cores, because some pieces take longer
    trial = min(total, max(1, min(total // pieces, _TRIAL)))
    edges = [0, *(trial + (total - trial) * piece // pieces for piece in range(pieces + 1))]
    ranges = [range(start, end) for start, end in itertools.pairwise(edges) if start < end]
    if not ranges:
        return []
    began, computed = time.perf_counter(), time.thread_time()
    first = work(ranges[0])
    if is_quick(time.perf_counter() - began, time.thread_time() - computed, trial, quick):
        return [first, *map(work, ranges[1:])]
    futures = [_pool().submit(work, numbers) for numbers in ranges[1:]]
    try:
        return [first, *(future.result() for future in futures)]
    finally:
        for future in futures:
            future.cancel()


def each_in_threads(work: Callable[[int], Result], total: int, quick: float = QUICK) -> list[Result]:
    """The result for each number below `total`, in order; see `in_threads`."""
    return [result for part in in_threads(lambda numbers: [*map(work, numbers)], total, quick) for result in part]


def is_quick(seconds: float, computing: float, numbers: int, quick: float = QUICK) -> bool:
    """Whether work is done sooner by one thread, by the seconds that some numbers took and those spent computing."""
    return computing < quick * numbers and seconds < _WAITING * computing


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(usable_cores(), thread_name_prefix="read")


if hasattr(os, "register_at_fork"):  # a forked process has the pool but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
