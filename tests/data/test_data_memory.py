"""More images than fit into memory are refused."""

import numpy as np
import pytest

from cnncli.data import memory
from cnncli.data.samples import Samples
from cnncli.errors import ResourceError


def test_more_than_there_is_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: 3_000_000_000)
    memory.require_memory(3_000_000_000, "this")
    with pytest.raises(ResourceError) as caught:
        memory.require_memory(3_100_000_000, "pets.npz holds images")
    assert caught.value.message == "pets.npz holds images, 2.9 GiB in memory, and 2.8 GiB are available"


def test_where_the_system_does_not_tell_nothing_is_refused(monkeypatch):
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    memory.require_memory(10**18, "this")


def test_images_of_any_number_can_be_shared_with_tensorflow():
    for count in (1, 7, 5_000):
        images = memory.empty_images(count, 3, 5, 1)
        assert images.shape == (count, 3, 5, 1)
        assert memory.shareable(images).ctypes.data == images.ctypes.data


def test_those_protected_from_writing_stay_so():
    images = memory.empty_images(4, 8, 8, 1)
    images.flags.writeable = False
    assert memory.shareable(images) is not None
    assert not images.flags.writeable


def test_scattered_or_misplaced_images_and_those_of_others_cannot():
    images = memory.empty_images(4, 8, 8, 1)
    assert memory.shareable(images[::2]) is None
    assert memory.shareable(images.reshape(-1)[1:].reshape(-1, 1, 1, 1)) is None
    assert memory.shareable(np.frombuffer(bytes(64), np.uint8).reshape(1, 8, 8, 1)) is None


@pytest.mark.parametrize("count", [3, 1024, 3_000])
def test_images_that_are_taken_can_be_shared(count):
    whole = Samples.numbered(np.arange(4_000 * 6).astype(np.uint8).reshape(4_000, 2, 3, 1), np.zeros(4_000, np.int64))
    indices = np.random.default_rng(0).permutation(4_000)[:count]
    taken = whole.take(indices)
    assert memory.shareable(taken.images) is not None
    assert np.array_equal(taken.images, whole.images[indices])
