"""The images of a run: recorded by name and content, and found again for a resume or an evaluation."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.groups import Groups
from cnncli.data.identity import DuplicateGroup, fingerprint, identical_across
from cnncli.data.samples import FileSamples
from cnncli.errors import DataError
from cnncli.notices import Notice, ignore
from cnncli.report.tables import write_rows
from cnncli.runner.inputs.data_record import DataRecord
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.inputs.recorded_images import RecordedArrays, RecordedFiles
from cnncli.runner.inputs.splits import Splits, evaluated_splits, load_splits
from cnncli.runs import RunDir
from cnncli.runs.image_list import COLUMNS, GROUP, MANIFEST, SPLITS, Row, read_manifest
from cnncli.spec.schema import Data
from cnncli.wording import counted


def record_images(run: RunDir, splits: Splits, notice: Notice) -> None:
    """Records every image of a training with a hash of its content, and warns of images in more than one split."""
    samples = _distinct(splits)
    hashes = {split: fingerprint(of_split) for split, of_split in samples.items()}
    with run.write(MANIFEST) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        write_rows(file, [(*COLUMNS, *[GROUP] * bool(splits.groups))])
        for split, of_split in samples.items():
            names = (splits.class_names[label] for label in of_split.labels.tolist())
            origin = splits.source_split[split]
            group = [splits.groups[split].of_each()] if splits.groups else []
            rows = zip(of_split.names, names, hashes[split], *group, strict=True)
            write_rows(file, ((split, origin, *row) for row in rows))
    groups = identical_across(hashes)
    shared = [group for group in groups if len(group.splits) > 1]
    if shared:
        split, index = shared[0].members[0]
        are = f"{counted(len(shared), 'image')} {'is' if len(shared) == 1 else 'are'}"
        notice(
            f"warning: {are} in more than one split, such as '{samples[split].names[index]}'; "
            "metrics on them are inflated (seen in training)"
        )
    _warn_about_two_labels(samples, groups, splits.class_names, notice)


def _warn_about_two_labels(
    samples: Mapping[str, Any], groups: Sequence[DuplicateGroup], class_names: Sequence[str], notice: Notice
) -> None:
    for group in groups:
        labels = {int(samples[split].labels[index]) for split, index in group.members}
        if len(labels) > 1:
            split, index = group.members[0]
            classes = " and ".join(f"'{class_names[label]}'" for label in sorted(labels))
            notice(f"warning: the same image is in {classes}: '{samples[split].names[index]}'; see 'cnncli data'")
            return


def _distinct(splits: Splits) -> dict[str, Any]:
    """The splits, without validation images that are the test images under a second name."""
    evaluated = evaluated_splits(splits)
    return {split: samples for split, samples in splits.samples.items() if split != "validation" or split in evaluated}


def recorded_splits(
    data: Data,
    seed: int,
    record: DataRecord,
    run: Path,
    notice: Notice = ignore,
    unchanged: bool = False,
    needed: Collection[str] = SPLITS,
    rows: Sequence[Row] = (),
) -> Splits:
    """Finds the images of a run again, each of them under the class that it had.

    Files are found by their names alone: folders, classes and rows that were added since make no difference.

    Args:
        data: Section `data` of the run's spec.
        seed: Seed of the spec.
        record: Record of the run's images.
        run: Folder of the run.
        notice: Receives warnings about images whose content or class has changed since.
        unchanged: Refuse images whose content has changed.
        needed: Splits whose images must all be there; of the others, files may be missing.
        rows: The list of the run's images, if it was read before.

    Raises:
        DataError: Images or classes are missing.
        RunError: The records are incomplete.
    """
    data = with_own_files(data, run)
    if data.source.is_builtin:
        return load_splits(data, seed, recorded=record.validation, notice=notice)
    class_names = record.class_names
    rows = rows or read_manifest(run / MANIFEST, class_names)
    order = {name: label for label, name in enumerate(class_names)}
    same = data.split.validation == "test" or data.split.test == "validation"
    shares_test = same and all(row["split"] != "validation" for row in rows)
    wanted = {*needed, "test"} if shares_test and "validation" in needed else set(needed)
    source: RecordedFiles | RecordedArrays
    if data.source.has_files:
        source = RecordedFiles(data, record.shape, notice, record.window)
    else:
        source = RecordedArrays(data, class_names, [row for row in rows if row["split"] in wanted], notice)
    samples: dict[str, Any] = {}
    source_split: dict[str, str] = {}
    for split in dict.fromkeys(row["split"] for row in rows):
        of_split = [row for row in rows if row["split"] == split]
        is_needed = split in wanted
        if is_needed and (gone := source.missing(of_split)):
            now = source.new_place(gone[0], {row["image"] for row in rows})
            place = data.source.arguments.get("root") or data.source.where
            raise _missing(split, gone, f" (now {now})" if now else "", place)
        if is_needed or data.source.has_files:
            source_split[split] = of_split[0]["origin"]
            labels = np.array([order[row["class"]] for row in of_split], dtype=np.int64)
            samples[split] = dataclasses.replace(source.samples(of_split), labels=labels)
        if is_needed:
            _warn_about_other_classes(source.classes_now(of_split), of_split, split, notice)
            _warn_about_changes(samples[split], of_split, split, notice, unchanged)
    if shares_test and "test" in samples:
        samples["validation"], source_split["validation"] = samples["test"], source_split["test"]
        if data.split.test == "validation":
            notice("warning: the test images of this run are its validation images, which chose the best epoch")
    groups = {split: _groups(rows, "test" if split == "validation" and shares_test else split) for split in samples}
    return Splits(class_names, samples, None, source_split, groups=groups if GROUP in rows[0] else {})


def _groups(rows: Sequence[Row], split: str) -> Groups:
    return Groups.named([row.get(GROUP, "") for row in rows if row["split"] == split])


def warn_about_trained(run: Path, class_names: Sequence[str], files: FileSamples, notice: Notice) -> None:
    """Warns of other images of which some are training images of a run, by their content; built-in ones have no list.

    Raises:
        RunError: The list of the run's images is damaged.
    """
    if not (run / MANIFEST).exists():
        return
    trained = {row["content"] for row in read_manifest(run / MANIFEST, class_names) if row["split"] == "train"}
    seen = [name for name, content in zip(files.names, fingerprint(files), strict=True) if content in trained]
    if seen:
        are = "is" if len(seen) == 1 else "are"
        notice(
            f"warning: {len(seen):,} of {counted(len(files), 'image')} {are} among the training images of this run, "
            f"such as '{seen[0]}'; metrics on them are inflated (seen in training)"
        )


def _missing(split: str, gone: Sequence[Row], now: str, place: str) -> DataError:
    more = f" and {len(gone) - 1:,} more" if len(gone) > 1 else ""
    return DataError(
        f"{split} images of this run are missing: '{gone[0]['image']}'{now}{more}",
        f"they were looked for in '{place}'; put them back",
        not_there=gone[0]["image"],
    )


def _warn_about_other_classes(now: Sequence[str], rows: Sequence[Row], split: str, notice: Notice) -> None:
    other = [(row, name) for row, name in zip(rows, now, strict=True) if row["class"] != name]
    if other:
        row, name = other[0]
        more = f" and {len(other) - 1:,} more" if len(other) > 1 else ""
        notice(
            f"warning: {split} images have another class since the training: '{row['image']}' was {row['class']} "
            f"and is {name}{more}; the recorded classes are used"
        )


def _warn_about_changes(samples: Any, rows: Sequence[Row], split: str, notice: Notice, unchanged: bool) -> None:
    changed = [
        row["image"] for row, content in zip(rows, fingerprint(samples), strict=True) if row["content"] != content
    ]
    more = f" and {len(changed) - 1:,} more" if len(changed) > 1 else ""
    if changed and unchanged:
        raise DataError(f"{split} images have changed since the run began: '{changed[0]}'{more}", "put them back")
    if changed:
        notice(f"warning: {split} images have changed since the training: '{changed[0]}'{more}")
