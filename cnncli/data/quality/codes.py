"""Everything the data doctor can find: code, severity, sentence and advice. docs/doctor.md holds the same table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cnncli.records import Affected, Finding, Severity


class Code(NamedTuple):
    """One kind of finding.

    Args:
        severity: `error`, `warning` or `note`.
        one: What follows "1" in its sentence.
        many: What follows a larger number.
        advice: What to do about it; may be empty.
    """

    severity: Severity
    one: str
    many: str
    advice: str = ""


_REPLACE = "replace or exclude"
_LEAK = "exclude all copies but one: the test would measure images that the network has trained on"

CODES: dict[str, Code] = {
    # Files that training cannot read
    "damaged": Code("error", "image is damaged", "images are damaged", _REPLACE),
    "not-an-image": Code("error", "file is not an image", "files are not images", _REPLACE),
    "format-not-read": Code(
        "error", "image has an unsupported format", "images have an unsupported format", "convert it to PNG"
    ),
    "too-many-pixels": Code("error", "image has too many pixels", "images have too many pixels", _REPLACE),
    "unreadable": Code("error", "file cannot be opened", "files cannot be opened", "check links and permissions"),
    "unreadable-folder": Code("error", "folder cannot be listed", "folders cannot be listed", "check its permissions"),
    # Classes, splits and labels
    "table-row": Code("error", "row of the table is invalid", "rows of the table are invalid", "fix the table"),
    "empty-class": Code(
        "error", "class has no image", "classes have no image", "add images, or choose other classes with data.classes"
    ),
    "classes-differ": Code(
        "error", "split has other classes", "splits have other classes", "every split needs the same classes"
    ),
    "size-missing": Code(
        "error",
        "source has images of several sizes",
        "sources have images of several sizes",
        "set the size that the model sees in data.image.size",
    ),
    "refused": Code("error", "problem that stops training", "problems that stop training"),
    "same-image-two-classes": Code(
        "error", "image is in two classes", "images are in two classes or more", "keep the copy whose class is right"
    ),
    "copies-across-splits": Code("error", "image is in two splits", "images are in two splits or more", _LEAK),
    "copies": Code(
        "warning",
        "duplicate image",
        "duplicate images",
        "exclude all copies but one, or they may end up in both the training and the test set",
    ),
    "alike-across-classes": Code(
        "warning",
        "group of near-copies is in different classes",
        "groups of near-copies are in different classes",
        "check them: one of the classes may be wrong",
    ),
    "alike-across-splits": Code(
        "warning",
        "group of near-copies is in different splits",
        "groups of near-copies are in different splits",
        "check them: the test may measure images that the network has trained on",
    ),
    "alike": Code(
        "note",
        "group of near-copies",
        "groups of near-copies",
        "check them: near-copies may end up in both the training and the test set",
    ),
    "few-images": Code(
        "warning",
        "class has fewer than 10 training images",
        "classes have fewer than 10 training images",
        "add images: these are too few to learn from, and to divide",
    ),
    "imbalance": Code(
        "warning",
        "class is at least ten times rarer than the largest",
        "classes are at least ten times rarer than the largest",
        "train with class_weight: balanced, and check the recall of each class",
    ),
    "few-validation-images": Code(
        "warning",
        "validation set is very small",
        "validation sets are very small",
        "too few to choose the best epoch by: add images, or increase data.split.validation",
    ),
    "color-tells-class": Code(
        "warning",
        "class is grey where others are in colour",
        "classes are grey where others are in colour",
        "set data.image.color to grayscale, or the network may learn the colour instead of the class",
    ),
    "unused-images": Code(
        "warning",
        "image lies beside the class folders and is not used",
        "images lie beside the class folders and are not used",
        "move them into the folder of their class",
    ),
    # What images are like
    "blank": Code(
        "warning", "image is a single colour", "images are a single colour", "exclude it if it shows nothing"
    ),
    "tiny": Code(
        "warning",
        "image is narrower or lower than 8 pixels",
        "images are narrower or lower than 8 pixels",
        "exclude it if it shows nothing",
    ),
    "extreme-shape": Code(
        "warning",
        "image is at least 10 times longer than wide",
        "images are at least 10 times longer than wide",
        "it would be distorted by resize: stretch; exclude it, or set resize: pad",
    ),
    "wrong-suffix": Code(
        "warning",
        "file has the wrong extension",
        "files have the wrong extension",
        "cnncli can read it; other programs may not",
    ),
    "size-wanted": Code(
        "note",
        "source has images of several sizes",
        "sources have images of several sizes",
        "your spec must set data.image.size",
    ),
    "mixed-color": Code("note", "image differs in colour", "images differ in colour"),
    "sixteen-bit": Code("note", "image has 16 bits", "images have 16 bits", "the upper 8 bits are used"),
    "transparent": Code(
        "note", "image has transparency", "images have transparency", "transparent pixels become white"
    ),
    # Names, and what is not looked at
    "names-collide": Code(
        "warning",
        "group of names differ only by case or accents",
        "groups of names differ only by case or accents",
        "other systems take them for one file or folder: rename them",
    ),
    "passed-over": Code(
        "note", "file is hidden or not an image, and ignored", "files are hidden or not images, and ignored"
    ),
}
"""In the order in which findings of the same severity are shown."""

_RANKS = {"error": 0, "warning": 1, "note": 2}


def finding(code: str, affected: Iterable[Affected], exclude: Iterable[str] = (), message: str = "") -> list[Finding]:
    """A finding of this code, or none when nothing is affected.

    Args:
        code: A key of `CODES`.
        affected: Files or classes with the finding.
        exclude: Files whose exclusion removes the finding.
        message: Replaces the usual sentence.
    """
    items = tuple(affected)
    if not items:
        return []
    kind = CODES[code]
    sentence = message or f"{len(items):,} {kind.one if len(items) == 1 else kind.many}"
    return [Finding(code, kind.severity, sentence, kind.advice, items, tuple(exclude))]


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, warnings, notes; of the same severity in the order of `CODES`."""
    order = list(CODES)
    return tuple(sorted(findings, key=lambda finding: (_RANKS[finding.severity], order.index(finding.code))))
