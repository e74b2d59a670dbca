"""Random numbers belong to the image: the same for the same use, unlike for any other, and rightly distributed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

pytestmark = pytest.mark.slow

MANY = 20_000


@pytest.fixture(scope="module")
def draws():
    import tensorflow as tf

    from cnncli.data.augment.draws import SampleRandom

    def of(indices, seed=0, epoch=0):
        return SampleRandom.of_batch(seed, tf.constant(epoch, tf.int64), tf.constant(indices, tf.int64))

    return of


def test_the_hash_is_splitmix64():
    import tensorflow as tf

    from cnncli.data.augment.draws import _STRIDE, _hash

    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F]  # its first outputs from state 0
    states = tf.constant([(i * _STRIDE) % 2**64 for i in (1, 2, 3)], tf.uint64)
    assert _hash(states).numpy().tolist() == published


def test_an_image_keeps_its_numbers_in_any_company(draws):
    together = draws(np.arange(50)).branch(3).uniform(4).numpy()
    alone = draws([37]).branch(3).uniform(4).numpy()
    np.testing.assert_array_equal(together[37], alone[0])
    chosen = draws(np.arange(50)).branch(3).rows([40, 37]).uniform(4).numpy()
    np.testing.assert_array_equal(chosen[1], alone[0])


def test_every_use_has_its_own_numbers(draws):
    uses = [
        draws([1]).uniform(3),
        draws([2]).uniform(3),
        draws([1], epoch=1).uniform(3),
        draws([1], seed=1).uniform(3),
        draws([1], seed=-1).uniform(3),
        draws([1]).branch(0).uniform(3),
        draws([1]).branch(1).uniform(3),
        draws([1]).split(2).uniform(3),
    ]
    twice = draws([1])
    uses += [twice.uniform(3), twice.uniform(3)][1:]
    numbers = np.concatenate([use.numpy().ravel() for use in uses])
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("of", ["samples", "epochs", "numbers"])
def test_numbers_are_uniform_and_independent(draws, of):
    import tensorflow as tf

    from cnncli.data.augment.draws import SampleRandom

    if of == "samples":
        numbers = draws(np.arange(MANY)).uniform().numpy()
    elif of == "epochs":
        of_epoch = tf.function(lambda epoch: SampleRandom.of_batch(0, epoch, tf.constant([5], tf.int64)).uniform())
        numbers = np.concatenate([of_epoch(tf.constant(epoch, tf.int64)).numpy() for epoch in range(1000)])
    else:
        numbers = SampleRandom(tf.constant([7], tf.uint64)).uniform(MANY).numpy()[0]
    assert stats.kstest(numbers, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 4 / np.sqrt(len(numbers))


def test_noise_is_every_byte_equally_often(draws):
    noise = draws(np.arange(40)).noise(1001).numpy()
    assert noise.shape == (40, 1001)
    assert stats.chisquare(np.bincount(noise.ravel(), minlength=256)).pvalue > 1e-4


@pytest.mark.parametrize("alpha", [0.05, 0.2, 1.0, 8.0])
def test_shares_are_beta_distributed(draws, alpha):
    shares = draws(np.arange(MANY)).dirichlet(np.full(MANY, alpha), 2).numpy()
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-12)
    assert abs(np.mean(shares[:, 0] < 0.5) - 0.5) < 0.02
    # the smaller share of two, for the larger one may be so near to 1 that a float cannot tell
    assert stats.kstest(shares.min(axis=1), lambda x: 2 * stats.beta(alpha, alpha).cdf(x)).pvalue > 1e-4


def test_something_happens_as_often_as_its_probability_says(draws):
    happened = draws(np.arange(MANY)).happens((0.2, 0.4)).numpy()
    assert abs(happened.mean() - 0.3) < 0.02


def test_a_choice_falls_on_everything_equally_often(draws):
    chosen = draws(np.arange(MANY)).choice(7).numpy()
    assert stats.chisquare(np.bincount(chosen, minlength=7)).pvalue > 1e-4
