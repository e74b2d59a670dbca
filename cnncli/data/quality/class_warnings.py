"""What to tell of the classes of a source where a training starts, and where a spec is drafted for it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from cnncli.data.names.similar_names import merging, similar_names
from cnncli.data.quality.label_values import odd_labels
from cnncli.wording import some

SHOWN_CLASSES = 20
"""Number of classes up to which a message proposes the whole mapping."""


def class_warnings(class_names: Sequence[str], labels: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Warnings of classes that a split lacks, of those that may be one, and of names that are odd.

    The labels of each split that is used are indices into the names: int64 `(images,)`.
    """
    for split in (split for split in labels if split != "train"):
        counts = np.bincount(labels[split], minlength=len(class_names))
        lacking = [class_names[label] for label in np.flatnonzero(counts == 0).tolist()]
        if lacking:
            yield (
                f"warning: the {split} images lack the class{'es' if len(lacking) > 1 else ''} {some(lacking)}: "
                f"how well {'they are' if len(lacking) > 1 else 'it is'} recognised is not measured on them"
            )
    yield from _similar(class_names)
    for sentence in odd_labels(class_names, sum(map(len, labels.values()))):
        yield f"warning: {sentence}"


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
