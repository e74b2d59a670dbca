"""Drafts a spec for a folder or table of images: surveys them, chooses, and gives the reason for each choice."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.inventory.archives import archive_name, unpacked
from cnncli.data.names.split_names import splits_named
from cnncli.data.quality.group_names import SuggestedGroups
from cnncli.data.quality.survey import Survey, survey
from cnncli.data.sources.rows.webdataset import is_webdataset
from cnncli.draft.augmentation import choose_augmentation
from cnncli.draft.budget import BEST, QUICK, USUAL, Budget
from cnncli.draft.image_format import ImageFormat, choose_image_format
from cnncli.draft.model import choose_network, model_section
from cnncli.draft.pretrained import ADVICE, announcement, backbone_section, is_cached, is_worthwhile, with_size
from cnncli.draft.schedule import SHORT_EPOCH, choose_schedule, train_section
from cnncli.draft.split import Split, choose_split
from cnncli.draft.text import blocks, comment, joined, printed
from cnncli.draft.training_time import TrainingTime, estimate, measure_core
from cnncli.errors import DataError
from cnncli.spec import parse
from cnncli.spec.lint import lint_images
from cnncli.spec.reader import read
from cnncli.spec.sections.duration import seconds_of
from cnncli.spec.static_data_info import StaticDataInfo, static_data_info
from cnncli.spec.writer import entry, flow, scalar, setting
from cnncli.wording import counted, dimensions, in_shell

__all__ = [
    "BEST",
    "QUICK",
    "USUAL",
    "Budget",
    "Draft",
    "TrainingTime",
    "archive_name",
    "draft",
    "draft_in_time",
    "survey",
    "unpack",
]

MANY_CLASSES = 50
"""Number of classes from which on a spec does not list them: the list would hide the rest."""

_FEW_PER_CLASS = 30


def unpack(path: Path, notice: Callable[[str], None]) -> Path:
    """The folder that an archive is unpacked into; anything else, and a tar archive of WebDataset, as it is."""
    is_archive = path.is_file() and archive_name(path) is not None
    return unpacked(path, notice) if is_archive and not is_webdataset(path) else path


SMALLER_SIDES = (None, 96, 64)
"""Longer sides in pixels that are tried until a training with a time limit has enough epochs; first the usual one."""

ENOUGH_EPOCHS = 15


@dataclass(frozen=True)
class Draft:
    """A drafted spec as YAML, how long it should train on this machine, and what to tell besides."""

    text: str
    time: TrainingTime
    stops_after: float | None  # seconds, where the training does not end before a time limit
    notes: tuple[str, ...]  # sentences about classes that validation or test lack, and about pretrained weights


def draft_in_time(images: Survey, file: str, budget: Budget = USUAL, pretrained: bool | None = None) -> Draft:
    """The same as `draft`, with an estimate; with a time limit, images are made smaller until enough epochs fit.

    Args:
        images: Result of `survey`.
        file: Name of the spec to come.
        budget: How long the training may take.
        pretrained: As for `draft`.
    """
    core, sides = measure_core(), SMALLER_SIDES if budget.max_time else (None,)
    split = choose_split(images.labels, images.class_names)
    notes = dict.fromkeys(split.lacking)  # in order, each once
    for side in sides:
        budget = replace(budget, largest_side=side)
        text = draft(images, file, budget, notes.setdefault, pretrained)
        loaded = parse(read(text, file))
        time = estimate(loaded, images, split, core)
        if not (seconds := seconds_of(budget.max_time)) or (loaded.spec.train.stages and time.total <= seconds):
            return Draft(text, time, None, tuple(notes))
        time = replace(time, epochs=time.epochs_within(seconds))
        if time.epochs >= ENOUGH_EPOCHS:
            break
    text = draft(images, file, replace(budget, epochs=time.epochs), pretrained=pretrained)
    return Draft(text, time, seconds, tuple(notes))


def draft(
    images: Survey,
    file: str,
    budget: Budget = USUAL,
    notice: Callable[[str], object] = lambda sentence: None,
    pretrained: bool | None = None,
) -> str:
    """A commented spec for these images, as YAML; it passes `cnncli check` without a warning.

    Args:
        images: Result of `survey`.
        file: Name of the spec to come, for the commands in its heading.
        budget: How long the training may take.
        notice: Receives a sentence about the weights of a pretrained network, where one would help.
        pretrained: Whether the network is a pretrained one; by default where that helps and its weights are cached.

    Raises:
        DataError: There are too few images to divide, or a name cannot be written in a spec.
    """
    _require_text(images)
    split = choose_split(images.labels, images.class_names)
    image_format = choose_image_format(
        images.sizes, images.grey, images.all_labels, images.class_names, split.train, budget.largest_side
    )
    worthwhile = is_worthwhile(image_format, split.train, len(images.class_names))
    backbone = (worthwhile and is_cached()) if pretrained is None else pretrained
    if backbone:
        notice(announcement())
        image_format = with_size(image_format)
    elif worthwhile and pretrained is None:
        notice(ADVICE)
    schedule = choose_schedule(split.train, budget, backbone)
    model = (
        backbone_section()
        if backbone
        else model_section(choose_network(image_format), split.train, schedule.steps < SHORT_EPOCH)
    )
    augmentations, reason = choose_augmentation(image_format, images.class_names, schedule.epochs)
    augment = [line for each, why in augmentations for line in [*comment(why, 2), *entry(each, 2)]]
    sections = [
        _heading(images, file),
        _data(images, image_format, split),
        [*comment(reason), "augment:", *augment],
        model,
        train_section(schedule, images.counts(), images.class_names, split.validation),
    ]
    text = "\n".join([*blocks(sections), ""])
    return text + "\n".join(["", *silence, ""]) if (silence := _silence(text, file, images, split)) else text


_SILENCED = {
    "few-validation-images": "Few to choose the best epoch by: {validation} for {classes}; more would leave too few to "
    "train on.",
    "large-batch": "All {train} fit into one batch.",
}
"""Warnings about the number of images that no other choice would avoid, with the reason."""


def _silence(text: str, file: str, images: Survey, split: Split) -> list[str]:
    """The key `silence`, for the warnings that these images alone give rise to."""
    spec = parse(read(text, file)).spec
    drawn = split.validation if "validation" in split.keys else None
    info = StaticDataInfo(static_data_info(spec.data).shape, images.class_names, split.train, drawn)
    found = {warning.code for warning in lint_images(spec, info)}
    counts = {
        "validation": counted(split.validation, "validation image"),
        "train": counted(split.train, "training image"),
        "classes": counted(len(images.class_names), "class"),
    }
    reasons = {code: reason.format(**counts) for code, reason in _SILENCED.items() if code in found}
    if not reasons:
        return []
    reason = " ".join([*reasons.values(), "Remove this when there are more images."])
    return [*comment(reason), *setting("silence", list(reasons), 0)]


def _heading(images: Survey, file: str) -> list[str]:
    name = shlex.quote(file)
    counts = images.counts() if len(images.labels) == 1 else sum(images.counts(split) for split in images.labels)
    least, most = int(np.min(counts)), int(np.max(counts))
    per_class = f"{most:,} per class" if least == most else f"{least:,} to {most:,} per class"
    smallest, largest = images.sizes[images.sizes.prod(axis=1).argsort()[[0, -1]]]
    sizes = dimensions(smallest) + ("" if (smallest == largest).all() else f" to {dimensions(largest)}")
    few = f" Fewer than {_FEW_PER_CLASS} images of a class are very few: more images would help more than any setting."
    return [
        *comment(f"An image classifier for {images.arguments['path']}, drafted by `cnncli init`. Not trained yet."),
        *("#", f"#   cnncli check {name}", f"#   cnncli preview {name}", f"#   cnncli train {name}", "#"),
        *comment(
            f"{counted(len(images.sizes), 'image')} in {counted(len(images.class_names), 'class')}, {per_class}; "
            f"{joined(list(images.formats))}, {sizes} pixels (height×width).{few if least < _FEW_PER_CLASS else ''}"
        ),
        *comment("Each choice is a starting point. Change one at a time and compare the results with `cnncli runs`."),
    ]


def _data(images: Survey, image_format: ImageFormat, split: Split) -> list[str]:
    path = images.arguments["path"]
    relative = "" if Path(path).is_absolute() else "Relative to the folder in which the commands are run."
    size = [image_format.height, image_format.width]
    image: dict[str, Any] = {"size": size, "color": image_format.color, "resize": image_format.resize}
    reasons = list(image_format.reasons)
    if images.dark:
        white = images.dark.likely_white
        image["white"] = int(white) if white == int(white) else white
        reasons.append(f"White is {white:g}, because {images.dark}; set the true value if you know it.")
    if images.stacks:
        image["frame"] = "middle"
        hold = "holds" if images.stacks == 1 else "hold"
        reasons.append(
            f"{counted(images.stacks, 'file')} {hold} several pages or frames: the middle one is used; `first` or a "
            "number from 0 on chooses another."
        )
    counts = f"{split.train:,} images to train, {split.validation:,} to validate, {split.test:,} to test."
    settings = [
        [*comment(relative, 2), f"  source: {flow({images.source: dict(images.arguments)})}"],
        _classes(images.class_names, bool(images.foreign)),
        _excluded(images.unreadable, path),
        [*comment(" ".join(reasons), 2), f"  image: {flow(image)}"],
        [*comment(f"{counts} {split.reason}", 2), *([f"  split: {flow(split.keys)}"] if split.keys else [])],
        _groups(images.groups, split),
    ]
    return ["data:", *blocks(settings)]


def _groups(groups: SuggestedGroups | None, split: Split) -> list[str]:
    """The key `data.split.group`, to be used by those who know that the images belong together."""
    if groups is None or not split.keys:
        return []
    with_groups = flow({**split.keys, "group": {"pattern": groups.pattern}})
    reason = (
        f"The file names suggest {groups}. If these belong together, such as the images of one subject, use this line:"
    )
    return [*comment(reason, 2), f"  # split: {printed(with_groups)}"]


def _classes(names: tuple[str, ...], needed: bool) -> list[str]:
    """The key `data.classes`, where it makes a spec clearer or is needed to leave classes out."""
    if (len(names) >= MANY_CLASSES and not needed) or not all(name.strip() for name in names):
        return []
    if splits_named(names):
        return []  # a listed class called `train` would make the source take the folders of splits for classes
    reason = "In the order of the network's outputs. The images of a class that is not listed are not used."
    return [*comment(reason, 2), *setting("classes", list(names), 2)]


def _excluded(unreadable: Mapping[str, str], path: str) -> list[str]:
    if not unreadable:
        return []
    files = [f"    - {scalar(name)}  # {printed(reason)}" for name, reason in unreadable.items()]
    return [
        *comment(f"These files cannot be read; details: `cnncli data {in_shell(path)}`.", 2),
        "  exclude:",
        *files,
    ]


def _require_text(images: Survey) -> None:
    """A file name may be any bytes, but a spec is text."""
    for name in (*images.arguments.values(), *images.class_names, *images.unreadable):
        if re.search("[\ud800-\udfff]", name):
            raise DataError(f"the name {printed(name)} is not UTF-8 text, so a spec cannot name it", "rename it")
