"""Loads the images of a spec, divides them into splits, and decodes them."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.cache import cached, cached_before, held
from cnncli.data.cache_room import LIMIT
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.sizes import common_size
from cnncli.data.groups import Groups
from cnncli.data.inventory.location import ExcludeList
from cnncli.data.memory import require_memory
from cnncli.data.names.classes import require_images, with_classes
from cnncli.data.quality.class_warnings import class_warnings
from cnncli.data.remote.copies import naming_addresses
from cnncli.data.samples import FileSamples, ImageData, LabelledImages, Samples, SampleSubset, Unused
from cnncli.data.sources import builtin, load_images
from cnncli.data.unused import of_foreign_classes
from cnncli.errors import DataError, ResourceError
from cnncli.machine import expanded
from cnncli.notices import Notice, Progress, ignore
from cnncli.runner.inputs.class_check import require_known_classes, unused_splits
from cnncli.runner.inputs.corrections import corrected, left_out
from cnncli.runner.inputs.division import Part, divide_source
from cnncli.runner.inputs.division_file import pooled, read_parts
from cnncli.runner.inputs.input_format import input_format_for
from cnncli.runner.inputs.input_spec import InputSpec, channel_statistics
from cnncli.runner.inputs.local_data import local_data
from cnncli.runner.inputs.streamed import is_streamed, streamed
from cnncli.runner.inputs.unreadable import without_broken_headers, without_damaged_images
from cnncli.spec.schema import Data
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import counted, size_text


@dataclass(frozen=True)
class Splits:
    """The images of each split, and where in the source they come from.

    Args:
        class_names: Names of the classes in the order of the labels.
        samples: Images by split: `train`, `validation`, `test`; without `validation` when none are held out.
        validation: Indices into the images of a built-in data set that are held out for validation.
        source_split: For each split, the split of the source that its images come from.
        unused: Images of the source that are in no split.
        windows: Of DICOM files, how many have their black and white by which rule.
        groups: For each split the group of each image, such as its patient; empty where each image stands alone.
    """

    class_names: tuple[str, ...]
    samples: Mapping[str, LabelledImages]
    validation: np.ndarray | None = None
    source_split: Mapping[str, str] = field(default_factory=dict)
    unused: Sequence[Unused] = ()
    windows: Mapping[str, int] = field(default_factory=dict)
    groups: Mapping[str, Groups] = field(default_factory=dict)

    def input_spec(self, data: Data) -> InputSpec:
        """What the model is built for: mean and deviation are those of the training images alone."""
        statistics = channel_statistics(self.samples["train"]) if data.standardize == "featurewise" else ()
        return InputSpec.of(data, self.shape, self.class_names, *statistics)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.samples["train"].shape


def groups_in(splits: Splits, split: str) -> np.ndarray | None:
    """The number of each image's group in a split, int64, shape `(images,)`; None where each image stands alone."""
    return splits.groups[split].of_image if split in splits.groups else None


def evaluated_splits(splits: Splits) -> dict[str, LabelledImages]:
    """The test images, and the validation images unless they are the same under a second name."""
    samples, origins = splits.samples, splits.source_split
    test, validation = samples["test"], samples.get("validation")
    if validation is None or (origins.get("validation") == origins.get("test") and validation.names == test.names):
        return {"test": test}
    return {"test": test, "validation": validation}


def load_splits(data: Data, seed: int, recorded: Sequence[int] | None = None, notice: Notice = ignore) -> Splits:
    """Loads the images of a spec and divides them.

    Args:
        data: Section `data` of the spec.
        seed: Seed of the spec, which decides which images are held out.
        recorded: Validation indices of an earlier run with the same built-in data, to use exactly these.
        notice: Receives a line about downloads, unused images, and what is not divided as the spec says.

    Raises:
        DataError: The images cannot be loaded or divided.
        RunError: The recorded split does not fit the images.
    """
    source = load_source(data, notice)
    used = [split for split in source.splits if split not in unused_splits(data.split)]
    require_known_classes(source, used)
    require_images(source.class_names, {split: len(source.splits[split]) for split in used}, data.source.where)
    labels = {split: source.splits[split].labels for split in used}
    foreign = {split: classes for split, classes in source.foreign.items() if split not in used}
    source = dataclasses.replace(source, unused=(*source.unused, *of_foreign_classes(foreign)))
    for line in (*(unused.message for unused in source.unused), *class_warnings(source.class_names, labels)):
        if recorded is None:
            notice(line)
    listed = None if data.split.file is None else read_parts(source, data, notice, left_out(data))
    parts, held_out, groups = divide_source(source, data, seed, recorded, listed, notice)
    samples = {split: part.of(source) for split, part in parts.items()}
    origins = {split: part.origin for split, part in parts.items()}
    unused = (*source.unused, *_in_no_split(source, parts))
    return Splits(source.class_names, samples, held_out, origins, unused, groups=groups)


def _in_no_split(source: ImageData[Any], parts: Mapping[str, Part]) -> list[Unused]:
    """The images that a division leaves out, such as validation images that the spec does not want."""
    left = 0
    for split, samples in source.splits.items():
        indices = [part.indices for part in parts.values() if part.origin == split]
        taken = [np.empty(0, np.int64), *(each for each in indices if each is not None)]
        if len(taken) == len(indices) + 1:  # none takes all
            left += len(samples) - len(np.unique(np.concatenate(taken)))
    return [Unused("in-no-split", left, f"{counted(left, 'image')} in no split")] if left else []


def load_input_spec(data: Data) -> InputSpec:
    """What the model of a spec is built for; images are only loaded where the spec leaves the size or classes open.

    Raises:
        DataError: The spec leaves something open and the images are missing.
    """
    info = static_data_info(data)
    shape, names = info.shape, info.class_names
    if shape is None or names is None:
        try:
            source = load_source(data)
        except DataError as error:
            hint = "with data.image.size and data.classes set, no images are needed"
            hint = f"{error.hint}\n{hint}" if error.hint else hint
            raise DataError(error.message, hint, error.not_there) from error
        shape, names = source.splits["train"].shape, source.class_names
    return InputSpec.of(data, shape, names, (0.0,) * shape[2], (1.0,) * shape[2])


@naming_addresses()
def load_source(data: Data, notice: Notice = ignore, only: Collection[str] = ()) -> ImageData[Any]:
    """Every image of a source, in the size and colour of the spec, in the splits the source has itself.

    Where a file divides the images, those of all splits are `train`. `only` names the splits of a source of arrays to
    read, where others may be missing.

    Raises:
        DataError: The images cannot be loaded, or have different sizes and the spec sets none.
        ResourceError: They do not fit into memory, or the cache is full.
    """
    data = local_data(data, notice, streams=True)
    source = corrected(_load_source(data, notice, only), data, notice)
    return source if data.split.file is None else pooled(source, data.source.has_files)


def _load_source(data: Data, notice: Notice, only: Collection[str]) -> ImageData[Any]:
    name, arguments = data.source.name, data.source.arguments
    context: dict[str, Any] = {"classes": data.classes, "notice": notice, "white": data.image.white}
    context |= {"split_folders": data.split.folder, "only": only}
    if data.split.group and "column" in data.split.group:
        arguments = {**arguments, "group_column": data.split.group["column"]}
    if data.source.is_builtin:
        return _fitted(with_classes(builtin.load(name, notice), data.classes, name), data)
    if IMAGE_SOURCES[name].images == "arrays":
        return _fitted(load_images(name, arguments, **context), data)
    input_format = _reading(data)
    if IMAGE_SOURCES[name].images == "encoded":
        if input_format is None:
            raise DataError("this source needs the size of its images", "set data.image.size, for example [96, 96]")
        return load_images(name, arguments, input_format=input_format, **context)
    placeholder = input_format or input_format_for(data, (1, 1, 3))
    exclude = exclude_list(data)
    files = load_images(name, arguments, input_format=placeholder, exclude=exclude, **context)
    warn_about_unknown(exclude, notice)
    if data.unreadable == "exclude":
        files = without_broken_headers(files, data.source.where)
    if input_format is None:
        input_format = input_format_for(data, (*common_size(list(files.splits.values())), placeholder.channels))
    splits = {split: dataclasses.replace(samples, input_format=input_format) for split, samples in files.splits.items()}
    files = dataclasses.replace(files, splits=splits)
    return without_damaged_images(files, data.source.where, notice) if data.unreadable == "exclude" else files


def exclude_list(data: Data) -> ExcludeList:
    """The files of a folder or table that a spec excludes."""
    source = data.source.arguments
    place = expanded(source["path"])
    root = expanded(source["root"]) if source.get("root") else place if place.is_dir() else place.parent
    return ExcludeList(data.exclude, root)


def warn_about_unknown(exclude: ExcludeList, notice: Notice) -> None:
    """Warns of a name that excludes nothing: it is probably misspelt."""
    unknown = exclude.unknown
    if unknown:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        notice(f"warning: data.exclude: file not found: '{unknown[0]}'{more}")


def _reading(data: Data) -> InputFormat | None:
    """How files are read; None when the spec sets no size."""
    shape = static_data_info(data).shape
    return None if shape is None else input_format_for(data, shape)


def _fitted(data: ImageData[Samples], spec: Data) -> ImageData[Samples]:
    """Arrays in the size and colour of the spec."""
    first = next(iter(data.splits.values())).shape
    input_format = input_format_for(spec, first)
    splits = {split: samples.fitted(input_format) for split, samples in data.splits.items()}
    return dataclasses.replace(data, splits=splits)


def decoded(splits: Splits, data: Data, progress: Progress | None = None, notice: Notice = ignore) -> Splits:
    """The same splits with files decoded once, to where `data.cache` says; unchanged where that is `off`.

    They are unchanged as well, with a notice, when the cache is full or cannot be written to: the pixels are the same.

    Raises:
        DataError: An image cannot be read.
        ResourceError: They do not fit into memory.
    """
    files = all_files(splits)
    if files is None or (data.cache == "off" and files.shards is None):
        return splits
    size = len(files) * prod(files.shape)
    if is_streamed(files, data.cache):
        return streamed(splits, data, notice)
    what = f"{counted(len(files), 'decoded image')}, {size_text(size)}"
    if data.cache == "memory":
        require_memory(size, f"data.cache: memory is to hold {what}")
        notice(f"keeping {what}, in memory")
        return in_place_of_files(splits, held(files, progress))
    if data.cache_bound is not None and cached_before(files) is None:
        notice(f"keeping {what}, in a disk cache of at most {size_text(data.cache_bound)}")
    bound = data.cache_bound
    if files.shards is not None:
        files.shards.make_room_for(size)
        bound = bound or LIMIT
    try:
        return in_place_of_files(splits, cached(files, progress, bound=bound))
    except ResourceError as error:
        if files.shards is not None:  # or the order of the images would depend on this disk
            raise
        notice(
            f"warning: {error.message}; images are decoded each time they are needed; {error.hint}, or set "
            "data.cache: off"
        )
        return splits


def decoded_before(splits: Splits) -> Splits | None:
    """The same splits with their files from the cache; None when a file is missing there."""
    files = all_files(splits)
    images = None if files is None else cached_before(files)
    return None if images is None else in_place_of_files(splits, images)


def all_files(splits: Splits) -> FileSamples | None:
    """Every file of the splits once, sorted by name, without labels; None when there are no files."""
    files = [samples for samples in splits.samples.values() if isinstance(samples, FileSamples)]
    if not files:
        return None
    names = sorted({name for samples in files for name in samples.names})
    if (shards := files[0].shards) is not None:
        names.sort(key=shards.place)
    return dataclasses.replace(files[0], names=tuple(names), labels=np.zeros(len(names), np.int64))


def in_place_of_files(splits: Splits, images: Samples) -> Splits:
    """The splits with the pixels of their files taken from an array that has all of them."""
    place = {name: index for index, name in enumerate(images.names)}
    subsets = {
        split: SampleSubset(images, np.array([place[name] for name in samples.names]), samples.labels)
        for split, samples in splits.samples.items()
        if isinstance(samples, FileSamples)
    }
    return dataclasses.replace(splits, samples={**splits.samples, **subsets})
