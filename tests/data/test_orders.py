"""Orders in which only a few shards are read at a time: each image once, shards together, the same again."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SHARDS = np.repeat([3, 9, 4, 20, 21, 7], [50, 10, 30, 1, 60, 49])  # the shard of each of 200 images


def epoch_of(epoch, window=2, seed=5, followed=None):
    from cnncli.data.orders import InWindows

    order = InWindows(SHARDS, window, seed, (lambda order: None) if followed is None else followed.extend)
    return order.places(np.arange(200), epoch)


@pytest.mark.parametrize("window", [1, 2, 4, 6, 100])
@pytest.mark.parametrize("epoch", [0, 1, 77])
def test_each_image_comes_once_and_shards_in_windows(window, epoch):
    places = epoch_of(epoch, window)
    assert sorted(places) == [*range(200)]
    begins = {shard: np.flatnonzero(SHARDS[places] == shard).min() for shard in np.unique(SHARDS)}
    begun = sorted(begins, key=begins.get)
    for start in range(0, 6, window):
        together = np.isin(SHARDS[places], begun[start : start + window])
        assert np.ptp(np.flatnonzero(together)) == together.sum() - 1  # nothing else lies between them


def test_an_order_follows_from_seed_and_epoch():
    assert (epoch_of(3) == epoch_of(3)).all()
    others = [epoch_of(3), epoch_of(4), epoch_of(3, seed=6), epoch_of(3, seed=2**64 + 7), epoch_of(3, window=3)]
    assert len({tuple(other) for other in others}) == 5
    assert epoch_of(3)[:5].tolist() == FIRST  # with any version of NumPy


FIRST = [44, 23, 28, 3, 11]


def test_images_of_a_window_are_mixed():
    places = epoch_of(0, window=6)
    assert (np.abs(np.diff(SHARDS[places])) > 0).sum() > 100
    assert (np.diff(places) == 1).sum() < 10


def test_whoever_fetches_knows_the_order_of_the_shards_and_of_the_next_epoch():
    followed = []
    places = epoch_of(0, window=2, followed=followed)
    assert len(followed) == 6 + 4
    begins = [np.flatnonzero(SHARDS[places] == shard).min() for shard in followed[:6]]
    windows = [max(begins[at : at + 2]) for at in range(0, 6, 2)]
    assert windows == sorted(windows)
    assert set(SHARDS[epoch_of(1)][:30]) <= set(followed[6:])


def test_any_step_can_be_the_first():
    from cnncli.data.orders import InWindows

    order = InWindows(SHARDS, 2, 5)
    assert (order.places(np.arange(100, 150), 8) == epoch_of(8)[100:150]).all()


def test_batches_take_the_order():
    import tensorflow as tf

    from cnncli.data import pipeline
    from cnncli.data.orders import InWindows

    order, reader = InWindows(SHARDS, 2, 5), lambda indices: tf.cast(indices, tf.uint8)
    draw = pipeline.training_batch(reader, np.arange(200), np.arange(200), None, 64, 5, order=order)
    seen = [images.numpy() for images, _ in pipeline.training_batches(draw, range(8))]
    assert (np.concatenate(seen[:4]) == epoch_of(0)).all()
    assert (np.concatenate(seen[4:]) == epoch_of(1)).all()
    resumed = [images.numpy() for images, _ in pipeline.training_batches(draw, range(5, 8))]
    assert (np.concatenate(resumed) == np.concatenate(seen[5:])).all()
