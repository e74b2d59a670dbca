"""Processes of one training make sure that they have the same images."""

import numpy as np
import pytest
from ports import each_rank

from cnncli.data.samples import Samples
from cnncli.errors import DataError
from cnncli.runner.inputs.same_images import require_same_images
from cnncli.runner.inputs.splits import Splits
from cnncli.workers.agreement import facts_of
from cnncli.workers.meeting import meet


def compared(*images):
    """What each process raises that has these images."""

    def part(workers):
        own = images[workers.rank]
        with meet(workers, facts_of("train", {}, {}), lambda text: None) as group:
            samples = Samples.numbered(own, np.arange(len(own)) % 2)
            require_same_images(Splits(("a", "b"), {"train": samples}), group)

    return each_rank(part)


def dark(count):
    return np.zeros((count, 4, 4, 1), np.uint8)


def test_the_same_are_the_same():
    assert compared(dark(4), dark(4)) == [None, None]


@pytest.mark.parametrize(
    ("others", "told"),
    [(dark(5), ": 5 images, and 4"), (dark(4) + 1, ": 4 images each, but with other names")],
)
def test_it_is_said_whether_one_has_more_or_others(others, told):
    for error in compared(dark(4), others):
        assert isinstance(error, DataError)
        assert told in error.message
