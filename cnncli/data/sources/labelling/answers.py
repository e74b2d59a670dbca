"""What annotators answered for each image, made one label: skipped, unlabelled and contradictory images are counted."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnncli.data import unused
from cnncli.data.sources.labelling.place import folders_of_splits
from cnncli.data.sources.rows import Listing, Row
from cnncli.data.sources.rows.json_cells import cell
from cnncli.errors import DataError
from cnncli.notices import Notice
from cnncli.wording import counted, some


@dataclass
class _Image:
    """One image: its place in the export, the labels of each annotator and of boxes, and whether it was skipped."""

    place: str
    split: str
    group: str = ""
    answers: list[frozenset[str]] = field(default_factory=list)
    trusted: list[frozenset[str]] = field(default_factory=list)
    boxes: set[str] = field(default_factory=set)
    skipped: bool = False


class Answers:
    """The images of an export with all that was said of them.

    An image has one label if most annotators gave it this one; what an annotator with the right answer says, the ground
    truth, comes first. Without labels, boxes count if all of them are of one class. Images that get no label so are
    counted by the reason.

    Args:
        root: The folder that the names of images start from.
        group: What the tool calls the groups of images, a key of its records; None without groups.
    """

    def __init__(self, root: Path, group: str | None = None) -> None:
        self._root, self._group, self._folders = root, group, folders_of_splits(root)
        self._folder = self._prefix = ""
        self._split = "train"
        self._images: dict[tuple[str, str], _Image] = {}
        self._keys: dict[str, None] = {}
        self.remarks: list[str] = []
        """What is not certain of the answers, for a notice."""

    @property
    def any(self) -> bool:
        """Whether there are images."""
        return bool(self._images)

    def enter(self, file: Path, split: str, one_of_several: bool) -> None:
        """From now on, what is added is said in this file, and of images in this split where no other is named."""
        inside = file.is_relative_to(self._root) and file != self._root
        name = file.relative_to(self._root).as_posix() if inside else file.name
        self._folder = posixpath.dirname(name) if inside else ""
        self._split, self._prefix = split, f"{name}, " if one_of_several else ""

    def image(self, name: str, split: str = "", place: str = "", record: Mapping[str, Any] | None = None) -> _Image:
        """An image, new or known.

        Args:
            name: Its path, from the folder of the file or from the root on, or as the tool has it.
            split: Its split; by default that of the file.
            place: Where the export speaks of it, for messages.
            record: What else the tool says of it, by key: here is the group.
        """
        if not isinstance(name, str):
            raise TypeError(f"an image is called {name!r}")
        split = split or self._split
        name = self._from_root(name, split)
        image = self._images.get((name, split))
        if image is None:
            place = self._prefix + (place or f"image {len(self._images) + 1}")
            image = self._images[name, split] = _Image(place, split)
        if self._group is not None and record:
            self._keys |= dict.fromkeys(record)
            image.group = image.group or cell(record.get(self._group))
        return image

    def _from_root(self, name: str, split: str) -> str:
        """The path of an image that is, as it is written, beside the file that names it or in a folder of its split."""
        slashed = name.replace("\\", "/")
        if posixpath.isabs(slashed) or "\0" in name or len(name) > _LONGEST:
            return name
        folders = [*([self._folder] if self._folder else []), *self._folders.get(split, [])]
        paths = (posixpath.normpath(posixpath.join(folder, slashed)) for folder in folders)
        return next((path for path in paths if (self._root / path).is_file()), name)

    def add(
        self,
        name: str,
        labels: Iterable[str],
        split: str = "",
        place: str = "",
        truth: bool = False,
        record: Mapping[str, Any] | None = None,
    ) -> None:
        """The labels of one annotator; none for an image that is not labelled."""
        image = self.image(name, split, place, record)
        if given := frozenset(label.strip() for label in labels if label.strip()):
            (image.trusted if truth else image.answers).append(given)

    def listing(self, path: Path, notice: Notice) -> Listing:
        """The images with one label as rows, and the others by number and reason.

        Raises:
            DataError: No image has one label, or none is of a group.
        """
        if self._group is not None and not any(image.group for image in self._images.values()):
            there = f"; there is {some(list(self._keys))}" if self._keys else ""
            raise DataError(
                f"{path} says nothing of a '{self._group}' for its images{there}",
                "name another column in data.split.group, or use {pattern: …} for groups in the names of files",
            )
        for remark in self.remarks:
            notice(f"{path}: {remark}")
        rows, left_out, boxed = [], dict[str, list[str]](), 0
        for (name, split), image in self._images.items():
            label, reason = _label(image)
            if label:
                rows.append(Row(image.place, name, label, split, image.group))
                boxed += not (image.answers or image.trusted)
            else:
                left_out.setdefault(reason, []).append(name)
        not_used = [each for reason, names in left_out.items() for each in unused.without_one_label(reason, names)]
        if not rows:
            said = "; ".join(each.message for each in not_used)
            raise DataError(
                f"{path} has no image with one label: {said}", "a classifier needs one label for each image"
            )
        splits = {row.split for row in rows}
        if len(splits) == 1 and "train" not in splits:
            notice(f"{path}: all images are of one split, {splits.pop()}, and are divided anew")
            rows = [row._replace(split="train") for row in rows]
        if boxed:
            notice(f"{path}: {counted(boxed, 'image')} without labels get the class of their boxes")
        return Listing(rows, unused=not_used)


_LONGEST = 1000
"""Characters of a path; what is longer is no path but an image in the text itself."""


def _label(image: _Image) -> tuple[str, str]:
    """The one label of an image; or else the reason why it has none, a key of `unused.NO_LABEL`."""
    answers = image.trusted or image.answers
    if not answers and (boxes := image.boxes - {""}):
        return (next(iter(boxes)), "") if len(boxes) == 1 else ("", "boxes-of-several-classes")
    if not answers:
        return "", "skipped" if image.skipped else "unlabelled"
    (most, votes), *others = Counter(answers).most_common(2)
    if others and others[0][1] == votes:
        return "", "annotators-disagree"
    return (next(iter(most)), "") if len(most) == 1 else ("", "several-labels")
