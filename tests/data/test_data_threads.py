"""Work in threads: everything once, results in order, the error of the lowest number."""

import threading

import pytest

from cnncli.data.threads import in_threads
from cnncli.machine import usable_cores


@pytest.mark.parametrize("total", [0, 1, 2, 3, 7, 100])
def test_every_number_once_and_in_order(total):
    results = in_threads(list, total)
    assert [number for numbers in results for number in numbers] == list(range(total))
    assert all(results)


def test_there_are_as_many_threads_as_usable_cores():
    everybody = threading.Barrier(usable_cores(), timeout=30)  # passed only when all wait at once
    seen = in_threads(lambda numbers: everybody.wait() * 0 + threading.get_ident(), 4 * usable_cores())
    assert len(set(seen)) == usable_cores()


def test_the_error_is_that_of_the_lowest_number():
    later = threading.Event()

    def work(numbers):
        for number in numbers:
            if number == 150:
                later.set()
            if number in (10, 150):
                if number == 10 and usable_cores() > 1:
                    later.wait(5)
                raise ValueError(number)

    with pytest.raises(ValueError, match=r"^10$"):
        in_threads(work, 160)
