"""`train.devices`: what a training runs on, and what several devices cannot do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncli.catalog.validators import Validator, any_of, choice, optional, whole
from cnncli.errors import KeyPath, Problem
from cnncli.wording import counted, shown

if TYPE_CHECKING:
    from cnncli.spec.graph import Node
    from cnncli.spec.schema import Train

Devices: TypeAlias = int | str | list[str] | None
"""A number, `all` graphics cards, names such as `GPU:0`, or the one device that TensorFlow chooses."""

MOST = 1024
"""More devices are a mistake; as names of the processor, TensorFlow would start them all."""

_NAME = re.compile(r"(?:GPU|CPU):(?:0|[1-9]\d{0,3})\Z")
_NAMES = "a list of names such as [GPU:0, GPU:1], or [CPU:0, CPU:1] for a trial"
_WHOLE_BATCH_LOSSES = ("Dice", "Tversky")


def _read_names(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    fits = isinstance(value, list) and 0 < len(value) <= MOST
    if not fits or not all(isinstance(name, str) and _NAME.match(name) for name in value):
        problems.append(Problem(path, f"expected {_NAMES}; got {shown(value)}"))
    elif repeated := next((name for name in value if value.count(name) > 1), None):
        problems.append(Problem(path, f"the device '{repeated}' is listed twice"))
    elif len({name[:3] for name in value}) > 1:
        problems.append(Problem(path, "expected devices of one kind: all devices would wait for the processor"))
    elif value[0].startswith("CPU") and value != (numbered := [f"CPU:{number}" for number in range(len(value))]):
        problems.append(Problem(path, f"parts of the processor are numbered from 0; write [{', '.join(numbered)}]"))
    return value


_names = Validator(
    _NAMES, _read_names, {"type": "array", "items": {"type": "string", "pattern": "^(GPU|CPU):[0-9]+$"}, "minItems": 1}
)
devices = optional(
    any_of(choice("all"), whole(1, MOST), _names, description=f"'all', a number from 1 to {MOST}, or {_NAMES}")
)


def number_of(value: Devices) -> int | None:
    """How many devices a training runs on; None if only the machine can tell."""
    if isinstance(value, str):
        return None
    return len(value) if isinstance(value, list) else value or 1


def parts_of_processor(value: Devices) -> int:
    """How many devices TensorFlow has to make of the processor before it starts."""
    return len(value) if isinstance(value, list) and value[0].startswith("CPU") else 1


def wrong_for_several(
    train: Train, nodes: Sequence[Node], devices: int | None, images: int | None
) -> Iterator[Problem]:
    """What cannot be trained on several devices so that a step is that of one device with the whole batch.

    Args:
        train: The section of a spec.
        nodes: The layers.
        devices: Number of devices; nothing is wrong while it is not known.
        images: Number of images that an epoch goes through, if known.
    """
    if devices is None or devices == 1:
        return
    if train.jit_compile:
        message = f"XLA compiles a step for one device, and {devices} share each step; leave it out, or use one device"
        yield Problem(("train", "jit_compile"), message)
    if train.batch_size < devices:
        message = f"each of {devices} devices needs an image in every step; use at least {devices}"
        yield Problem(("train", "batch_size"), message)
    elif images is not None and images < devices:
        message = f"an epoch has {counted(images, 'image')}, and each of {devices} devices needs one in every step"
        yield Problem(("train", "devices"), f"{message}; use fewer devices")
    elif images is not None and 0 < (last := images % train.batch_size) < devices:
        fitting = next(size for size in range(train.batch_size, images + 1) if not 0 < images % size < devices)
        message = (
            f"the last step of an epoch of {counted(images, 'image')} has only {last}, and each of {devices} devices "
            f"needs one; use {fitting}"
        )
        yield Problem(("train", "batch_size"), message)
    if train.loss.name in _WHOLE_BATCH_LOSSES:
        message = f"{train.loss.name} compares all images of a step at once, which {devices} devices would share"
        yield Problem(("train", "loss"), f"{message}; use another loss, or one device")
    for node in nodes:
        path = node.path if node.entry.name == "ActivityRegularization" else node.at("activity_regularizer")
        if node.entry.name == "ActivityRegularization" or node.entry.get("activity_regularizer") is not None:
            message = f"penalties on activations are computed on one device, and {devices} share each step"
            yield Problem(path, f"{message}; leave it out, or use one device{node.origin}")
