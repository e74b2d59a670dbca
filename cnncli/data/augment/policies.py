"""RandAugment and AugMix: operations are chosen at random too, for each image on its own.

Keras' layers choose once for a whole batch, AugMix even once for a whole training in a tf.data pipeline. The papers
choose for each image, and so does this.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cnncli.catalog import Entry
from cnncli.data.augment import color, detail, geometry
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.steps import Build, Geometry, Operation, Shape, Step, floats, from_zero, per_image
from cnncli.startup import tf


def _operations(entry: Entry, shape: Shape, all_of_them: bool = True) -> list[Operation]:
    """What is chosen from, each as strong as the entry's `factor` says: 0 changes nothing.

    That is what Keras' documentation says of it; its code has posterization, solarization and sharpness the other way
    round, and moves and brightens images in one direction only.
    """
    factor = from_zero(entry.get("factor"))
    low, high = factor
    seen, ways = {"interpolation": entry.get("interpolation")}, (-high, high)
    both = {"height_factor": ways, "width_factor": ways}
    always: list[tuple[str, Build, dict[str, Any]]] = [
        ("RandomShear", geometry.shear, {"x_factor": factor, "y_factor": factor} | seen),
        ("RandomTranslation", geometry.translation, both | seen),
        ("RandomRotation", geometry.rotation, {"factor": ways} | seen),
        ("RandomPosterization", color.posterization, {"factor": max(1, 8 - round(7 * high))}),  # bits that stay
        ("Solarization", color.solarization, {"addition_factor": 0.0, "threshold_factor": (1 - high, 1 - low)}),
        ("AutoContrast", color.auto_contrast, {}),
        ("Equalization", color.equalization, {}),
    ]
    sometimes: list[tuple[str, Build, dict[str, Any]]] = [
        ("RandomBrightness", color.brightness, {"factor": ways}),
        ("RandomColorDegeneration", color.degeneration, {"factor": factor}),
        ("RandomContrast", color.contrast, {"factor": high}),
        ("RandomSharpness", detail.sharpness, {"factor": (0.5 - high / 2, 0.5 + high / 2)}),  # 0.5 changes nothing
    ]
    choices = always + (sometimes if all_of_them else [])
    return [_one(build(Entry("augmentation", name, arguments), shape)) for name, build, arguments in choices]


def _one(steps: list[Step]) -> Operation:
    """Steps as an operation on float32."""

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        for number, step in enumerate(steps):
            part = draws.branch(number)
            if isinstance(step, Geometry):
                images = geometry.move(images, [(step, part)])
            else:
                assert callable(step)
                images = step(images, part)
        return floats(images)

    return operation


def apply_chosen(
    images: tf.Tensor, choice: tf.Tensor, operations: Sequence[Operation], draws: SampleRandom
) -> tf.Tensor:
    """Does to every image the operation chosen for it, `(batch,)` int32, and no other; one past the last is none."""
    places, parts = [], []
    for number in range(len(operations) + 1):
        rows = tf.where(choice == number)[:, 0]  # (chosen,)
        part = tf.ensure_shape(tf.gather(images, rows), [None, *images.shape[1:]])
        if number < len(operations):
            part = operations[number](part, draws.rows(rows))
        places.append(tf.cast(rows, tf.int32))
        parts.append(part)
    return tf.ensure_shape(tf.dynamic_stitch(places, parts), images.shape)


def rand_augment(entry: Entry, shape: Shape) -> list[Step]:
    """`RandAugment`: `num_ops` changes one after the other.

    Source: Cubuk, Zoph, Shlens, Le (2020), RandAugment: Practical automated data augmentation.
    """
    operations, rounds = _operations(entry, shape), entry.get("num_ops")

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        images = floats(images)
        for number in range(rounds):
            part = draws.branch(number)
            images = apply_chosen(images, part.choice(len(operations)), operations, part)
        return images

    return [operation]


def aug_mix(entry: Entry, shape: Shape) -> list[Step]:
    """`AugMix`: several chains of changes, blended with each other and with the image itself.

    Source: Hendrycks, Mu, Cubuk, Zoph, Gilmer, Lakshminarayanan (2020), AugMix: A Simple Data Processing Method to
    Improve Robustness and Uncertainty.
    """
    operations = _operations(entry, shape, entry.get("all_ops"))
    chains, depth, alpha = entry.get("num_chains"), entry.get("chain_depth"), float(entry.get("alpha"))

    def operation(images: tf.Tensor, draws: SampleRandom) -> tf.Tensor:
        images = floats(images)
        links = draws.split(chains)  # (batch * chains,), chains of one image side by side
        changed = tf.ensure_shape(tf.repeat(images, chains, axis=0), [None, *images.shape[1:]])
        for number in range(depth):
            part = links.branch(number)
            changed = apply_chosen(changed, part.choice(len(operations) + 1), operations, part)
        alphas = tf.fill(tf.shape(draws.keys), tf.constant(alpha, tf.float64))  # (batch,)
        weights = floats(draws.dirichlet(alphas, chains))  # (batch, chains)
        changed = tf.reshape(changed, [-1, chains, *shape])
        blended = tf.add_n([changed[:, i] * weights[:, i, None, None, None] for i in range(chains)])
        share = per_image(draws.dirichlet(alphas, 2)[:, 0])
        return tf.clip_by_value(share * images + (1 - share) * blended, 0.0, 255.0)

    return [operation]
