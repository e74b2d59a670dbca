"""MixUp and CutMix: two pictures in one, and their labels in the same shares.

The other picture comes from the same batch. Who goes with whom depends on which images are in the batch, not on the
order they stand in; no image is its own partner unless it is alone.
"""

from __future__ import annotations

from cnncli.catalog import Entry
from cnncli.data.augment.detail import box_mask
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.steps import Mix, Shape, Step, floats, from_zero, per_image
from cnncli.startup import tf


def partners(draws: SampleRandom) -> tf.Tensor:
    """For each image the place of another one in the batch, each once: `(batch,)` int32."""
    order = tf.argsort(draws.uniform(), stable=True)  # (batch,)
    return tf.scatter_nd(order[:, None], tf.roll(order, -1, axis=0), tf.shape(order))


def mixed_labels(targets: tf.Tensor, others: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """Labels of which the image itself has a share and the other one the rest; `(batch, classes)` float32."""
    share = floats(share)[:, None]  # (batch, 1)
    return share * targets + (1 - share) * others


def mix_up(entry: Entry, shape: Shape) -> list[Step]:
    """`MixUp`: both pictures shine through.

    Source: Zhang, Cisse, Dauphin, Lopez-Paz (2018), mixup: Beyond Empirical Risk Minimization.
    """
    alpha = float(entry.get("alpha"))

    def operation(images: tf.Tensor, targets: tf.Tensor, draws: SampleRandom) -> tuple[tf.Tensor, tf.Tensor]:
        other = partners(draws)
        share = draws.dirichlet(tf.fill(tf.shape(other), tf.constant(alpha, tf.float64)), 2)[:, 0]  # (batch,)
        images, weight = floats(images), per_image(share)
        mixed = weight * images + (1 - weight) * tf.gather(images, other)
        return mixed, mixed_labels(targets, tf.gather(targets, other), share)

    return [Mix(operation)]


def cut_mix(entry: Entry, shape: Shape) -> list[Step]:
    """`CutMix`: a patch of the other picture; the labels' shares are those of the pixels.

    Source: Yun, Han, Oh, Chun, Choe, Yoo (2019), CutMix: Regularization Strategy to Train Strong Classifiers.
    """
    factor = from_zero(entry.get("factor"))

    def operation(images: tf.Tensor, targets: tf.Tensor, draws: SampleRandom) -> tuple[tf.Tensor, tf.Tensor]:
        other = partners(draws)
        (alpha,) = draws.between(factor)
        patch = draws.dirichlet(alpha + 1e-6, 2)[:, 0]  # (batch,), the share of the picture that is replaced
        mask = box_mask(tf.sqrt(patch)[:, None] * [[1.0, 1.0]], draws.uniform(2), shape)
        share = 1 - tf.reduce_mean(tf.cast(mask, tf.float64), axis=[1, 2, 3])  # (batch,), of the pixels that stay
        mixed = tf.where(mask, tf.gather(images, other), images)
        return mixed, mixed_labels(targets, tf.gather(targets, other), share)

    return [Mix(operation)]
