"""Divides the images of a source as a spec asks: its own splits are kept, groups stay whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnncli.data.dicom_groups import dicom_groups
from cnncli.data.groups import Groups, matched_groups, shared_groups
from cnncli.data.names.split_names import SPLITS
from cnncli.data.quality.class_warnings import lacking_classes
from cnncli.data.samples import ImageData
from cnncli.data.split import Drawing, divide, validation_indices
from cnncli.errors import RunError
from cnncli.notices import Notice
from cnncli.spec.schema import Data
from cnncli.spec.sections.split import taken_from_training
from cnncli.wording import counted


@dataclass(frozen=True)
class Part:
    """The images of one split.

    Args:
        origin: The split of the source that they come from.
        indices: Which images of it, int64; None for all.
    """

    origin: str
    indices: np.ndarray | None = None

    def of(self, source: ImageData[Any]) -> Any:
        """The images."""
        samples = source.splits[self.origin]
        return samples if self.indices is None else samples.take(self.indices)


def divide_source(
    source: ImageData[Any],
    data: Data,
    seed: int,
    recorded: Sequence[int] | None,
    listed: Mapping[str, np.ndarray] | None,
    notice: Notice,
) -> tuple[dict[str, Part], np.ndarray | None, dict[str, Groups]]:
    """Divides the images of a source.

    Args:
        source: The images, in the splits that the source has itself.
        data: Section `data` of the spec.
        seed: Seed of the spec.
        recorded: Validation indices of an earlier run with the same built-in data, to use exactly these.
        listed: The indices of each split, where a file divides the images.
        notice: Receives what a user would not expect.

    Returns:
        The splits in the order of `SPLITS`; the indices of the training images that are held out for validation where
        the source has test images, None otherwise; and the groups of the images of each split, where the spec asks for
        groups.

    Raises:
        DataError: The images cannot be divided as the spec asks.
        RunError: The recorded split does not fit the images.
    """
    split = data.split
    groups = groups_of(source, split.group)
    if listed is not None:
        parts, held_out = {name: Part("train", indices) for name, indices in listed.items()}, None
    else:
        parts, held_out = _drawn(source, data, seed, recorded, groups.get("train"), notice)
    for name, other in (("validation", split.validation), ("test", split.test)):
        if name not in parts and isinstance(other, str):
            parts[name] = parts[other]
    ordered = {name: parts[name] for name in SPLITS if name in parts}
    grouped = {
        name: groups[part.origin] if part.indices is None else groups[part.origin].take(part.indices)
        for name, part in ordered.items()
        if groups
    }
    for line in _warnings(source, data, ordered, grouped):
        notice(line)
    return ordered, held_out, grouped


def _drawn(
    source: ImageData[Any],
    data: Data,
    seed: int,
    recorded: Sequence[int] | None,
    groups: Groups | None,
    notice: Notice,
) -> tuple[dict[str, Part], np.ndarray | None]:
    """The source's own splits, and those that it lacks, drawn from the training images."""
    split, where = data.split, data.source.where
    for problem in split.not_used(source.splits, where):
        notice(problem.message)
    parts = {name: Part(name) for name in source.splits}
    if "validation" in parts and split.validation == 0:
        unused = counted(len(source.splits["validation"]), "validation image")
        notice(f"{unused} of the source not used: data.split.validation is 0")
        del parts["validation"]
    labels, drawing = source.splits["train"].labels, Drawing(split.stratify, seed, groups)
    validation = 0 if "validation" in parts else split.held_out("validation")
    if "test" not in parts:
        division = divide(labels, source.class_names, validation, split.held_out("test"), drawing)
        drawn = {"train": division.train, "validation": division.validation, "test": division.test}
        parts |= {name: Part("train", indices) for name, indices in drawn.items() if len(indices)}
        if "validation" in source.splits and "test" not in split.set_keys:
            part = f"{len(division.test):,} of its {counted(len(labels), 'training image')}"
            notice(taken_from_training(where, part))
        return parts, None
    if not validation:
        return parts, None
    if recorded is None:
        held_out = validation_indices(labels, validation, drawing, source.class_names)
    else:
        held_out = np.asarray(recorded, dtype=np.int64)
        if held_out.size and not 0 <= held_out.min() <= held_out.max() < len(labels):
            raise RunError("the split recorded in data.json does not fit the images of the source")
    rest = np.setdiff1d(np.arange(len(labels)), held_out)
    return {**parts, "train": Part("train", rest), "validation": Part("train", held_out)}, held_out


def groups_of(source: ImageData[Any], group: Mapping[str, str] | None) -> dict[str, Groups]:
    """The groups of the images of each split of a source; none where the spec asks for none.

    Raises:
        DataError: The pattern is not found in every name, or an element not in every file.
    """
    if not group:
        return {}
    names = source.groups if "column" in group else {name: of.names for name, of in source.splits.items()}
    whole = [name for split in source.splits for name in names[split]]
    if "dicom" in group:
        paths = [of.path(index) for of in source.splits.values() for index in range(len(of))]
        every = dicom_groups(whole, paths, group["dicom"])
    else:
        every = Groups.named(whole) if "column" in group else matched_groups(whole, group["pattern"])
    ends = np.cumsum([len(of_split) for of_split in source.splits.values()])
    parts = np.split(every.of_image, ends[:-1])
    return {split: Groups(every.names, part) for split, part in zip(source.splits, parts, strict=True)}


def _warnings(
    source: ImageData[Any], data: Data, parts: Mapping[str, Part], grouped: Mapping[str, Groups]
) -> Iterator[str]:
    """What may mislead: classes that are not in every split, groups in two, sizes that whole groups do not permit."""
    split, way = data.split, ""
    if split.file is not None:
        way = f"{split.file} divides the images"
    elif grouped:
        way = "groups are kept whole"
    elif not split.stratify:
        way = "the last images are taken, whatever their classes: remove 'stratify: false'"
    for name, part in parts.items():
        if part.indices is not None and not (name != "test" and part is parts.get("test")):
            labels = source.splits[part.origin].labels
            if sentence := lacking_classes(name, labels, labels[part.indices], source.class_names, way):
                yield f"warning: {sentence}"
    if not grouped:
        return
    yield from _other_sizes(data, parts, len(source.splits["train"]))
    different = [name for name, part in parts.items() if not (name != "test" and part is parts.get("test"))]
    shared = shared_groups({name: grouped[name] for name in different})
    if shared:
        name, first, second = shared[0]
        are = f"{counted(len(shared), 'group')} {'has' if len(shared) == 1 else 'have'} images in two splits"
        yield f"warning: {are}, such as '{name}' in {first} and {second}; metrics on them are inflated"


def _other_sizes(data: Data, parts: Mapping[str, Part], total: int) -> Iterator[str]:
    """Splits whose size differs from the wish by more than a quarter."""
    for name, value in (("validation", data.split.validation), ("test", data.split.test)):
        part = parts.get(name)
        if data.split.file is not None or part is None or part.indices is None or isinstance(value, str):
            continue
        wish = round(total * value) if isinstance(value, float) else value
        if abs(len(part.indices) - wish) > max(1, wish / 4):
            yield f"warning: {counted(len(part.indices), f'{name} image')} in place of {wish:,}: groups are kept whole"
