"""The images of a spec, by split: loaded, divided, decoded."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.cache import cached, cached_before
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.decode.sizes import common_size
from cnncli.data.samples import FileSamples, ImageData, LabelledImages, Samples, SampleSubset
from cnncli.data.sources import builtin, load_images
from cnncli.data.sources.classes import with_classes
from cnncli.data.sources.location import ExcludeList
from cnncli.data.split import divide, validation_indices
from cnncli.errors import DataError, RunError, SpecError
from cnncli.spec.schema import Data, Spec, Split
from cnncli.spec.splits import contradictions
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import counted

Notice = Callable[[str], None]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Splits:
    """The images of each split, and which of the source's they are.

    Args:
        class_names: in the order of the labels.
        samples: by split: `train`, `validation`, `test`; without `validation` when none is kept.
        validation: indices into the images of a built-in data set that were kept for validation.
        origins: for each split the split of the source that its images come from.
    """

    class_names: tuple[str, ...]
    samples: Mapping[str, LabelledImages]
    validation: np.ndarray | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of every image."""
        return self.samples["train"].shape


def load_splits(spec: Spec, recorded: Sequence[int] | None = None, notice: Notice | None = None) -> Splits:
    """Loads the images of a spec and divides them.

    Args:
        spec: says source and split.
        recorded: the validation images of an earlier run with the same built-in data, to use exactly these.
        notice: is told when something is downloaded, or left unused.

    Raises:
        SpecError: a part is asked for that the source has already.
        DataError: the images cannot be had or divided.
        RunError: the recorded split does not fit the images.
    """
    data = _as_asked(load_source(spec.data, notice), spec.data.split, notice)
    own, part = data.splits, spec.data.split
    train = own["train"]
    if "test" not in own:
        return _divided(spec, data)
    if "validation" in own:
        return Splits(data.class_names, dict(own), None, {split: split for split in own})
    if part.validation == "test":
        samples = {"train": train, "validation": own["test"], "test": own["test"]}
        return Splits(data.class_names, samples, None, {"train": "train", "validation": "test", "test": "test"})
    if part.validation == 0:
        return Splits(data.class_names, {"train": train, "test": own["test"]}, None, {"train": "train", "test": "test"})
    if recorded is None:
        chosen = validation_indices(train.labels, part.validation, part.stratify, spec.seed, data.class_names)
    else:
        chosen = np.asarray(recorded, dtype=np.int64)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < len(train):
            raise RunError("the split that data.json records does not fit the images of the source")
    rest = np.setdiff1d(np.arange(len(train)), chosen)
    samples = {"train": train.take(rest), "validation": train.take(chosen), "test": own["test"]}
    return Splits(data.class_names, samples, chosen, {"train": "train", "validation": "train", "test": "test"})


def _as_asked(data: ImageData[Any], split: Split, notice: Notice | None) -> ImageData[Any]:
    """The source's own splits that are wanted: all of them, but for validation images when the spec asks for none."""
    problems = list(contradictions(split, data.splits))
    if problems:
        raise SpecError(problems)
    if "validation" not in data.splits or split.validation != 0:
        return data
    unused = data.splits["validation"]
    if notice:
        notice(f"{counted(len(unused), 'validation image')} of the source not used: data.split.validation is 0")
    return ImageData(data.class_names, {name: kept for name, kept in data.splits.items() if kept is not unused})


def _divided(spec: Spec, data: ImageData[Any]) -> Splits:
    """Splits of a source that has no test images of its own."""
    part, train = spec.data.split, data.splits["train"]
    own = data.splits.get("validation")
    wanted = 0 if own is not None or part.validation == "test" else part.validation
    division = divide(train.labels, data.class_names, wanted, part.test, part.stratify, spec.seed)
    samples = {"train": train.take(division.train)}
    if own is not None:
        samples["validation"] = own
    elif part.validation == "test":
        samples["validation"] = train.take(division.test)
    elif part.validation != 0:
        samples["validation"] = train.take(division.validation)
    samples["test"] = train.take(division.test)
    origins = {split: "validation" if split == "validation" and own is not None else "train" for split in samples}
    return Splits(data.class_names, samples, None, origins)


def load_source(data: Data, notice: Notice | None = None) -> ImageData[Any]:
    """Every image of a source, in the size and colour of the spec, in the splits the source has itself.

    Raises:
        DataError: the images cannot be had, or have different sizes and the spec says none.
        ResourceError: they do not fit in memory, or the cache has no room.
    """
    name, arguments = data.source.name, data.source.arguments
    context: dict[str, Any] = {"classes": data.classes, "notice": notice}
    if data.source.is_builtin:
        return _fitted(with_classes(builtin.load(name, notice), data.classes, name), data)
    if IMAGE_SOURCES[name].images == "arrays":
        return _fitted(load_images(name, arguments, **context), data)
    input_format = _reading(data)
    if IMAGE_SOURCES[name].images == "encoded":
        if input_format is None:
            raise DataError("this source needs the size of its images", "set data.image.size, for example [96, 96]")
        return load_images(name, arguments, input_format=input_format, **context)
    placeholder = input_format or InputFormat(1, 1, 1 if data.image.color == "grayscale" else 3)
    exclude = left_out(data)
    files = load_images(name, arguments, input_format=placeholder, exclude=exclude, **context)
    warn_about_unknown(exclude, notice)
    if input_format is None:
        input_format = InputFormat(*common_size(list(files.splits.values())), placeholder.channels)
    splits = {split: dataclasses.replace(samples, input_format=input_format) for split, samples in files.splits.items()}
    return ImageData(files.class_names, splits)


def left_out(data: Data) -> ExcludeList:
    """What a spec leaves out of its folder or table."""
    source = data.source.arguments
    place = Path(source["path"]).expanduser()
    root = Path(source["root"]).expanduser() if source.get("root") else place if place.is_dir() else place.parent
    return ExcludeList(data.exclude, root)


def warn_about_unknown(exclude: ExcludeList, notice: Notice | None) -> None:
    """A name that excludes nothing is probably misspelt."""
    unknown = exclude.unknown
    if unknown and notice:
        more = f" and {len(unknown) - 1:,} more" if len(unknown) > 1 else ""
        notice(f"warning: data.exclude names what is not there: '{unknown[0]}'{more}")


def _reading(data: Data) -> InputFormat | None:
    """How files are read; None when the spec says no size."""
    shape = static_data_info(data).shape
    if shape is None:
        return None
    return InputFormat(*shape, resize=data.image.resize, interpolation=data.image.interpolation)  # type: ignore[arg-type]


def _fitted(data: ImageData[Samples], spec: Data) -> ImageData[Samples]:
    """Arrays in the size and colour that the spec asks for."""
    first = next(iter(data.splits.values())).shape
    wanted = input_format_for(spec, first)
    return ImageData(data.class_names, {split: samples.fitted(wanted) for split, samples in data.splits.items()})


def input_format_for(data: Data, shape: tuple[int, int, int]) -> InputFormat:
    """How pictures are read for a model, where the spec leaves something open as the images of the training were."""
    size = data.image.size
    height, width = (size, size) if isinstance(size, int) else size or shape[:2]
    channels = {"rgb": 3, "grayscale": 1, None: shape[2]}[data.image.color]
    image = data.image
    return InputFormat(height, width, channels, image.resize, image.interpolation)  # type: ignore[arg-type]


def decoded(splits: Splits, cache: bool, progress: Progress | None = None) -> Splits:
    """The same splits with files decoded into the cache, each file once; as they are without the cache.

    Raises:
        DataError: an image cannot be read.
        ResourceError: the cache has no room.
    """
    files = all_files(splits)
    return splits if not cache or files is None else in_place_of_files(splits, cached(files, progress))


def decoded_before(splits: Splits) -> Splits | None:
    """The same splits with their files as the cache has them; None when it does not have them all."""
    files = all_files(splits)
    images = None if files is None else cached_before(files)
    return None if images is None else in_place_of_files(splits, images)


def all_files(splits: Splits) -> FileSamples | None:
    """Every file of the splits once, in the order of their names, without labels; None when there is none."""
    files = [samples for samples in splits.samples.values() if isinstance(samples, FileSamples)]
    if not files:
        return None
    names = sorted({name for samples in files for name in samples.names})
    return FileSamples(files[0].root, tuple(names), np.zeros(len(names), np.int64), files[0].input_format)


def in_place_of_files(splits: Splits, images: Samples) -> Splits:
    """The splits with their files' pixels from an array that has all of them."""
    place = {name: index for index, name in enumerate(images.names)}
    chosen = {
        split: SampleSubset(images, np.array([place[name] for name in samples.names]), samples.labels)
        for split, samples in splits.samples.items()
        if isinstance(samples, FileSamples)
    }
    return Splits(splits.class_names, {**splits.samples, **chosen}, splits.validation, splits.origins)
