"""A model that was built for images of one size, opened for smaller ones; its weights are the same for all."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncli.errors import Problem, SpecError
from cnncli.spec.sections.smaller_images import SCHEDULE

if TYPE_CHECKING:
    import keras


def take_sizes(model: keras.Model, sizes: Sequence[tuple[int, int]]) -> None:
    """Lets a model take images of further sizes; what it is built for, and what is saved of it, stay as they are.

    Args:
        model: Model of images `(height, width, channels)`.
        sizes: Height and width of smaller images, as the schedule of a spec has them.

    Raises:
        SpecError: A layer cannot take what becomes of such an image.
    """
    from cnncli.startup import keras

    _open(model)
    for index, size in enumerate(sizes):
        try:
            model.compute_output_spec(keras.KerasTensor((None, *size, model.input_shape[-1])))
        except Exception as error:
            reason = str(error).strip().split("\n")[0]
            message = f"Keras cannot apply this network to images of {size[0]}×{size[1]}: {reason}"
            raise SpecError([Problem((*SCHEDULE, index, "size"), message)]) from error


def _open(model: keras.Model) -> None:
    from cnncli.startup import keras

    model.input_spec = keras.layers.InputSpec(ndim=4, axes={-1: model.input_shape[-1]})
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            _open(layer)
