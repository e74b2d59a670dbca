"""Drafts a spec for a folder or table of images: looks at them, chooses, and gives the reason for each choice."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnncli.data.quality.survey import Survey, survey
from cnncli.data.sources.folder import SPLIT_FOLDERS
from cnncli.draft.augmentation import choose_changes
from cnncli.draft.image_format import Frame, choose_frame
from cnncli.draft.model import network_lines
from cnncli.draft.schedule import FEW_STEPS, choose_pace, training_lines
from cnncli.draft.split import Shares, choose_shares
from cnncli.draft.text import apart, comment, counted, joined, pixels, printed
from cnncli.errors import DataError
from cnncli.spec.writer import entry, flow, scalar, setting

__all__ = ["Survey", "draft", "survey"]

MANY_CLASSES = 50
"""Classes from which on a spec does not list them."""

_FEW_OF_A_CLASS = 30


def draft(seen: Survey, file: str) -> str:
    """A commented spec for these images; it passes `cnncli check` without a warning.

    Args:
        seen: what `survey` saw.
        file: what the spec will be called, for the commands in its heading.

    Returns:
        YAML.

    Raises:
        DataError: a class has too few images, or a name can be in no spec.
    """
    _require_text(seen)
    where = seen.arguments["path"]
    frame = choose_frame(seen.sizes, seen.grey, seen.all_labels, seen.class_names)
    shares = choose_shares(seen.labels, seen.class_names, where)
    pace = choose_pace(shares.train)
    changes, why = choose_changes(frame, seen.class_names)
    return "\n".join(
        [
            *_heading(seen, file),
            "",
            *_data(seen, frame, shares),
            "",
            *comment(why),
            "augment:",
            *(line for change in changes for line in [*comment(change.reason, 2), *entry(change.entry, 2)]),
            "",
            *network_lines(frame, shares.train, pace.steps < FEW_STEPS),
            "",
            *training_lines(pace, seen.counts(), shares.validation),
            "",
        ]
    )


def _heading(seen: Survey, file: str) -> list[str]:
    name = shlex.quote(file)
    total = seen.counts() if len(seen.labels) == 1 else sum(seen.counts(split) for split in seen.labels)
    least, most = int(np.min(total)), int(np.max(total))
    each = f"{most:,} of each" if least == most else f"{least:,} to {most:,} of each"
    smallest, largest = seen.sizes[seen.sizes.prod(axis=1).argsort()[[0, -1]]]
    range_of_sizes = pixels(*smallest) + ("" if (smallest == largest).all() else f" to {pixels(*largest)}")
    few = (
        f" Fewer than {_FEW_OF_A_CLASS} images of a class teach little: more images would help more than any setting."
        if least < _FEW_OF_A_CLASS
        else ""
    )
    return [
        *comment(f"An image classifier for {seen.arguments['path']}, drafted by `cnncli init`. Not trained yet."),
        "#",
        f"#   cnncli check {name}",
        f"#   cnncli preview {name}",
        f"#   cnncli train {name}",
        "#",
        *comment(
            f"Seen: {counted(len(seen.sizes), 'image')} in {counted(len(seen.class_names), 'class')}, {each}; "
            f"{joined(list(seen.formats))}, {range_of_sizes} pixels (height×width).{few}"
        ),
        *comment("Each choice is a beginning, with its reason. Change one at a time and compare with `cnncli runs`."),
    ]


def _data(seen: Survey, frame: Frame, shares: Shares) -> list[str]:
    path = seen.arguments["path"]
    from_here = "" if Path(path).is_absolute() else "As seen from the folder that the commands run in."
    image = {"size": [frame.height, frame.width], "color": frame.color, "resize": frame.resize}
    counts = f"{shares.train:,} to train, {shares.validation:,} to validate, {shares.test:,} to test. {shares.reason}"
    parts = [
        [*comment(from_here, 2), f"  source: {flow({seen.source: dict(seen.arguments)})}"],
        _classes(seen.class_names),
        _excluded(seen.unreadable, path),
        [*comment(" ".join(frame.reasons), 2), f"  image: {flow(image)}"],
        [*comment(counts, 2), *([f"  split: {flow(shares.keys)}"] if shares.keys else [])],
    ]
    return ["data:", *apart(parts)]


def _classes(names: tuple[str, ...]) -> list[str]:
    """The key `data.classes`, where it makes a spec clearer."""
    if len(names) >= MANY_CLASSES or not all(name.strip() for name in names):
        return []
    if SPLIT_FOLDERS.keys() & {name.lower() for name in names}:
        return []  # a class called `train`, named here, would make the source take splits for classes
    reason = "In the order of the network's outputs. Leave one out, and its images are not used."
    return [*comment(reason, 2), *setting("classes", list(names), 2)]


def _excluded(unreadable: Mapping[str, str], path: str) -> list[str]:
    if not unreadable:
        return []
    files = [f"    - {scalar(name)}  # {printed(reason)}" for name, reason in unreadable.items()]
    return [*comment(f"Cannot be read; `cnncli data {path}` tells more.", 2), "  exclude:", *files]


def _require_text(seen: Survey) -> None:
    """File names may be any bytes, but a spec is text."""
    for name in (*seen.arguments.values(), *seen.class_names, *seen.unreadable):
        if re.search("[\ud800-\udfff]", name):
            raise DataError(
                f"{printed(name)} is a name of bytes that are no UTF-8 text, and no spec can name it", "rename it"
            )
