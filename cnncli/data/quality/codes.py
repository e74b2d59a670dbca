"""Everything the data doctor can find: code, severity, sentence and advice. docs/doctor.md holds the same table."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from cnncli.records import Affected, Finding, Severity


class Code(NamedTuple):
    """One kind of finding.

    The text follows a number; its fields are filled from `_ONE` or `_MANY`. The advice may be empty.
    """

    severity: Severity
    text: str
    advice: str = ""


_ONE = {"s": "", "es": "", "an": "an ", "is": "is", "has": "has", "its": "its"}
_MANY = {"s": "s", "es": "es", "an": "", "is": "are", "has": "have", "its": "their"}


_REPLACE = "replace or exclude"
_LEAK = "exclude all copies but one: the test would measure images that the network has trained on"

CODES: dict[str, Code] = {
    # Files that training cannot read
    "damaged": Code("error", "image{s} {is} damaged", _REPLACE),
    "not-an-image": Code("error", "file{s} {is} not {an}image{s}", _REPLACE),
    "format-not-read": Code(
        "error", "image{s} {has} a format that is not read", "install the extra that is named, or convert or exclude it"
    ),
    "values-outside": Code(
        "error",
        "image{s} {has} values that are not between black and white",
        "set data.image.white, or convert or exclude it",
    ),
    "too-many-pixels": Code("error", "image{s} {has} too many pixels", _REPLACE),
    "unreadable": Code("error", "file{s} cannot be opened", "check links and permissions"),
    "unreadable-folder": Code("error", "folder{s} cannot be listed", "check its permissions"),
    # Classes, splits and labels
    "table-row": Code("error", "row{s} of the table {is} invalid", "fix the table"),
    "empty-class": Code("error", "class{es} {has} no image", "add images, or choose other classes with data.classes"),
    "classes-differ": Code(
        "error", "split{s} {has} classes that the training images lack", "add training images, or set data.classes"
    ),
    "size-missing": Code(
        "error", "source{s} {has} images of several sizes", "set the size that the model sees in data.image.size"
    ),
    "refused": Code("error", "reason{s} why training would fail"),
    "same-image-two-classes": Code(
        "error", "image{s} {is} in two classes or more", "keep the copy whose class is right"
    ),
    "copies-across-splits": Code("error", "image{s} {is} in two splits or more", _LEAK),
    "copies": Code(
        "warning",
        "duplicate image{s}",
        "exclude all copies but one, or they may end up in both the training and the test set",
    ),
    "alike-across-classes": Code(
        "warning", "group{s} of near-copies {is} in different classes", "check them: one of the classes may be wrong"
    ),
    "alike-across-splits": Code(
        "warning",
        "group{s} of near-copies {is} in different splits",
        "check them: the test may measure images that the network has trained on",
    ),
    "alike": Code(
        "note", "group{s} of near-copies", "check them: near-copies may end up in both the training and the test set"
    ),
    "missing-class": Code(
        "warning",
        "split{s} {has} no image of a class",
        "how well the class is recognised is not measured there: add images of it",
    ),
    "similar-classes": Code(
        "warning",
        "group{s} of classes with similar names",
        "if they mean the same, give them one name in data.classes: {ANGER: anger, anger: anger, …}",
    ),
    "odd-labels": Code(
        "warning",
        "reason{s} to look at the labels",
        "name the right column of the table, or give classes other names in data.classes",
    ),
    "few-images": Code(
        "warning",
        "class{es} {has} fewer than 10 training images",
        "add images: these are too few to learn from, and to divide",
    ),
    "imbalance": Code(
        "warning",
        "class{es} {is} at least ten times rarer than the largest",
        "train with class_weight: balanced, and check the recall of each class",
    ),
    "few-validation-images": Code(
        "warning",
        "validation set{s} {is} very small",
        "too few to choose the best epoch by: add images, or increase data.split.validation",
    ),
    "groups-in-names": Code(
        "warning",
        "group{s} in the file names",
        "if these images belong together, keep each group in one split, or the test measures what the network has "
        "trained on",
    ),
    "patient-across-splits": Code(
        "warning",
        "patient{s} {has} images in several splits",
        "the test would measure patients that the network has trained on: keep each in one split with "
        "data.split.group: {dicom: PatientID}",
    ),
    "patient-repeats": Code(
        "warning",
        "patient{s} {has} several images",
        "keep each in one split with data.split.group: {dicom: PatientID}, or the test measures patients that the "
        "network has trained on",
    ),
    "series-across-classes": Code(
        "warning", "series of images {is} in different classes", "check them: one of the classes may be wrong"
    ),
    "mixed-windows": Code(
        "warning",
        "way{s} to decide what is black and white",
        "the same value has different shades: set data.image.window, if all files are in the same units",
    ),
    "mixed-photometric": Code(
        "warning", "kind{s} of grey", "MONOCHROME1 is turned over, so they should look alike: check one of each"
    ),
    "mixed-scales": Code(
        "warning", "scale{s}", "they are applied: check that the results are in the same units, such as Hounsfield's"
    ),
    "mixed-bits": Code("warning", "number{s} of stored bits", "check that classes do not differ by it, as devices do"),
    "annotated": Code(
        "warning",
        "image{s} {has} an overlay or text burned in",
        "overlays are left out; text in the pixels stays, and the network may read it instead of the image",
    ),
    "color-tells-class": Code(
        "warning",
        "class{es} {is} grey where others are in colour",
        "add images in colour, or the network may learn the colour instead of the class; "
        "if colour does not matter, data.image.color: grayscale removes it from all",
    ),
    "profile-tells-class": Code(
        "warning",
        "class{es} {has} other colour profiles than the rest",
        "set data.image.icc: srgb, or the network may learn the camera instead of the class",
    ),
    "brightness-tells-class": Code(
        "warning",
        "class{es} {is} dark throughout where others are not",
        "if white is another value in these files, convert them; a network may learn the darkness instead of the class",
    ),
    "white-unset": Code(
        "warning", "set{s} of images {is} dark throughout", "set data.image.white to the value of white"
    ),
    "nested-classes": Code("note", "reason{s} to look at the folders within the classes"),
    "unused-folder": Code("note", "folder{s} {is} not used"),
    "rows-not-used": Code("note", "reason{s} why rows are not used"),
    "unused-class": Code("note", "class{es} {is} not in data.classes and not used"),
    "unused-images": Code(
        "warning", "image{s} beside the class folders {is} not used", "move them into the folder of their class"
    ),
    # What images are like
    "blank": Code("warning", "image{s} {is} a single colour", "exclude it if it shows nothing"),
    "tiny": Code("warning", "image{s} {is} narrower or lower than 8 pixels", "exclude it if it shows nothing"),
    "extreme-shape": Code(
        "warning",
        "image{s} {is} at least 10 times longer than wide",
        "it would be distorted by resize: stretch; exclude it, or set resize: pad",
    ),
    "wrong-suffix": Code("warning", "file{s} {has} the wrong extension", "cnncli can read it; other programs may not"),
    "ignored-orientation": Code(
        "warning",
        "HEIC image{s} may lie on {its} side",
        "the orientation is only noted in EXIF, which HEIC ignores: look at them, and turn or exclude those that lie",
    ),
    "size-wanted": Code("note", "source{s} {has} images of several sizes", "your spec must set data.image.size"),
    "mixed-color": Code("note", "image{s} {is} in another colour"),
    "sixteen-bit": Code("note", "image{s} {has} more than 8 bits", "they are rounded to 8 bits"),
    "wide-gamut": Code("note", "image{s} {has} a colour profile", "it is ignored; data.image.icc: srgb applies it"),
    "broken-profile": Code("note", "image{s} {has} a damaged colour profile", "it is ignored"),
    "transparent": Code("note", "image{s} {has} transparency", "transparent pixels become white"),
    "transparent-everywhere": Code(
        "note", "image{s} {is} transparent everywhere", "the colours are used as if nothing was transparent"
    ),
    # Names, and what is not looked at
    "names-collide": Code(
        "warning",
        "group{s} of names differ only by case or accents",
        "other systems take them for one file or folder: rename them",
    ),
    "passed-over": Code("note", "file{s} {is} hidden or not {an}image{s}, and ignored"),
}
"""In the order in which findings of the same severity are shown."""

UNREADABLE = frozenset({"damaged", "not-an-image", "format-not-read", "too-many-pixels", "unreadable"})
"""Codes of files that cannot be read."""

_RANKS = {"error": 0, "warning": 1, "note": 2}


def finding(code: str, affected: Iterable[Affected], exclude: Iterable[str] = (), message: str = "") -> list[Finding]:
    """A finding of this code, or none when nothing is affected.

    Excluding the files in `exclude` removes it; `message` replaces the usual sentence.
    """
    items = tuple(affected)
    if not items:
        return []
    kind = CODES[code]
    sentence = message or f"{len(items):,} {kind.text.format_map(_ONE if len(items) == 1 else _MANY)}"
    return [Finding(code, kind.severity, sentence, kind.advice, items, tuple(exclude))]


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, warnings, notes; of the same severity in the order of `CODES`."""
    order = list(CODES)
    return tuple(sorted(findings, key=lambda finding: (_RANKS[finding.severity], order.index(finding.code))))
