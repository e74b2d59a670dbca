"""What annotators answered for each image, made one label: skipped, unlabelled and contradictory images are counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cnncli.data import unused
from cnncli.data.sources.rows import Listing, Row
from cnncli.errors import DataError
from cnncli.observer import Notice
from cnncli.wording import counted


@dataclass
class _Image:
    """One image: its place in the export, the labels of each annotator and of boxes, and whether it was skipped."""

    place: str
    split: str
    answers: list[frozenset[str]] = field(default_factory=list)
    trusted: list[frozenset[str]] = field(default_factory=list)
    boxes: set[str] = field(default_factory=set)
    skipped: bool = False


class Answers:
    """The images of an export with all that was said of them.

    An image has one label if most annotators gave it this one; what an annotator with the right answer says, the ground
    truth, comes first. Without labels, boxes count if all of them are of one class. Images that get no label so are
    counted by the reason.
    """

    def __init__(self, where: str) -> None:
        self._where = where
        self._images: dict[tuple[str, str], _Image] = {}

    @property
    def any(self) -> bool:
        """Whether there are images."""
        return bool(self._images)

    def image(self, name: str, split: str = "train", place: str = "") -> _Image:
        """An image, new or known."""
        if not isinstance(name, str):
            raise TypeError(f"an image is called {name!r}")
        known = self._images.get((name, split))
        return known or self._images.setdefault((name, split), _Image(place or f"image {len(self._images) + 1}", split))

    def add(self, name: str, labels: Iterable[str], split: str = "train", place: str = "", truth: bool = False) -> None:
        """The labels of one annotator; none for an image that is not labelled."""
        image = self.image(name, split, place)
        if given := frozenset(label.strip() for label in labels if label.strip()):
            (image.trusted if truth else image.answers).append(given)

    def listing(self, path: Path, notice: Notice) -> Listing:
        """The images with one label as rows, and the others by number and reason.

        Raises:
            DataError: No image has one label.
        """
        rows, left_out, boxed = [], dict[str, list[str]](), 0
        for (name, split), image in self._images.items():
            label, reason = _label(image)
            if label:
                rows.append(Row(image.place, name, label, split))
                boxed += not (image.answers or image.trusted)
            else:
                left_out.setdefault(reason, []).append(name)
        not_used = [each for reason, names in left_out.items() for each in unused.without_one_label(reason, names)]
        if not rows:
            said = "; ".join(each.message for each in not_used)
            raise DataError(
                f"{path} has no image with one label: {said}", "a classifier needs one label for each image"
            )
        if boxed:
            notice(f"{path}: {counted(boxed, 'image')} without labels get the class of their boxes")
        return Listing(rows, unused=not_used)


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
