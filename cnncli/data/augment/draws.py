"""Random numbers that belong to an image: a function of seed, epoch, sample and use, never of a state.

A generator with a state gives other numbers when threads race or batches are cut elsewhere. Here the numbers of an
image are hashes of what it is and where it is used, so that neither batch nor order nor threads can change them, and
a training can be taken up at any step.
"""

from __future__ import annotations

from math import prod

import numpy as np

from cnncli.startup import tf

_STRIDE = 0x9E3779B97F4A7C15  # 2**64 / golden ratio: multiples of it are spread evenly
_WORD = 2**64
_FRACTION_BITS = 53
_TRIALS = 8


def _number(value: int) -> tf.Tensor:
    return tf.constant(value % _WORD, tf.uint64)


def _hash(numbers: tf.Tensor) -> tf.Tensor:
    """Scrambles 64-bit numbers one to one.

    Source: Steele, Lea, Flood (2014), Fast splittable pseudorandom number generators; the finalizer of SplitMix64.
    """
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        numbers = tf.bitwise.bitwise_xor(numbers, tf.bitwise.right_shift(numbers, _number(shift))) * _number(factor)
    return tf.bitwise.bitwise_xor(numbers, tf.bitwise.right_shift(numbers, _number(31)))


class SampleRandom:
    """The random numbers of the images of one batch, from one key for each: `(batch,)` uint64.

    Every call gives numbers that no earlier call gave. They are float64, and so is all arithmetic on them: vectorised
    and plain `cos` or `log` differ in the last bit, depending on where in a batch an image stands; rounding to
    float32 at the end makes the pixels the same again.
    """

    def __init__(self, keys: tf.Tensor) -> None:
        self.keys = keys
        self._calls = 0

    @classmethod
    def of_batch(cls, seed: int, epoch: tf.Tensor, indices: tf.Tensor) -> SampleRandom:
        """The numbers of the samples with these indices, `(batch,)` int64, in an epoch, scalar int64."""
        key = _hash(_number((seed + 1) * _STRIDE))
        key = _hash(key + (tf.cast(epoch, tf.uint64) + _number(1)) * _number(_STRIDE))
        return cls(_hash(key + (tf.cast(indices, tf.uint64) + _number(1)) * _number(_STRIDE)))

    def branch(self, first: int, second: int = 0) -> SampleRandom:
        """Other numbers for the same images, always the same ones for a branch; `first` is below 2**31."""
        return SampleRandom(_hash(self.keys + _number((2 * (first + second * 2**31) + 1) * _STRIDE)))

    def rows(self, indices: tf.Tensor) -> SampleRandom:
        """The numbers of some of the images, as in a batch of these alone."""
        return SampleRandom(tf.gather(self.keys, indices))

    def split(self, copies: int) -> SampleRandom:
        """Numbers for several copies of each image, copies of one image side by side: `(batch * copies,)`."""
        return SampleRandom(tf.reshape(self.words(copies), [-1]))

    def words(self, count: int) -> tf.Tensor:
        """Random 64-bit words, `(batch, count)` uint64."""
        counters = np.arange(count, dtype=np.uint64) + np.uint64(self._calls * 2**32)  # (count,)
        self._calls += 1
        return _hash(self.keys[:, None] + 2 * counters * np.uint64(_STRIDE))  # even multiples; branches have the odd

    def uniform(self, *shape: int) -> tf.Tensor:
        """From 0 to 1, 1 not included: `(batch, *shape)` float64."""
        words = tf.bitwise.right_shift(self.words(prod(shape)), _number(64 - _FRACTION_BITS))
        fractions = tf.cast(tf.cast(words, tf.int64), tf.float64) * 2.0**-_FRACTION_BITS
        return tf.reshape(fractions, [-1, *shape])

    def between(self, *ranges: tuple[float, float]) -> list[tf.Tensor]:
        """One number for each range, from its low end to its high end: `(batch,)` float64 each."""
        low, high = np.array(ranges, dtype=np.float64).T
        return tf.unstack(low + (high - low) * self.uniform(len(ranges)), axis=1)

    def happens(self, probability: tuple[float, float]) -> tf.Tensor:
        """Whether each image is chosen, `(batch,)` bool, with a probability that is drawn from a range first."""
        likely, chance = self.between(probability, (0.0, 1.0))
        return chance < likely

    def choice(self, count: int) -> tf.Tensor:
        """A whole number below `count` for each image, `(batch,)` int32."""
        return tf.cast(self.uniform() * count, tf.int32)

    def noise(self, count: int) -> tf.Tensor:
        """Random bytes, `(batch, count)` uint8."""
        words = self.words(-(-count // 8))  # eight bytes a word
        return tf.reshape(tf.bitcast(words, tf.uint8), [-1, words.shape[1] * 8])[:, :count]

    def log_gamma(self, alpha: tf.Tensor, count: int) -> tf.Tensor:
        """Logarithms of gamma-distributed numbers, `(batch, count)` float64; for a small alpha the numbers underflow.

        The method rejects up to 5 % of its attempts; the last trial is accepted whatever it is.

        Source: Marsaglia, Tsang (2000), A simple method for generating gamma variables.
        """
        raised = alpha[:, None, None] + 1  # (batch, 1, 1); the method needs 1 or more, the power below takes it back
        size = raised - 1 / 3
        uniform = self.uniform(count, _TRIALS, 2) + 2.0 ** -(_FRACTION_BITS + 1)  # never 0, whose logarithm is infinite
        normal = tf.math.ndtri(uniform[..., 0])  # (batch, count, trials)
        cube = (1 + normal / tf.sqrt(9 * size)) ** 3
        log_cube = tf.math.log(tf.maximum(cube, 1e-300))
        fits = (cube > 0) & (tf.math.log(uniform[..., 1]) < normal**2 / 2 + size * (1 - cube + log_cube))
        first = tf.argmax(tf.cast(fits, tf.int32), axis=-1)  # (batch, count)
        accepted = tf.gather(log_cube, first, batch_dims=2)
        power = self.uniform(count) + 2.0 ** -(_FRACTION_BITS + 1)
        return tf.math.log(size[..., 0]) + accepted + tf.math.log(power) / alpha[:, None]

    def dirichlet(self, alpha: tf.Tensor, count: int) -> tf.Tensor:
        """Shares that add up to 1, `(batch, count)` float64; two of them are beta-distributed."""
        return tf.nn.softmax(self.log_gamma(alpha, count))
