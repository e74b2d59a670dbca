"""The data doctor: looks at every file of a source and says what would stop a training or make it wrong.

Files are read and nothing else: none is changed, moved or written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.quality import rules
from cnncli.data.quality.codes import CODES, finding, most_severe_first
from cnncli.data.quality.inspection import Facts, inspect, of_pixels
from cnncli.data.quality.inventory import Entry, Inventory, of_files, of_folder, of_table
from cnncli.data.quality.names import name_findings
from cnncli.data.quality.near_duplicates import copies, lookalikes
from cnncli.data.samples import FileSamples, ImageData, Samples
from cnncli.data.sources import load_images
from cnncli.data.threads import in_threads
from cnncli.errors import DataError
from cnncli.records import Affected, DataReport, Finding

Progress = Callable[[int, int], None]
"""Is told how many files are done, and of how many."""


@dataclass(frozen=True)
class Plan:
    """What a training means to do with the images.

    Args:
        says_size: whether the spec says the size to read them in; None while there is no spec.
        validation: the part that validates where the source has no such images itself: a fraction, or a count; 0 when
            none validate.
    """

    says_size: bool | None = None
    validation: float | int = 0


_NO_PLAN = Plan()
_AT_A_TIME = 1000  # files between two reports of progress; Ctrl-C is heard then as well
_ANY = InputFormat(1, 1, 3)
_INVENTORIES: Mapping[str, Callable[..., Inventory]] = {"folder": of_folder, "csv": of_table}
"""How sources are listed file by file where `load` would stop at the first fault."""

_LAYOUT = {"empty-class", "classes-differ", "unreadable-folder", "table-row"}


def scan_files(
    source: str,
    path: Path | str,
    *,
    decode: bool = True,
    progress: Progress | None = None,
    plan: Plan = _NO_PLAN,
    **more: Any,
) -> DataReport:
    """Look at the images of a folder, or at those that a table names.

    Args:
        source: A source of files in `IMAGE_SOURCES`.
        path: of the folder or table.
        decode: decode every image and compare them all; otherwise only headers are read.
        progress: is told how far it is.
        plan: what a training means to do with the images.
        **more: what else that source takes.

    Returns:
        Counts, sizes and every finding. A broken file or row is a finding and stops nothing.

    Raises:
        DataError: there is no such folder or table, it cannot be read as one, or has no class of a name that `classes`
            has.
    """

    def load() -> ImageData[FileSamples]:
        return load_images(source, {}, path=path, reading=_ANY, **more)

    inventory = _INVENTORIES[source](path, **more) if source in _INVENTORIES else of_files(load())
    facts = _facts(inventory.root, inventory.entries, decode, progress)
    refused = _refused(load)
    return _report(str(path), inventory, facts, decode, plan, refused)


def scan_arrays(
    source: str, data: ImageData[Samples], progress: Progress | None = None, plan: Plan = _NO_PLAN
) -> DataReport:
    """Look at images that are in memory.

    Args:
        source: what the report calls them.
        data: images are named by their split and their name within it: `train/17`.
        progress: is told how far it is.
        plan: what a training means to do with the images.

    Returns:
        Counts, sizes and every finding.
    """
    inventory = Inventory(Path())
    facts: list[Facts] = []
    total = sum(len(samples) for samples in data.splits.values())
    for split, samples in data.splits.items():
        labels = [data.class_names[label] for label in samples.labels.tolist()]
        names = [f"{split}/{name}" for name in samples.names]
        inventory.entries += map(Entry, names, [split] * len(names), labels)
        inventory.classes[split] = data.class_names
        for start in range(0, len(samples), _AT_A_TIME):
            images = samples.images[start : start + _AT_A_TIME]  # (images, height, width, channels)

            def look(numbers: range, images: np.ndarray = images) -> list[Facts]:
                return [of_pixels(images[number]) for number in numbers]

            for found in in_threads(look, len(images)):
                facts += found
            if progress:
                progress(len(facts), total)
    return _report(source, inventory, facts, True, plan)


def check_headers(splits: Mapping[str, FileSamples], progress: Progress | None = None) -> tuple[Finding, ...]:
    """Look at the header of every image before a training: what would stop it hours later is found in seconds.

    A file whose end looks cut off is decoded to be sure; the others are not.

    Args:
        splits: as a source gives them.
        progress: is told how far it is.

    Returns:
        Errors alone: files that cannot be read.
    """
    findings: list[Finding] = []
    for samples in splits.values():
        entries = [Entry(name, "", "any") for name in samples.names]
        facts = _facts(samples.root, entries, decode=False, progress=progress)
        # The source has these as images, so one that is none is no stray
        facts = [_named_image(fact) for fact in facts]
        findings += rules.broken_files(entries, facts)
    return most_severe_first(_merged(findings))


def _report(
    source: str, inventory: Inventory, facts: list[Facts], decoded: bool, plan: Plan, refused: Sequence[Finding] = ()
) -> DataReport:
    """The report of all that is known; `refused` counts where no other finding says the same."""
    entries = inventory.entries
    used = [(entry, fact) for entry, fact in zip(entries, facts, strict=True) if entry.label]
    images = [(entry, fact) for entry, fact in used if fact.problem != "stray-file"]
    counts = {
        split: dict.fromkeys(labels, 0) | dict(Counter(e.label for e, _ in images if e.split == split))
        for split, labels in inventory.classes.items()
    }
    findings = [
        *inventory.findings,
        *rules.broken_files(entries, facts),
        *rules.peculiar_images(entries, facts),
        *rules.class_findings(inventory, counts),
        *rules.different_sizes(entries, facts, plan.says_size),
        *rules.small_validation(counts, plan.validation),
        *rules.color_tells_class(entries, facts),
        *copies(entries, facts),
        *lookalikes(entries, facts),
        *name_findings(entry.name for entry in entries),
    ]
    if not any(found.code in _LAYOUT for found in findings):
        findings += refused
    readable = [fact for _, fact in used if not fact.problem]
    return DataReport(
        source,
        tuple(dict.fromkeys(label for labels in inventory.classes.values() for label in labels)),
        counts,
        dict(Counter(fact.kind for fact in readable if fact.kind).most_common()),
        _sizes(readable),
        most_severe_first(findings),
        decoded,
    )


def _facts(root: Path, entries: list[Entry], decode: bool, progress: Progress | None) -> list[Facts]:
    facts: list[Facts] = []
    for start in range(0, len(entries), _AT_A_TIME):
        some = entries[start : start + _AT_A_TIME]

        def look(numbers: range, some: list[Entry] = some) -> list[Facts]:
            return [inspect(root / some[number].name, some[number].name, decode) for number in numbers]

        for found in in_threads(look, len(some)):
            facts += found
        if progress:
            progress(len(facts), len(entries))
    return facts


def _refused(load: Callable[[], object]) -> list[Finding]:
    """What the source itself has to say, so that the doctor never calls healthy what training refuses."""
    try:
        load()
    except DataError as error:
        detail = f"{error.message} ({error.hint})" if error.hint else error.message
        return finding("refused", [Affected((), detail)])
    return []


def _sizes(facts: list[Facts]) -> tuple[tuple[int, int], ...]:
    """Of the smallest, the median and the largest."""
    ordered = sorted(((fact.width, fact.height) for fact in facts), key=lambda size: (size[0] * size[1], size))
    return (ordered[0], ordered[len(ordered) // 2], ordered[-1]) if ordered else ()


def _named_image(fact: Facts) -> Facts:
    return Facts("not-an-image", fact.detail) if fact.problem == "stray-file" else fact


def _merged(findings: list[Finding]) -> list[Finding]:
    """One finding of each code."""
    merged = []
    for code in dict.fromkeys(found.code for found in findings):
        same = [found for found in findings if found.code == code]
        affected = [one for found in same for one in found.affected]
        merged += finding(code, affected, [name for found in same for name in found.exclude])
    return merged


__all__ = ["CODES", "Plan", "Progress", "check_headers", "scan_arrays", "scan_files"]
