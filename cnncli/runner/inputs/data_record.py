"""`data.json` of a run: size, classes and statistics of its images. Checked in full: a run may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import Any

from cnncli.data.decode.image import MAX_PIXELS
from cnncli.data.names.classes import LONGEST_NAME
from cnncli.errors import RunError
from cnncli.runs.image_list import SPLITS

MAX_CLASSES = 100_000


@dataclass(frozen=True)
class DataRecord:
    """What a run records of its images.

    Args:
        class_names: Names of the classes in the order of the model's outputs.
        shape: Height, width and channels of every image.
        border_mean: Mean brightness of the borders of the training images, 0…255.
        border_std: Standard deviation of the same, over the images.
        channel_mean: Mean of the training pixels of each channel; empty unless the spec standardizes by it.
        channel_std: Standard deviation of the same.
        validation: Indices of the training images of a built-in data set that are used for validation.
        counts: Images of each class by split; empty in runs of older versions.
        unused: Images of the source that no split has, by reason; unreadable ones are among them.
        window: How many tar shards are shuffled together; 0 where all images are.
    """

    class_names: tuple[str, ...]
    shape: tuple[int, int, int]
    border_mean: float
    border_std: float
    channel_mean: tuple[float, ...]
    channel_std: tuple[float, ...]
    validation: tuple[int, ...] | None
    counts: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unused: Mapping[str, int] = field(default_factory=dict)
    window: int = 0


def require_split(record: DataRecord, split: str) -> None:
    """Refuses a split that a run does not have, as far as its record tells: one of an older version does not.

    Raises:
        RunError: It has no images of this split.
        ValueError: No split is called so.
    """
    if split not in SPLITS:
        raise ValueError(f"no split is called '{split}'; they are {', '.join(SPLITS)}")
    if record.counts and split not in record.counts:
        raise no_such_images(split, record.counts)


def no_such_images(split: str, there: Iterable[str]) -> RunError:
    """That a run has no images of a split, and of which it has some."""
    return RunError(f"this run has no {split} images", f"it has {', '.join(there)}")


def parse_data_record(record: Mapping[str, Any], run: Path) -> DataRecord:
    """Checks the contents of data.json.

    Args:
        record: Contents of the file.
        run: Folder of the run, for messages.

    Raises:
        RunError: A training would not have written this.
    """

    def get(values: Any, key: str, fits: Callable[[Any], bool], expected: str) -> Any:
        if not isinstance(values, dict) or key not in values:
            raise RunError(f"'{run}' is not a complete run: data.json lacks '{key}'")
        if not fits(values[key]):
            raise RunError(f"'{run}' is not a complete run: '{key}' in data.json is not {expected}")
        return values[key]

    names = get(record, "class_names", _are_names, "a list of different names")
    shape = get(record, "image", _is_shape, "height, width and channels of an image")
    pixels = get(record, "pixels", lambda value: isinstance(value, dict), "a mapping")
    borders = [get(pixels, key, _is_number, "a finite number") for key in ("border_mean", "border_std")]
    channels = {"channel_mean": (), "channel_std": (), **pixels}
    of_channels = [
        get(channels, key, lambda value: _are_numbers(value, shape[2]), "a finite number for each channel")
        for key in ("channel_mean", "channel_std")
    ]
    further = {"validation": None, "counts": {}, "unused": {}, "shards_shuffled_together": 0, **record}
    validation = get(further, "validation", _are_indices, "a list of whole numbers")
    counts = get(further, "counts", _are_counts, "a number of images for each class")
    unused = get(further, "unused", _are_numbers_of_images, "a number of images for each reason")
    window = get(further, "shards_shuffled_together", lambda value: _is_whole(value, 0, 2**31), "a number of shards")
    return DataRecord(
        tuple(names),
        (shape[0], shape[1], shape[2]),
        float(borders[0]),
        float(borders[1]),
        tuple(map(float, of_channels[0])),
        tuple(map(float, of_channels[1])),
        None if validation is None else tuple(validation),
        counts,
        unused,
        window,
    )


def _are_names(value: Any) -> bool:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_CLASSES:
        return False
    named = all(isinstance(name, str) and 0 < len(name) <= LONGEST_NAME for name in value)
    return named and len(set(value)) == len(value)


def _is_shape(value: Any) -> bool:
    if not isinstance(value, list) or len(value) != 3 or not all(_is_whole(size, 1, MAX_PIXELS) for size in value):
        return False
    return bool(value[0] * value[1] <= MAX_PIXELS and value[2] in (1, 3))


def _are_counts(value: Any) -> bool:
    if not isinstance(value, dict) or (value and "train" not in value):
        return False
    return all(each and _are_numbers_of_images(each) for each in value.values())


def _are_numbers_of_images(value: Any) -> bool:
    return isinstance(value, dict) and all(_is_whole(each, 0, 2**40) for each in value.values())


def _is_whole(value: Any, low: int, high: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9 and isfinite(value)


def _are_numbers(value: Any, count: int) -> bool:
    return isinstance(value, list | tuple) and len(value) in (0, count) and all(map(_is_number, value))


def _are_indices(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(_is_whole(index, 0, 2**31) for index in value))
