"""Work in threads: everything once, results in order, the error of the lowest number."""

import threading
import time

import pytest

from cnncli.data.threads import in_threads, is_quick
from cnncli.machine import usable_cores


@pytest.mark.parametrize("pause", [0, 0.002])
@pytest.mark.parametrize("total", [0, 1, 2, 3, 7, 100])
def test_every_number_once_and_in_order(total, pause):
    def work(numbers):
        time.sleep(pause)
        return list(numbers)

    results = in_threads(work, total)
    assert [number for numbers in results for number in numbers] == list(range(total))
    assert all(results)


def test_work_that_waits_has_as_many_threads_as_usable_cores():
    everybody = threading.Barrier(usable_cores(), timeout=30)  # passed only when all wait at once

    def work(numbers):
        if numbers.start == 0:
            time.sleep(0.01)
            return threading.get_ident()
        return everybody.wait() * 0 + threading.get_ident()

    caller, *seen = in_threads(work, 1 + 4 * usable_cores())
    assert caller == threading.get_ident()
    assert len(set(seen)) == usable_cores()


def test_as_many_threads_as_usable_cores_are_not_helped():
    together = threading.Barrier(usable_cores(), timeout=30)
    seen = [set() for _ in range(usable_cores())]

    def work(numbers, caller):
        if numbers.start == 0:
            together.wait()  # everybody is in `in_threads`
        time.sleep(0.001)
        seen[caller].add(threading.get_ident())
        if numbers.stop == 40:
            together.wait()  # and nobody has left

    def call(caller):
        in_threads(lambda numbers: work(numbers, caller), 40)

    callers = [threading.Thread(target=call, args=(number,)) for number in range(usable_cores())]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert [threads for threads in seen if len(threads) > 1] == []


@pytest.mark.parametrize(
    ("seconds", "computing", "quick"),
    [
        (0.0008, 0.0008, True),  # small images on a local disk
        (0.004, 0.004, False),  # images of 200×300
        (0.020, 0.020, False),  # photographs
        (0.020, 0.0008, False),  # small images across a network
    ],
)
def test_only_work_of_little_computing_stays_in_one_thread(seconds, computing, quick):
    assert is_quick(seconds, computing, numbers=16) is quick


def test_the_error_is_that_of_the_lowest_number():
    later = threading.Event()

    def work(numbers):
        for number in numbers:
            if number == 0:
                time.sleep(0.01)
            if number == 150:
                later.set()
            if number in (30, 150):
                if number == 30 and usable_cores() > 1:
                    later.wait(5)
                raise ValueError(number)

    with pytest.raises(ValueError, match=r"^30$"):
        in_threads(work, 160)
