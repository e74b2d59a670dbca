"""Samples keep image, label and name together."""

import time

import numpy as np
import pytest

from cnncli.data.samples import Samples


def three() -> Samples:
    images = np.arange(3 * 4, dtype=np.uint8).reshape(3, 2, 2, 1)
    return Samples(images, np.array([2, 0, 1]), ("a.png", "b.png", "c.png"))


def test_take_keeps_the_order_asked_for_and_every_name():
    taken = three().take(np.array([2, 0]))
    assert taken.names == ("c.png", "a.png")
    assert taken.labels.tolist() == [1, 2]
    assert taken.images[:, 0, 0, 0].tolist() == [8, 0]
    assert len(taken) == 2


def test_numbered_samples_keep_their_number_when_taken():
    samples = Samples.numbered(np.zeros((5, 1, 1, 3), np.uint8), np.zeros(5, np.int64))
    assert samples.names == ("0", "1", "2", "3", "4")
    assert samples.take(np.array([4, 1])).names == ("4", "1")


def test_nothing_taken_is_still_samples():
    nothing = three().take(np.array([], dtype=np.int64))
    assert len(nothing) == 0
    assert nothing.images.shape == (0, 2, 2, 1)


def test_names_of_sixty_thousand_cost_next_to_nothing():
    images, labels = np.zeros((60_000, 1, 1, 1), np.uint8), np.zeros(60_000, np.int64)
    start = time.perf_counter()
    Samples.numbered(images, labels).take(np.arange(59_999, -1, -1))
    assert time.perf_counter() - start < 0.5  # 0.02 s when measured; the margin is for a busy machine


@pytest.mark.parametrize(
    ("images", "labels", "names"),
    [
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(3, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.int64), ("0",)),
        (np.zeros((2, 4, 4), np.uint8), np.zeros(2, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.float32), np.zeros(2, np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros((2, 1), np.int64), ("0", "1")),
        (np.zeros((2, 4, 4, 1), np.uint8), np.zeros(2, np.uint8), ("0", "1")),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(images, labels, names):
    with pytest.raises(ValueError, match=r"images|labels are"):
        Samples(images, labels, names)
