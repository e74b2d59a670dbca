"""Every file of a source with its split and class, wrong ones included: what the data doctor looks at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.records import Affected

if TYPE_CHECKING:
    from cnncli.data.samples import ImageData


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its path from the root on with forward slashes, or an absolute path.

    The label is the name of its class; empty for a file that lies beside the classes.
    """

    name: str
    split: str
    label: str


@dataclass
class SourceInventory:
    """What a source consists of, as far as that is known without opening a file.

    Classes are in the order of their labels, for each split; problems with folders and rows by the code of the finding.
    """

    root: Path
    entries: list[Entry] = field(default_factory=list)
    classes: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: dict[str, list[Affected]] = field(default_factory=dict)

    def add(self, split: str, label: str, names: Iterable[str]) -> None:
        """Adds files of one class."""
        self.entries += [Entry(name, split, label) for name in names]


def inventory_of_data(data: ImageData[Any], root: Path) -> SourceInventory:
    """Lists images that were loaded."""
    inventory = SourceInventory(root)
    for split, samples in data.splits.items():
        labels = (data.class_names[label] for label in samples.labels.tolist())
        inventory.entries += [Entry(name, split, label) for name, label in zip(samples.names, labels, strict=True)]
        inventory.classes[split] = data.class_names
    differ = [Affected((), f"{split} has {', '.join(names)}") for split, names in data.foreign.items() if names]
    inventory.problems["classes-differ"] = differ
    return inventory
