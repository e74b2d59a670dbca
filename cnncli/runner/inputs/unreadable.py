"""Leaves out image files that cannot be read, when a spec asks for it: named, counted, and never most of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from cnncli.data.cache import cached_before
from cnncli.data.quality import check_headers
from cnncli.data.samples import FileSamples, ImageData, Unused
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.wording import counted, listed

MOST = 0.5
"""Share of unreadable files above which something else must be wrong, such as a download that failed."""


def without_broken_headers(files: ImageData[FileSamples], where: str) -> ImageData[FileSamples]:
    """The files without those whose header cannot be read.

    Raises:
        DataError: That is most of them, or all training images of a class.
    """
    findings = check_headers(files.splits).findings
    broken = [each for finding in findings if finding.severity == "error" for each in finding.affected]
    reasons = {name: each.detail for each in broken for name in each.names}
    return _without(files, reasons, where)


def without_damaged_images(files: ImageData[FileSamples], where: str, notice: Notice) -> ImageData[FileSamples]:
    """The files without those that cannot be decoded; unless they are in the cache already, all are decoded for it.

    Raises:
        DataError: That is most of them, or all training images of a class.
    """
    names = sorted({name for samples in files.splits.values() for name in samples.names})
    whole = dataclasses.replace(files.splits["train"], names=tuple(names), labels=np.zeros(len(names), np.int64))
    if cached_before(whole) is not None:
        return files
    notice(f"reading {counted(len(names), 'image')} to leave out those that cannot be read")
    return _without(files, whole.failures(), where)


def _without(files: ImageData[FileSamples], reasons: Mapping[str, str], where: str) -> ImageData[FileSamples]:
    if not reasons:
        return files
    total = sum(map(len, files.splits.values()))
    if len(reasons) > MOST * total:
        raise DataError(
            f"{len(reasons):,} of the {total:,} images of {where} cannot be read:"
            f"{listed(f'{name} {reason}' for name, reason in reasons.items())}",
            "these are too many for data.unreadable: exclude to leave out; repair or convert them",
        )
    splits: dict[str, FileSamples] = {}
    groups: dict[str, Any] = {}
    for split, samples in files.splits.items():
        kept = np.array([index for index, name in enumerate(samples.names) if name not in reasons], np.int64)
        splits[split] = samples.take(kept)
        if split in files.groups:
            groups[split] = tuple(files.groups[split][index] for index in kept.tolist())
    _require_every_class(files, splits["train"], reasons)
    return dataclasses.replace(files, splits=splits, groups=groups, unused=(*files.unused, _unused(reasons, total)))


def _require_every_class(files: ImageData[FileSamples], train: FileSamples, reasons: Mapping[str, str]) -> None:
    for label, name in enumerate(files.class_names):
        if not (train.labels == label).any():
            before = files.splits["train"]
            image = before.names[int(np.argmax(before.labels == label))]
            raise DataError(
                f"no training image of the class {name} can be read: {image} {reasons[image]}",
                "repair or convert them, or leave the class out with data.classes",
            )


def _unused(reasons: Mapping[str, str], total: int) -> Unused:
    name, reason = next(iter(reasons.items()))
    are = "is" if len(reasons) == 1 else "are"
    first = "" if len(reasons) == 1 else "the first: "
    return Unused(
        "unreadable",
        len(reasons),
        f"warning: {len(reasons):,} of {counted(total, 'image')} cannot be read and {are} left out "
        f"(data.unreadable: exclude); {first}{name} {reason}",
        reasons,
    )
