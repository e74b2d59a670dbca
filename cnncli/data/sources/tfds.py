"""Data sets of TensorFlow Datasets, for those who have the package `tensorflow-datasets`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data import unused
from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.memory import require_memory
from cnncli.data.names.classes import Classes, in_classes
from cnncli.data.names.split_names import SPLITS, splits_named
from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError, ResourceError
from cnncli.machine import expanded
from cnncli.wording import counted, some


def load(
    name: str,
    input_format: InputFormat,
    classes: Classes = None,
    splits: Mapping[str, str] | None = None,
    data_dir: Path | str | None = None,
) -> ImageData[Samples]:
    """Reads a data set of images that each have one label, in memory, in the order in which it is stored.

    The name may have a config and a version: `stanford_dogs:0.2.0`. `splits` sets which of its splits are `train`,
    `validation` and `test`: `{train: "train[:80%]", test: "train[80%:]"}`; those that have these names when None.

    Raises:
        DataError: The package is not installed, or the data set is unknown, unsuitable or cannot be downloaded.
        ResourceError: The images do not fit in memory.
    """
    builder = _builder(name, data_dir)
    class_names = _class_names(builder.info.features, name)
    split_names = dict(splits) if splits else _own_splits(list(builder.info.splits), name)
    images, labels = {}, {}
    for split, of_builder in split_names.items():
        try:
            count = builder.info.splits[of_builder].num_examples
        except (KeyError, ValueError, AssertionError) as error:
            raise DataError(
                f"{name} has no split {of_builder}", f"it has {some(list(builder.info.splits)) or 'none'}"
            ) from error
        require_memory(count * prod(input_format.shape), f"the {split} split of {name} holds {count:,} images")
        images[split], labels[split] = _read(builder, of_builder, count, input_format, f"{name} {split}")
    others = {} if splits else {each: info.num_examples for each, info in builder.info.splits.items()}
    left_out = [each for each in others if each not in split_names.values()]
    not_used = unused.in_other_splits(name, sum(others[each] for each in left_out), left_out)
    samples = {split: Samples.numbered(images[split], labels[split]) for split in split_names}
    return in_classes(ImageData(class_names, samples, tuple(not_used)), classes, name)


def _package(name: str) -> Any:
    from cnncli import startup  # noqa: F401  # it brings TensorFlow along, which is to start quietly

    try:
        import tensorflow_datasets  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        raise _missing(name, error) from error
    return tensorflow_datasets


def _missing(name: str, error: ImportError) -> DataError:
    """A package is not installed: TensorFlow Datasets itself, one that it needs, or one for this data set alone."""
    package = (error.name or "").partition(".")[0]
    if package in ("tensorflow_datasets", "importlib_resources"):
        return DataError(f"the data set {name} needs the package {package}", "pip install 'cnncli[tfds]'")
    install = f"pip install {package}" if package else "install the package that it names"
    return DataError(f"the data set {name} needs another package: {_first_line(error)}", install)


def _builder(name: str, data_dir: Path | str | None) -> Any:
    tfds = _package(name)
    place = None if data_dir is None else str(expanded(data_dir))
    try:
        builder = tfds.builder(name, data_dir=place)
    except ImportError as error:
        raise _missing(name, error) from error
    except (tfds.core.DatasetNotFoundError, ValueError, AssertionError) as error:
        raise DataError(f"TensorFlow Datasets has no data set {name}: {_first_line(error)}") from error
    if not builder.is_prepared():
        try:
            builder.download_and_prepare()
        except ImportError as error:
            raise _missing(name, error) from error
        except Exception as error:  # a data set's own code and the network: nearly anything
            if isinstance(error, OSError) and error.errno:  # those of the network have no number
                message = f"{name} cannot be stored in {builder.data_dir}: {_first_line(error)}"
                raise ResourceError(message) from error
            raise DataError(f"{name} could not be downloaded: {_first_line(error)}") from error
    return builder


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _class_names(features: Any, name: str) -> tuple[str, ...]:
    kinds = {key: type(feature).__name__ for key, feature in features.items()} if hasattr(features, "items") else {}
    if (kinds.get("image"), kinds.get("label")) != ("Image", "ClassLabel"):
        has = some([f"{key} ({kind})" for key, kind in kinds.items()]) or "no named features"
        raise DataError(f"{name} has {has}", "expected a feature image (Image) and a feature label (ClassLabel)")
    return tuple(features["label"].names)


def _own_splits(there: list[str], name: str) -> dict[str, str]:
    own: dict[str, str] = {}
    for own_name, split in splits_named(there).items():
        if own.setdefault(split, own_name) != own_name:
            raise DataError(
                f"{name} has two {split} splits, {own[split]} and {own_name}", "set which to use with splits"
            )
    if "train" not in own:
        raise DataError(f"{name} has no split train, only {some(there) or 'none'}", "set which to use with splits")
    return {split: own[split] for split in SPLITS if split in own}


def _read(builder: Any, split: str, count: int, input_format: InputFormat, where: str) -> tuple[np.ndarray, np.ndarray]:
    tfds = _package(where)
    # Not decoded there, so that orientation, transparency and size are treated as in every other source
    dataset = builder.as_dataset(split=split, shuffle_files=False, decoders={"image": tfds.decode.SkipDecoding()})
    images = np.empty((count, *input_format.shape), np.uint8)
    labels = np.empty(count, np.int64)
    done = 0
    for done, example in enumerate(tfds.as_numpy(dataset), 1):
        if int(example["label"]) < 0:
            raise DataError(f"{where} image {done} has no label")
        images[done - 1] = read_image(example["image"], input_format, f"{where} image {done}")
        labels[done - 1] = example["label"]
    if done != count:
        raise DataError(
            f"{where} should have {counted(count, 'image')}, but has {done:,}", "remove it and download it again"
        )
    return images, labels
