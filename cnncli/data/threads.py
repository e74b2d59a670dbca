"""One pool of threads for reading files, with as many threads as there are cores."""

from __future__ import annotations

import contextlib
import functools
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from cnncli.machine import usable_cores

Result = TypeVar("Result")

_TRIAL = 16
"""How many numbers are worked through to see how long they take."""

QUICK = 0.00007
"""Seconds of computing for one number, below which threads cost more than they gain.

Decoding lets go of Python's lock, but for so short a time with small images that threads mostly wait for each other.
On two cores a JPEG of 64×64 took 0.054 ms in two threads and 0.059 ms in one, with a third less computing; one of 96×96
0.052 and 0.075 ms.
"""

QUICK_TO_INSPECT = 0.0004
"""The same for the doctor, which computes more in Python: 0.32 ms for a JPEG of 200×300 in two threads and in one."""

_WAITING = 10
"""How many times as long as computing numbers may take: a network takes more, a busy machine does not."""


def in_threads(work: Callable[[range], Result], total: int, quick: float = QUICK) -> list[Result]:
    """Works through the numbers below `total`, a range of them at a time, in order: in the threads of the pool.

    This thread takes part, and alone does it all where the first numbers take very little computing and do not wait for
    a disk or network, or where as many other threads as there are cores are in this function. `work` must not call it.
    Of several exceptions, the one for the lowest number is raised.
    """
    pieces = 4 * usable_cores()  # more than cores, because some pieces take longer
    trial = min(total, max(1, min(total // pieces, _TRIAL)))
    edges = [0, *(trial + (total - trial) * piece // pieces for piece in range(pieces + 1))]
    ranges = [range(start, end) for start, end in itertools.pairwise(edges) if start < end]
    if not ranges:
        return []
    _callers.add(thread := threading.get_ident())
    try:
        began, computed = time.perf_counter(), time.thread_time()
        first = work(ranges[0])
        if is_quick(time.perf_counter() - began, time.thread_time() - computed, trial, quick):
            return [first, *map(work, ranges[1:])]
        return [first, *_in_turn(work, ranges[1:], usable_cores() - len(_callers))]
    finally:
        _callers.discard(thread)


def _in_turn(work: Callable[[range], Result], ranges: Sequence[range], helpers: int) -> list[Result]:
    """The results for some ranges: whoever is free takes the next one, this thread or one of the pool."""
    left, results, errors = deque(enumerate(ranges)), dict[int, Result](), dict[int, BaseException]()

    def take_turns() -> None:
        with contextlib.suppress(IndexError):  # nothing is left
            while not errors:
                place, numbers = left.popleft()
                try:
                    results[place] = work(numbers)
                except BaseException as error:  # raised below
                    errors[place] = error

    futures = [_pool().submit(take_turns) for _ in range(min(helpers, len(ranges) - 1))]
    take_turns()
    for future in futures:
        if not future.cancel():  # it has begun
            future.result()
    if errors:
        raise errors[min(errors)]
    return [results[place] for place in range(len(ranges))]


def each_in_threads(work: Callable[[int], Result], total: int, quick: float = QUICK) -> list[Result]:
    """The result for each number below `total`, in order; see `in_threads`."""
    return [result for part in in_threads(lambda numbers: [*map(work, numbers)], total, quick) for result in part]


def is_quick(seconds: float, computing: float, numbers: int, quick: float = QUICK) -> bool:
    """Whether work is done sooner by one thread, by the seconds that some numbers took and those spent computing."""
    return computing < quick * numbers and seconds < _WAITING * computing


_callers = set[int]()
"""The threads that are in `in_threads`."""


@functools.cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(usable_cores(), thread_name_prefix="read")


if hasattr(os, "register_at_fork"):  # a forked process has the pool but none of its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
