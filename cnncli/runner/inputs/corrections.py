"""Corrected labels: a table of `image,class`. A class replaces that of the source; an image without one is left out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.inventory.location import require_existing
from cnncli.data.samples import ImageData, Unused
from cnncli.errors import DataError
from cnncli.machine import expanded
from cnncli.notices import Notice
from cnncli.report.tables import write_rows
from cnncli.runs import writing
from cnncli.runs.untrusted import Unreadable, read_bytes
from cnncli.spec.schema import Data
from cnncli.wording import counted, nearest, some

CORRECTIONS = "corrections.csv"
"""The file of a run that holds the corrections which `data.corrections` of its spec named."""

COLUMNS = ("image", "class")
"""Its columns; others are ignored."""

MAX_BYTES = 1 << 30


def read_corrections(file: str | Path) -> dict[str, str]:
    """Reads corrections: the class of each image, or an empty text for an image to leave out.

    Raises:
        DataError: The file is missing or is not such a table, or lists an image twice.
    """
    path = require_existing(expanded(str(file)))
    expects = "expected a table with the columns image and class, as the page of 'cnncli data --labels' saves it"
    try:
        text = read_bytes(path, MAX_BYTES).decode("utf-8-sig", "surrogateescape")
        first = text.partition("\n")[0]  # a spreadsheet may have saved it with its own delimiter
        delimiter = next((each for each in ",;\t" if each in first), ",")
        header, *rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)) or [[]]
    except (Unreadable, csv.Error) as error:
        raise DataError(f"{path} cannot be read as a table of corrections: {error}", expects) from None
    columns = [name.strip().lower() for name in header]
    if not set(COLUMNS) <= set(columns):
        raise DataError(
            f"{path} is not a table of corrections: its first row is {','.join(header) or 'empty'}", expects
        )
    corrections: dict[str, str] = {}
    for line, fields in enumerate(rows, 2):
        row = dict(zip(columns, fields, strict=False))
        image, label = row.get("image", ""), row.get("class", "").strip()
        if not any(fields):
            continue
        if not image or len(fields) < len(columns):
            raise DataError(f"{path}:{line}: the row is incomplete", expects)
        if corrections.setdefault(image, label) != label:
            raise DataError(f"{path}:{line}: {image} is listed twice, with different classes", "keep one of the rows")
    return corrections


def corrected(source: ImageData[Any], data: Data, notice: Notice) -> ImageData[Any]:
    """The images of a source with the labels that `data.corrections` of a spec sets, without those that it leaves out.

    Raises:
        DataError: The file cannot be read, names a class that there is none of, or leaves none to train on of a class.
    """
    if data.corrections is None:
        return source
    corrections = read_corrections(data.corrections)
    order = {name: label for label, name in enumerate(source.class_names)}
    for label in dict.fromkeys(filter(None, corrections.values())):
        if label not in order:
            hint = f"the classes are {some(source.class_names)}"
            raise DataError(f"{data.corrections}: unknown class '{label}'{nearest(label, order)}", hint)
    splits, groups, seen, gone, changed = {}, dict(source.groups), set[str](), 0, 0
    for split, samples in source.splits.items():
        of_each = [_correction(corrections, name, split, data, seen) for name in samples.names]
        kept = np.array([index for index, label in enumerate(of_each) if label != ""], np.int64)
        if len(kept) < len(of_each):
            gone += len(of_each) - len(kept)
            samples = samples.take(kept)
            if split in groups:
                groups[split] = tuple(groups[split][index] for index in kept.tolist())
        new = [(place, of_each[index]) for place, index in enumerate(kept.tolist()) if of_each[index] is not None]
        labels = samples.labels.copy()
        for place, label in new:
            labels[place] = order[label or ""]
        changed += int((labels != samples.labels).sum())
        splits[split] = replace(samples, labels=labels)
    _tell(data.corrections, corrections.keys() - seen, changed, notice)
    if "train" in splits:  # of a run, a split may be read alone
        _require_classes(source.class_names, splits["train"].labels, data.corrections)
    message = f"{counted(gone, 'image')} {'is' if gone == 1 else 'are'} left out by {data.corrections}"
    unused = (*source.unused, *([Unused("corrections", gone, message)] if gone else []))
    return replace(source, splits=splits, groups=groups, unused=unused)


def left_out(data: Data) -> frozenset[str]:
    """The images that the corrections of a spec leave out.

    Raises:
        DataError: The file cannot be read.
    """
    corrections = {} if data.corrections is None else read_corrections(data.corrections)
    return frozenset(image for image, label in corrections.items() if not label)


def _correction(corrections: Mapping[str, str], name: str, split: str, data: Data, seen: set[str]) -> str | None:
    """The new class of an image, empty to leave it out; None where nothing changes."""
    for spelt in (name,) if data.source.has_files else (f"{split}/{name}", name):
        if spelt in corrections:
            seen.add(spelt)
            return corrections[spelt]
    return None


def _tell(file: str, unknown: Iterable[str], changed: int, notice: Notice) -> None:
    missing = sorted(unknown)
    if missing:
        more = f" and {len(missing) - 1:,} more" if len(missing) > 1 else ""
        notice(f"warning: data.corrections: image not found: '{missing[0]}'{more}")
    if changed:
        notice(f"{counted(changed, 'image')} {'has' if changed == 1 else 'have'} another class by {file}")


def _require_classes(class_names: tuple[str, ...], labels: np.ndarray, file: str) -> None:
    counts = np.bincount(labels, minlength=len(class_names))
    gone = [name for name, count in zip(class_names, counts.tolist(), strict=True) if not count]
    if gone:
        raise DataError(
            f"{file} leaves no training image of {some(gone)}",
            "remove some of its rows, or leave out the class with data.classes",
        )


def write_corrections(file: Path, corrections: Mapping[str, str]) -> None:
    """Writes corrections.

    Raises:
        ResourceError: The file cannot be written.
    """
    with writing(file) as path, path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        write_rows(stream, [COLUMNS, *corrections.items()])
