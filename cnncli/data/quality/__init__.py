"""The data doctor: checks every file of a source for what would stop a training or mislead it.

Files are only read: none is changed, moved or written.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.files import Part
from cnncli.data.inventory.source_inventory import Entry, SourceInventory, inventory_of_data
from cnncli.data.names.classes import Classes
from cnncli.data.quality import rules
from cnncli.data.quality.class_warnings import folders_within_classes
from cnncli.data.quality.codes import CODES, finding, most_severe_first
from cnncli.data.quality.group_names import groups_in_names
from cnncli.data.quality.inspection import FileInspection, inspect_all, inspect_files, inspect_pixels
from cnncli.data.quality.medical import misleading_headers, mixed_windows, shared_patients, window_rules
from cnncli.data.quality.near_duplicates import duplicates, near_duplicates
from cnncli.data.quality.value_range import DarkSet, dark_sets
from cnncli.data.samples import FileSamples, ImageData, Samples
from cnncli.data.sources import inventory_of, load_images
from cnncli.errors import DataError
from cnncli.notices import Progress
from cnncli.records import Affected, DataReport, Finding

_READING = InputFormat(1, 1, 3)


@dataclass(frozen=True)
class Plan:
    """What a training will do with the images.

    Args:
        sets_size: Whether the spec sets the size to read them in; None while there is no spec.
        validation: Fraction or number of images to hold out for validation where the source has no such split.
        unused: Splits of the source that are not used; their classes are not judged.
        reading: What the numbers in files mean, and which picture of a stack is taken; size and colour do not matter.
        is_grouped: Whether the division is settled: by groups, or by a file.
    """

    sets_size: bool | None = None
    validation: float | int = 0
    unused: tuple[str, ...] = ()
    reading: InputFormat = _READING
    is_grouped: bool = False


_NO_PLAN = Plan()
_LAYOUT = {"empty-class", "classes-differ", "unreadable-folder", "table-row"}


def scan_files(
    source: str,
    path: Path | str,
    *,
    decode: bool = True,
    progress: Progress | None = None,
    plan: Plan = _NO_PLAN,
    classes: Classes = None,
    exclude: Container[str] = (),
    **more: Any,
) -> DataReport:
    """Checks the images of a source of files. A broken file or row is a finding and stops nothing.

    Args:
        source: A key of `IMAGE_SOURCES` whose images are files.
        path: Path of the folder or table.
        decode: Decode every image and compare them all; otherwise only headers are read.
        progress: Receives how many files are done.
        plan: What a training will do with the images.
        classes: Those of `data.classes`.
        exclude: Files to pass over.
        **more: Other arguments of the source.

    Raises:
        DataError: There is no such folder or table, it cannot be read as one, or lacks a class that `classes` names.
    """
    arguments: dict[str, Any] = {"path": path, **more}
    context = {"classes": classes, "exclude": exclude, "input_format": plan.reading}
    inventory = inventory_of(source, arguments, **context)
    files = [(inventory.root / entry.name, entry.name) for entry in inventory.entries]
    inspections = inspect_files(files, decode, progress, plan.reading)
    refused = _refusal(lambda: load_images(source, arguments, **context))
    paths = [path for entry, (path, _) in zip(inventory.entries, files, strict=True) if entry.label]
    labelled = [one for entry, one in zip(inventory.entries, inspections, strict=True) if entry.label]
    dark = dark_sets(paths, labelled, plan.reading, every=decode)
    report = _report(str(path), inventory, inspections, decode, plan, refused, dark)
    if source != "folder" or plan.sets_size is not None:  # a spec says which folders are the classes
        return report
    pairs = zip(inventory.entries, inspections, strict=True)
    images = [entry for entry, one in pairs if entry.label and one.problem != "passed-over"]
    nested = [Affected((), sentence) for sentence in folders_within_classes(images)]
    return replace(report, findings=most_severe_first([*report.findings, *finding("nested-classes", nested)]))


def scan_arrays(
    source: str, data: ImageData[Samples], progress: Progress | None = None, plan: Plan = _NO_PLAN
) -> DataReport:
    """Checks images in memory; each is named by its split and its name within it: `train/17`."""
    inventory = inventory_of_data(data, Path())
    inventory.entries = [replace(entry, name=f"{entry.split}/{entry.name}") for entry in inventory.entries]
    images = [image for samples in data.splits.values() for image in samples.images]
    inspections = inspect_all(len(images), lambda number: inspect_pixels(images[number]), progress)
    return _report(source, inventory, inspections, True, plan)


class HeaderCheck(NamedTuple):
    """What the headers of all images show, and how many DICOM files have their black and white by which rule."""

    findings: tuple[Finding, ...]
    windows: dict[str, int]


def check_headers(splits: Mapping[str, FileSamples]) -> HeaderCheck:
    """Checks the header of every image before a training: what would stop it hours later shows in seconds.

    A file that looks cut off is decoded to be sure; the others are not. Findings are files that cannot be read, damaged
    colour profiles if they are to be applied, sets of 16 bits, or of 8, that are so dark that white must be set, and of
    DICOM files different windows and patients in several splits.
    """
    files = [(samples.path(number), name) for samples in splits.values() for number, name in enumerate(samples.names)]
    entries = [Entry(name, split, "any") for split, samples in splits.items() for name in samples.names]
    reading = next((samples.input_format for samples in splits.values()), _READING)
    # The source takes these for images, so one that is not is an error
    inspections = [
        replace(one, problem="not-an-image") if one.problem == "passed-over" else one
        for one in _in_order_of_storage(splits, files, reading)
    ]
    findings = rules.broken_files(entries, inspections)
    if reading.icc == "srgb":
        findings += rules.broken_profiles([*zip(entries, inspections, strict=True)])
    dark = dark_sets([path for path, _ in files], inspections, reading)
    findings += rules.unset_white(dark)
    images, has_window = [*zip(entries, inspections, strict=True)], reading.window is not None
    findings += [*mixed_windows(images, has_window), *shared_patients(images)]
    return HeaderCheck(most_severe_first(findings), window_rules(images, has_window))


def _in_order_of_storage(
    splits: Mapping[str, FileSamples], files: Sequence[tuple[Path | Part, str]], reading: InputFormat
) -> list[FileInspection]:
    """What the headers of files show; those in tar shards are read one shard after the other."""
    shards = next((samples.shards for samples in splits.values()), None)
    if shards is None:
        return inspect_files(files, False, None, reading)
    order = sorted(range(len(files)), key=lambda number: shards.place(files[number][1]))
    inspected = dict(zip(order, inspect_files([files[number] for number in order], False, None, reading), strict=True))
    return [inspected[number] for number in range(len(files))]


def _report(
    source: str,
    inventory: SourceInventory,
    inspections: list[FileInspection],
    decoded: bool,
    plan: Plan,
    refused: Sequence[Affected] = (),
    dark: Sequence[DarkSet] = (),
) -> DataReport:
    """The report; `refused` counts where no other finding says the same."""
    entries = inventory.entries
    used = [(entry, one) for entry, one in zip(entries, inspections, strict=True) if entry.label]
    images = [entry for entry, one in used if one.problem != "passed-over"]
    readable = [(entry, one) for entry, one in used if not one.problem]
    counts = {
        split: dict.fromkeys(labels, 0) | dict(Counter(entry.label for entry in images if entry.split == split))
        for split, labels in inventory.classes.items()
    }
    findings = [
        *rules.broken_files(entries, inspections, inventory.problems),
        *rules.peculiar_images(readable, are_dark=bool(dark)),
        *rules.class_findings(
            {split: of for split, of in inventory.classes.items() if split not in plan.unused}, counts
        ),
        *rules.different_sizes(readable, plan.sets_size),
        *rules.small_validation(counts, plan.validation),
        *rules.color_tells_class(readable),
        *(rules.brightness_tells_class(readable) if decoded else []),
        *rules.profiles(readable, plan.reading.icc == "srgb"),
        *rules.unset_white(dark),
        *misleading_headers(readable, plan.reading.window is not None, plan.is_grouped),
        *([] if plan.is_grouped else groups_in_names([entry for entry, _ in readable])),
        *duplicates(readable),
        *near_duplicates(readable),
        *rules.colliding_names(entry.name for entry in entries),
    ]
    if not any(one.code in _LAYOUT for one in findings):
        findings += finding("refused", refused)
    return DataReport(
        source,
        tuple(dict.fromkeys(label for labels in inventory.classes.values() for label in labels)),
        counts,
        dict(Counter(one.kind for _, one in readable if one.kind).most_common()),
        _sizes(readable),
        most_severe_first(findings),
        decoded,
    )


def _refusal(load: Callable[[], object]) -> list[Affected]:
    """Why the source itself refuses to load, so that the doctor never calls healthy what training refuses."""
    try:
        load()
    except DataError as error:
        return [Affected((), f"{error.message} ({error.hint})" if error.hint else error.message)]
    return []


def _sizes(images: rules.Images) -> tuple[tuple[int, int], ...]:
    """Width and height of the smallest, the median and the largest image; of the median each by itself."""
    ordered = sorted(((one.width, one.height) for _, one in images), key=lambda size: (size[0] * size[1], size))
    if not ordered:
        return ()
    width, height = (round(statistics.median(sides)) for sides in zip(*ordered, strict=True))
    return (ordered[0], (width, height), ordered[-1])


__all__ = ["CODES", "Plan", "check_headers", "scan_arrays", "scan_files"]
