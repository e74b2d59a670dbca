"""Augmentation: random changes of the training images, as the list `augment` of a spec says.

Every random number is a function of the spec's seed, the epoch, the sample and the place of the entry in the list.
Images, labels and resumed trainings are therefore the same whatever the batch, the order and the number of threads.
Only the partners of MixUp and CutMix depend on which other images are in the batch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cnncli.catalog import Entry
from cnncli.data.augment import color, detail, geometry, mixing, policies
from cnncli.data.augment.draws import SampleRandom
from cnncli.data.augment.generator import generator
from cnncli.data.augment.steps import Build, Geometry, Mix, Shape, Step
from cnncli.errors import Problem, SpecError
from cnncli.startup import tf

BUILDERS: dict[str, Build] = {
    "RandomFlip": geometry.flip,
    "RandomRotation": geometry.rotation,
    "RandomTranslation": geometry.translation,
    "RandomZoom": geometry.zoom,
    "RandomShear": geometry.shear,
    "RandomPerspective": geometry.perspective,
    "ImageDataGenerator": generator,
    "RandomBrightness": color.brightness,
    "RandomContrast": color.contrast,
    "RandomColorJitter": color.jitter,
    "RandomHue": color.hue,
    "RandomSaturation": color.saturation,
    "RandomColorDegeneration": color.degeneration,
    "RandomGrayscale": color.grayscale,
    "RandomInvert": color.inversion,
    "RandomPosterization": color.posterization,
    "Solarization": color.solarization,
    "AutoContrast": color.auto_contrast,
    "Equalization": color.equalization,
    "RandomSharpness": detail.sharpness,
    "RandomGaussianBlur": detail.gaussian_blur,
    "RandomErasing": detail.erasing,
    "RandAugment": policies.rand_augment,
    "AugMix": policies.aug_mix,
    "MixUp": mixing.mix_up,
    "CutMix": mixing.cut_mix,
}
"""A new augmentation is a function, its line here and its line in the catalogue."""


class Augmentation:
    """The entries of `augment`, in their order, ready to be mapped over batches of images of one shape.

    Movements of the picture that stand one after the other are carried out as one, with one interpolation, as long as
    they agree on `fill_mode`, `fill_value` and `interpolation`; flips agree with everything.

    Raises:
        SpecError: An entry does not suit the images.
    """

    def __init__(self, entries: Sequence[Entry], shape: Shape, seed: int) -> None:
        self.shape = shape
        self.seed = seed
        problems = [problem for i, entry in enumerate(entries) for problem in _problems(entry, shape, i)]
        if problems:
            raise SpecError(problems)
        self._steps = [
            (i, number, step)
            for i, entry in enumerate(entries)
            for number, step in enumerate(BUILDERS[entry.name](entry, shape))
        ]

    @property
    def mixes_labels(self) -> bool:
        """Whether labels change, and therefore must be one-hot."""
        return any(isinstance(step, Mix) for _, _, step in self._steps)

    @tf.autograph.experimental.do_not_convert
    def __call__(
        self, images: tf.Tensor, targets: tf.Tensor, indices: tf.Tensor, epoch: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Changes one batch.

        Args:
            images: uint8 `(batch, height, width, channels)`.
            targets: Encoded labels; float32 `(batch, classes)` where labels are mixed.
            indices: Indices of the samples, `(batch,)` int64.
            epoch: Scalar int64, from 0.

        Returns:
            Images from 0 to 255, of the same shape: uint8 where nothing needed fractions, else float32. Targets.
        """
        images = tf.ensure_shape(images, [None, *self.shape])
        draws = SampleRandom.of_batch(self.seed, epoch, indices)
        for group in _groups(self._steps):
            i, number, step = group[0]
            part = draws.branch(i, number)
            if isinstance(step, Geometry):
                moves = [(move, draws.branch(i, n)) for i, n, move in group if isinstance(move, Geometry)]
                images = geometry.move(images, moves)
            elif isinstance(step, Mix):
                images, targets = step.operation(images, targets, part)
            else:
                images = step(images, part)
        return images, targets


def _groups(steps: Sequence[tuple[int, int, Step]]) -> Iterator[list[tuple[int, int, Step]]]:
    """Steps that are carried out together: movements that agree on their fill, anything else alone."""
    group: list[tuple[int, int, Step]] = []
    for item in steps:
        members = [step for _, _, step in (*group, item)]
        fills = {step.fill for step in members if isinstance(step, Geometry) and step.fill}
        if group and not (all(isinstance(step, Geometry) for step in members) and len(fills) < 2):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


def _problems(entry: Entry, shape: Shape, place: int) -> list[Problem]:
    """What can only be seen once the images are known."""
    if entry.name == "RandomErasing" and isinstance(entry.get("fill_value"), list) and shape[2] == 1:
        path = ("augment", place, entry.name, "fill_value")
        return [Problem(path, "expected one number, for the images are grey; got a list of 3")]
    return []
