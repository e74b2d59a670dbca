"""What to tell of the classes of a source where a training starts, and where a spec is drafted for it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.names.similar_names import merging, similar_names
from cnncli.data.quality.group_names import suggested_groups
from cnncli.data.quality.label_values import odd_labels
from cnncli.data.split import missing_classes
from cnncli.wording import counted, some

SHOWN_CLASSES = 20
"""Number of classes up to which a message proposes the whole mapping."""


def class_warnings(class_names: Sequence[str], labels: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Warnings of classes that a split lacks, of those that may be one, and of names that are odd.

    The labels of each split that is used are indices into the names: int64 `(images,)`.
    """
    for split in (split for split in labels if split != "train"):
        lacking = [class_names[label] for label in missing_classes(labels[split], len(class_names))]
        if lacking:
            yield f"warning: {lacks(split, lacking)}"
    yield from _similar(class_names)
    for sentence in odd_labels(class_names, sum(map(len, labels.values()))):
        yield f"warning: {sentence}"


def lacks(split: str, names: Sequence[str]) -> str:
    """Says that the images of a split are of none of these classes, and what follows from it."""
    classes, they = ("classes", "they are") if len(names) > 1 else ("class", "it is")
    if split == "train":
        return f"the training images lack the {classes} {some(names)}: {they} never learned"
    return f"the {split} images lack the {classes} {some(names)}: how well {they} recognised is not measured on them"


def lacking_classes(
    split: str, labels: np.ndarray, drawn: np.ndarray, class_names: Sequence[str], way: str = ""
) -> str:
    """What to tell of the classes that a split lacks though the images that it was drawn from have them.

    Args:
        split: The split.
        labels: Of the images that it was drawn from, int64 `(images,)`.
        drawn: Labels of those that were drawn.
        class_names: Names of the classes.
        way: Why the split lacks them, or how it could have them, where it is not a matter of numbers.

    Returns:
        The sentence, empty when it lacks none.
    """
    lacking = missing_classes(drawn, len(class_names))
    if not lacking:
        return ""
    sizes = np.bincount(labels, minlength=len(class_names))
    named = [f"{class_names[label]} ({counted(int(sizes[label]), 'image')})" for label in lacking]
    several = int((sizes > 1).sum())
    is_small = len(drawn) < several and sizes[lacking].max() > 2 and 2 * several + len(class_names) <= len(labels)
    more = f"set data.split.{split} to {several:,} to have one of each" if is_small else "add images"
    return f"{lacks(split, named)}; {way or more}"


_SHOWN_FOLDERS = 6
"""Number of folders up to which a message proposes the whole mapping."""


def folders_within_classes(images: Sequence[Entry]) -> Iterator[str]:
    """Says of `animals/cat/1.png` that cat could be the class, where every image is in a folder within its class.

    The names of the images are paths, in which the folder of the class has its name. None is said where each class has
    one folder within it, or where these folders are groups, such as those of patients.
    """
    within, outer = dict[tuple[str, str], str](), dict[str, str]()
    for image in images:
        folders = image.name.split("/")[:-1]
        at = folders.index(image.label) if image.label in folders else len(folders)  # a class may have another name
        if at + 1 >= len(folders):
            return
        within.setdefault((folders[at], folders[at + 1]), "/".join(folders[at : at + 2]))
        outer["/".join(folders[: at + 1])] = image.split
    if len(within) > len({image.label for image in images}) and suggested_groups(images) is None:
        inner = some(list(dict.fromkeys(folder for _, folder in within)))
        pairs = [f"{_written(folder)}: {split}" for folder, split in outer.items()]
        mapping = ", ".join(pairs[:_SHOWN_FOLDERS] + ["…"] * (len(pairs) > _SHOWN_FOLDERS))
        yield (
            f"the images of each class are in folders within it, such as {next(iter(within.values()))}; to make these "
            f"the classes ({inner}), leave out data.classes and set data.split.folder: {{{mapping}}}"
        )


def _similar(names: Sequence[str]) -> Iterator[str]:
    groups = similar_names(names)
    if groups:
        alike = some([" and ".join(map(repr, group)) for group in groups])
        yield f"warning: classes have similar names: {alike}; to make them one, set {merging_mapping(names, groups)}"


def merging_mapping(names: Sequence[str], groups: Sequence[tuple[str, ...]]) -> str:
    """The key of a spec that gives the names of each group one name, as text."""
    pairs = [f"{_written(name)}: {_written(new_name)}" for name, new_name in merging(names, groups).items()]
    mapping = f"{{{', '.join(pairs)}}}" if len(names) <= SHOWN_CLASSES else "a mapping with one name for both"
    return f"data.classes: {mapping}"


def _written(name: str, words: Collection[str] = ("null", "true", "false")) -> str:
    """A name as YAML has it: in quotes unless it is a simple word."""
    simple = re.fullmatch(r"[A-Za-z_][\w-]*", name) and name.lower() not in words
    return name if simple else json.dumps(name, ensure_ascii=False)
