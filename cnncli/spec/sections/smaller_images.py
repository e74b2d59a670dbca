"""`data.image.schedule`: the first epochs of a training on smaller images."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from cnncli.catalog.validators import Validator, any_of, list_of, number, whole
from cnncli.errors import KeyPath, Problem
from cnncli.spec.sections import values
from cnncli.spec.sections.section import Section, key
from cnncli.spec.shapes.network_shapes import NetworkShapes, infer_shapes
from cnncli.spec.shapes.terms import Shape, pair
from cnncli.wording import counted, dimensions

if TYPE_CHECKING:
    from cnncli.spec.schema import Spec

SCHEDULE: KeyPath = ("data", "image", "schedule")

_DISTORTION = 0.1
"""Share by which a smaller image may be wider or narrower: a size of whole pixels cannot keep every proportion."""


@dataclass(frozen=True, kw_only=True)
class SmallerImages(Section):
    """A part of a training whose images are smaller."""

    epochs: float | int = key(
        any_of(
            number(0, 1, above=True, below=True),
            whole(1),
            description="a number above 0 and below 1, or a whole number of 1 or more",
        ),
        "How long: a fraction of all epochs, or a number of them",
    )
    size: int | list[int] = key(
        values.size,
        "Height and width of the images meanwhile, or one number for both",
    )


smaller_images = list_of(
    Validator("a part with 'epochs' and 'size'", SmallerImages.read, SmallerImages.schema()),
    description="a list of parts, such as {epochs: 0.5, size: 96}",
    empty=True,
)


@dataclass(frozen=True)
class SizePart:
    """Epochs of a training whose images have one size; they follow those of the part before."""

    end: int  # the epoch after their last one, all counted from 0
    size: tuple[int, int] | None  # height and width; None for the full size


def parts_of(schedule: Sequence[SmallerImages], epochs: float) -> tuple[SizePart, ...]:
    """The parts of a training of some epochs, in order, the last one at full size.

    Of fractions whole epochs are left over, and those are at full size. The last epoch may not be a whole one.

    Example:
        >>> [each.end for each in parts_of([SmallerImages(epochs=0.5, size=96)], epochs=5)]
        [2, 5]
    """
    parts, end = [], 0.0
    for part in schedule:
        end += part.epochs * epochs if isinstance(part.epochs, float) else part.epochs
        parts.append(SizePart(int(min(end + 1e-9, epochs)), pair(part.size)))
    return (*parts, SizePart(ceil(epochs), None))


def sizes_text(schedule: Sequence[SmallerImages], epochs: int | None, full: Shape) -> str:
    """What a training is told to do, in a sentence; without its epochs where `max_time` decides on them.

    Example:
        >>> sizes_text([SmallerImages(epochs=0.5, size=96)], epochs=5, full=(128, 128, 3))
        'images are 96×96 up to epoch 2, then 128×128'
    """
    parts = parts_of(schedule, epochs or 0)[:-1]
    if epochs:
        begins = [0, *(part.end for part in parts)]
        parts = tuple(part for begin, part in zip(begins, parts, strict=False) if part.end > begin)
        if not parts:
            return f"images are {dimensions(full[:2])} from the start: no part of data.image.schedule is a whole epoch"
    known = [f"{dimensions(part.size or ())}{f' up to epoch {part.end}' if epochs else ''}" for part in parts]
    return f"images are {', '.join(known)}, then {dimensions(full[:2])}"


def wrong_schedule(spec: Spec, shapes: NetworkShapes) -> Iterator[Problem]:
    """What contradicts the schedule in the rest of a spec; `shapes` are those of its network at full size."""
    schedule, train = spec.data.image.schedule, spec.train
    if not schedule:
        return
    if train.max_time is not None:
        for index, part in enumerate(schedule):
            if not isinstance(part.epochs, float):
                message = "max_time decides how many epochs there are; write a fraction of them, such as 0.3"
                yield Problem((*SCHEDULE, index, "epochs"), message)
        if train.stages:
            message = "max_time divides the epochs among the stages, so sizes cannot; leave out one of the three"
            yield Problem(SCHEDULE, message)
    if parts_of(schedule, train.epochs)[-2].end >= train.epochs:
        every = counted(train.epochs, "epoch")
        message = f"these parts take all {every} and leave none at full size; write fractions, together below 1"
        yield Problem(SCHEDULE, message)
    if train.features not in ("auto", 0):
        message = "features are computed once, and here the images change their size; leave out this or the schedule"
        yield Problem(("train", "features"), message)
    if shapes.image_shape is not None:
        yield from _wrong_sizes(schedule, shapes)


def _wrong_sizes(schedule: Sequence[SmallerImages], full: NetworkShapes) -> Iterator[Problem]:
    """Sizes that are not smaller, or not larger than the one before; and what the network cannot do with them."""
    assert full.image_shape is not None
    height, width, channels = full.image_shape
    before = (0, 0)
    for index, part in enumerate(schedule):
        path, size = (*SCHEDULE, index, "size"), pair(part.size)
        fits = size[0] <= height and size[1] <= width
        if not fits or size == (height, width):
            yield Problem(path, f"expected a size below that of the images, {height}×{width}; got {size[0]}×{size[1]}")
        elif size[0] < before[0] or size[1] < before[1] or size == before:
            message = f"sizes grow from part to part; got {size[0]}×{size[1]} after {before[0]}×{before[1]}"
            yield Problem(path, message)
        elif abs(size[0] * width / (size[1] * height) - 1) > _DISTORTION:
            kept = max(1, round(size[0] * width / height))
            message = f"{size[0]}×{size[1]} distorts images of {height}×{width}; write [{size[0]}, {kept}]"
            yield Problem(path, message)
        elif problem := _unfit(full, (*size, channels), path):
            yield problem
            return
        before = size


def _unfit(full: NetworkShapes, small: Shape, path: KeyPath) -> Problem | None:
    """The first layer that needs images of the full size, or that cannot take what is left of smaller ones."""
    steps = infer_shapes([step.node for step in full.steps], small, full.classes).steps
    for step, own in zip(steps, full.steps, strict=True):
        name = f"'{step.node.name}' ({step.node.entry.name})"
        if step.shape_error and not own.shape_error:
            return Problem(path, f"{name} cannot take images of {small[0]}×{small[1]}: {step.shape_error}")
        if step.parameters != own.parameters:
            sizes = [dimensions(each.input_shapes[0] or ()) for each in (own, step)]
            dense = step.node.entry.name == "Dense"
            way = "write GlobalAveragePooling2D in place of Flatten" if dense else "use another layer"
            message = f"{name} has weights for inputs of {sizes[0]}, and these would be {sizes[1]}"
            return Problem(path, f"{message}; {way}, or leave out the schedule")
    return None
