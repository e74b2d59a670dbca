"""Everything the data doctor can find: code, severity, sentence and advice. docs/doctor.md holds the same table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cnncli.records import Affected, Finding, Severity


@dataclass(frozen=True)
class Code:
    """One kind of finding.

    Args:
        severity: `error`, `warning` or `note`.
        one: what follows "1" in its sentence.
        many: what follows a larger number; `one` with an s when empty.
        advice: what to do about it; empty when nothing needs doing.
    """

    severity: Severity
    one: str
    many: str
    advice: str = ""


_REPLACE = "replace it, or leave it out with exclude"
_LEAK = "leave out all copies but one, or the network is tested on what it has seen"

CODES: dict[str, Code] = {
    # Files that training cannot read
    "empty-file": Code("error", "file is empty", "files are empty", _REPLACE),
    "truncated": Code("error", "image is cut off", "images are cut off", _REPLACE),
    "damaged": Code("error", "image is damaged", "images are damaged", _REPLACE),
    "not-an-image": Code("error", "file is no image", "files are no images, whatever their names say", _REPLACE),
    "format-not-read": Code(
        "error", "image has a format that is not read", "images have a format that is not read", "convert it to PNG"
    ),
    "too-many-pixels": Code(
        "error", "image has too many pixels to be decoded", "images have too many pixels to be decoded", _REPLACE
    ),
    "dead-link": Code("error", "link leads nowhere", "links lead nowhere", "mend the link, or remove it"),
    "not-a-file": Code(
        "error",
        "image name belongs to no file",
        "image names belong to no files",
        "a device, pipe or socket: remove it",
    ),
    "unreadable": Code("error", "file cannot be opened", "files cannot be opened", "see to its permissions"),
    "unreadable-folder": Code("error", "folder cannot be listed", "folders cannot be listed", "see to its permissions"),
    # Classes, splits and labels
    "table-row": Code("error", "row of the table is wrong", "rows of the table are wrong", "mend the table"),
    "empty-class": Code(
        "error", "class has no image", "classes have no image", "add images, or choose others with data.classes"
    ),
    "classes-differ": Code(
        "error", "split has other classes", "splits have other classes", "every split needs the same classes"
    ),
    "size-missing": Code(
        "error",
        "source has images of several sizes",
        "sources have images of several sizes",
        "say the size the model sees in data.image.size",
    ),
    "refused": Code("error", "reason not to train on this", "reasons not to train on this"),
    "same-image-two-classes": Code(
        "error", "image is in two classes", "images are in two classes or more", "keep the copy whose class is right"
    ),
    "copies-across-splits": Code("error", "image is in two splits", "images are in two splits or more", _LEAK),
    "copies": Code(
        "warning",
        "image is there more than once",
        "images are there more than once",
        "leave out all copies but one, or they may fall into training and test both",
    ),
    "alike-across-classes": Code(
        "warning",
        "group of images look the same and are in different classes",
        "groups of images look the same and are in different classes",
        "look at them: one of the classes may be wrong",
    ),
    "alike-across-splits": Code(
        "warning",
        "group of images look the same and are in different splits",
        "groups of images look the same and are in different splits",
        "look at them: the network may be tested on what it has seen",
    ),
    "alike": Code(
        "note",
        "group of images look the same",
        "groups of images look the same",
        "look at them: they may fall into training and test both",
    ),
    "few-images": Code(
        "warning",
        "class has fewer than 10 training images",
        "classes have fewer than 10 training images",
        "add images: so few teach little, and can hardly be divided",
    ),
    "imbalance": Code(
        "warning",
        "class is ten times rarer than the largest",
        "classes are ten times rarer than the largest",
        "train with class_weight: balanced, and look at the recall of each class",
    ),
    "few-validation-images": Code(
        "warning",
        "validation set is very small",
        "validation sets are very small",
        "chance decides which epoch is best: add images, or keep more with data.split.validation",
    ),
    "color-tells-class": Code(
        "warning",
        "class is grey where others are in colour",
        "classes are grey where others are in colour",
        "set data.image.color to grayscale, or the network may learn the colour and not the class",
    ),
    "unused-images": Code(
        "warning",
        "image lies beside the class folders and is not used",
        "images lie beside the class folders and are not used",
        "move them into the folder of their class",
    ),
    # What images are like
    "blank": Code("warning", "image is of one colour", "images are of one colour", "leave out what shows nothing"),
    "tiny": Code(
        "warning",
        "image is narrower or lower than 8 pixels",
        "images are narrower or lower than 8 pixels",
        "leave it out if it shows nothing",
    ),
    "extreme-shape": Code(
        "warning",
        "image is 10 times longer than wide",
        "images are 10 times longer than wide, or more",
        "resize: stretch makes a smear of it; leave it out, or pad",
    ),
    "wrong-suffix": Code(
        "warning",
        "name says another format than the contents",
        "names say another format than the contents",
        "it is read as what it is; other programs may stumble",
    ),
    "animated": Code("warning", "image is animated", "images are animated", "the first frame is used"),
    "size-wanted": Code(
        "note",
        "source has images of several sizes",
        "sources have images of several sizes",
        "a spec of them needs data.image.size",
    ),
    "size-outlier": Code(
        "note",
        "image is four times larger or smaller than is usual here",
        "images are four times larger or smaller than is usual here",
    ),
    "mixed-color": Code("note", "image is grey where most are in colour", "images are of another colour mode"),
    "sixteen-bit": Code("note", "image has 16 bits", "images have 16 bits", "8 of them are used"),
    "transparent": Code(
        "note", "image has transparency", "images have transparency", "transparent pixels are laid on white"
    ),
    "cmyk": Code("note", "image is made of inks (CMYK)", "images are made of inks (CMYK)", "they become colours"),
    "rotated": Code(
        "note", "image is stored turned", "images are stored turned", "the orientation the camera noted is applied"
    ),
    # Names and what is passed over
    "names-collide": Code(
        "warning",
        "group of names differ by case alone",
        "groups of names differ by case or accents alone",
        "on other systems they are one file or folder: rename them",
    ),
    "odd-name": Code(
        "warning",
        "name is hard to type or see",
        "names are hard to type or see",
        "control characters, blanks at an end, bytes that are no text: rename them",
    ),
    "long-name": Code("note", "path is very long", "paths are very long", "other systems allow 260 characters"),
    "stray-file": Code("note", "file is no image and passed over", "files are no images and passed over"),
    "hidden": Code("note", "hidden file or folder is passed over", "hidden files and folders are passed over"),
}
"""In the order in which findings of the same severity are shown."""

_RANKS = {"error": 0, "warning": 1, "note": 2}


def finding(code: str, affected: Iterable[Affected], exclude: Iterable[str] = (), message: str = "") -> list[Finding]:
    """A finding of this code, or none when nothing is affected.

    Args:
        code: a key of `CODES`.
        affected: what it is true of.
        exclude: the files to leave out to be rid of it.
        message: in place of the usual sentence.
    """
    found = tuple(affected)
    if not found:
        return []
    kind = CODES[code]
    sentence = message or f"{len(found):,} {kind.one if len(found) == 1 else kind.many}"
    return [Finding(code, kind.severity, sentence, kind.advice, found, tuple(exclude))]


def most_severe_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors, warnings, notes; of the same severity in the order of `CODES`."""
    order = list(CODES)
    return tuple(sorted(findings, key=lambda found: (_RANKS[found.severity], order.index(found.code))))
