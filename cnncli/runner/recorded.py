"""The images of a run: written down by name and content, and found again for it."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.identity import Identical, fingerprint, identical_across
from cnncli.data.samples import FileSamples, Samples
from cnncli.data.sources.classes import require_same_classes
from cnncli.errors import DataError, RunError
from cnncli.runner.images import Notice, Splits, load_source, load_splits
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec

RECORD = "images.csv"
"""The file of a run that names every image with its split and its content."""

COLUMNS = ("split", "origin", "image", "class", "content")
"""Its columns."""


def record_images(run: RunDir, splits: Splits, notice: Notice) -> None:
    """Writes down every image of a training with a hash of its content, and tells of those that are in two splits."""
    samples = _distinct(splits)
    hashes = {split: fingerprint(found) for split, found in samples.items()}
    with run.write(RECORD) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for split, found in samples.items():
            names = (splits.class_names[label] for label in found.labels.tolist())
            origin = splits.origins[split]
            rows = zip(found.names, names, hashes[split], strict=True)
            writer.writerows((split, origin, *row) for row in rows)
    groups = identical_across(hashes)
    shared = [group for group in groups if len(group.splits) > 1]
    if shared:
        split, index = shared[0].members[0]
        are = "1 image is" if len(shared) == 1 else f"{len(shared):,} images are"
        notice(
            f"warning: {are} in more than one split, such as '{samples[split].names[index]}'; "
            "what is measured on them was learned by heart"
        )
    _tell_of_two_labels(samples, groups, splits.class_names, notice)


def _tell_of_two_labels(
    samples: Mapping[str, Any], groups: Sequence[Identical], class_names: Sequence[str], notice: Notice
) -> None:
    for group in groups:
        labels = {int(samples[split].labels[index]) for split, index in group.members}
        if len(labels) > 1:
            split, index = group.members[0]
            classes = " and ".join(f"'{class_names[label]}'" for label in sorted(labels))
            notice(f"warning: the same image is in {classes}: '{samples[split].names[index]}'; see 'cnncli data'")
            return


def _distinct(splits: Splits) -> dict[str, Any]:
    """The splits, without a validation that is the test by a second name."""
    validation, test = splits.samples.get("validation"), splits.samples["test"]
    same_origin = splits.origins.get("validation") == splits.origins["test"]  # else the same number is another image
    twice = validation is not None and same_origin and validation.names == test.names
    return {split: samples for split, samples in splits.samples.items() if split != "validation" or not twice}


def recorded_splits(spec: Spec, run: RunDir, notice: Notice | None = None) -> Splits:
    """The very images of a run, found again.

    Args:
        spec: of the run.
        run: with its records.
        notice: is told of images that changed, or were added, since.

    Raises:
        DataError: images or classes are missing.
        RunError: the records are incomplete.
    """
    record = run.read_json("data.json")
    if spec.data.source.is_builtin:
        return load_splits(spec, recorded=record.get("validation"), notice=notice)
    class_names, size = _recorded(record, run)
    wanted = spec.data
    if spec.data.source.name in ("folder", "csv"):  # an image that was added may have another size
        wanted = wanted.model_copy(update={"image": wanted.image.model_copy(update={"size": size})})
    data = load_source(wanted, notice)
    require_same_classes(class_names, data.class_names, "the data")
    order = {name: label for label, name in enumerate(class_names)}
    rows = _read_record(run.path / RECORD)
    samples: dict[str, Any] = {}
    origins: dict[str, str] = {}
    for split in dict.fromkeys(row["split"] for row in rows):
        of_split = [row for row in rows if row["split"] == split]
        origins[split] = of_split[0]["origin"]
        samples[split] = _found_again(data.splits.get(origins[split]), of_split, order, split)
        _tell_of_changes(samples[split], of_split, split, notice)
    if spec.data.split.validation == "test" and "validation" not in samples:
        samples["validation"], origins["validation"] = samples["test"], origins["test"]
    return Splits(class_names, samples, None, origins)


def _recorded(record: Mapping[str, Any], run: RunDir) -> tuple[tuple[str, ...], list[int]]:
    """Class names, and height and width of the images."""
    try:
        return tuple(record["class_names"]), list(record["image"][:2])
    except (KeyError, TypeError) as error:
        raise RunError(f"'{run.path}' is no complete run: data.json lacks {error}") from None


def _read_record(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8", errors="surrogateescape", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, csv.Error) as error:
        raise RunError(f"'{path}' cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(rows) < 2 or tuple(rows[0]) != COLUMNS or any(len(row) != len(COLUMNS) for row in rows):
        raise RunError(f"'{path}' is damaged: it does not name the images of the run")
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows[1:]]


def _found_again(there: Any, rows: list[dict[str, str]], order: Mapping[str, int], split: str) -> Any:
    """The images of one split of a run, with the labels that were recorded."""
    place = {name: index for index, name in enumerate(there.names)} if there is not None else {}
    missing = [row["image"] for row in rows if row["image"] not in place]
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        raise DataError(
            f"{split} images of this run are gone: '{missing[0]}'{more}",
            "put them back, or say where they are with --data",
        )
    taken = there.take(np.array([place[row["image"]] for row in rows], dtype=np.int64))
    labels = np.array([order[row["class"]] for row in rows], dtype=np.int64)
    if isinstance(taken, FileSamples):
        return FileSamples(taken.root, taken.names, labels, taken.reading)
    return Samples(taken.images, labels, taken.names)


def _tell_of_changes(samples: Any, rows: list[dict[str, str]], split: str, notice: Notice | None) -> None:
    changed = [
        row["image"] for row, content in zip(rows, fingerprint(samples), strict=True) if row["content"] != content
    ]
    if changed and notice:
        more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
        notice(f"warning: {split} images have changed since the training: '{changed[0]}'{more}")
