"""What the inspections of all files add up to: broken files, odd images, empty or rare classes, colliding names."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from cnncli.data.decode.profiles import DAMAGED, STANDARD
from cnncli.data.decode.sizes import proposed_size
from cnncli.data.decode.white import WHITE
from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.names.similar_names import similar_names
from cnncli.data.quality.codes import CODES, finding
from cnncli.data.quality.inspection import FileInspection
from cnncli.data.quality.label_values import odd_labels
from cnncli.data.quality.value_range import DarkSet
from cnncli.records import Affected, Finding
from cnncli.wording import counted

FEW = 10
"""Training images of a class below which there is a warning: a tenth of fewer would validate none."""

FEW_VALIDATING = 5
"""Validation images for each class, on average, below which one image moves the accuracy too far to compare epochs."""

RARE = 10
"""How many times rarer than the largest class one may be: rarer still, always guessing the others is 91 % right."""

TINY = 8
"""Width or height in pixels below which an image hardly shows anything."""

LONG = 10
"""Longer side over shorter side from which on a square input distorts a shape beyond recognition."""

FEW_SEEN = 3
"""Images of a class below which their colour profiles or brightness tell nothing about it."""

DARK = 32
"""Brightness, of 255, up to which a whole class is dark: 13 bits in 16 are no brighter."""

TELLING = 0.5
"""Difference between the shares of a colour profile in two classes from which on it gives the class away."""

Found = dict[str, list[Affected]]

Images = Sequence[tuple[Entry, FileInspection]]
"""The readable images of the classes."""


def broken_files(
    entries: Sequence[Entry],
    inspections: Sequence[FileInspection],
    problems: Mapping[str, list[Affected]] | None = None,
) -> list[Finding]:
    """Files that cannot be read, and those that are passed over; `problems` are those of the source itself."""
    affected: Found = {code: list(some) for code, some in (problems or {}).items()}
    for entry, one in zip(entries, inspections, strict=True):
        if one.problem:
            affected.setdefault(one.problem, []).append(Affected((entry.name,), one.detail))
        elif not entry.label:
            affected.setdefault("unused-images", []).append(Affected((entry.name,)))
    return _findings(affected)


def peculiar_images(images: Images, are_dark: bool = False) -> list[Finding]:
    """Images that are read and may yet surprise: blank, tiny, of an extreme shape or another colour.

    Where white is still to be set (`are_dark`), only what is black everywhere is known to be blank.
    """
    affected: Found = {}
    mostly_grey = 2 * sum(one.grey for _, one in images) > len(images)
    for entry, one in images:
        size = f"is {one.height}×{one.width} (height×width)"
        shorter, longer = sorted((one.width, one.height))
        details = {trait: f"is a {one.kind}" if trait == "wrong-suffix" else "" for trait in one.traits}
        if are_dark and one.brightness:
            details.pop("blank", None)
        if shorter < TINY:
            details["tiny"] = size
        if longer >= LONG * shorter:
            details["extreme-shape"] = size
        if one.grey != mostly_grey:
            details["mixed-color"] = "is grey" if one.grey else "is in colour"
        for code, detail in details.items():
            affected.setdefault(code, []).append(Affected((entry.name,), detail))
    findings = _findings({code: some for code, some in affected.items() if code != "mixed-color"})
    odd, other = ("in colour", "grey") if mostly_grey else ("grey", "in colour")
    mixed = affected.get("mixed-color", [])
    verb = "is" if len(mixed) == 1 else "are"
    message = f"{len(mixed):,} of {counted(len(images), 'image')} {verb} {odd}, the rest {other}"
    return [*findings, *finding("mixed-color", mixed, message=message)]


def class_findings(classes: Mapping[str, Sequence[str]], counts: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """Classes that are empty, missing in a split, called alike, small or much rarer than others."""
    expected = classes.get("train", ())
    empty = [Affected((), f"{label} has no train image") for label in expected if not counts["train"].get(label)]
    missing, differ = [], []
    for split, labels in classes.items():
        lacking = [label for label in expected if not counts[split].get(label)]
        unknown = [label for label in labels if label not in expected and counts[split].get(label)]
        if split != "train" and not any(counts[split].get(label) for label in expected):
            empty.append(Affected((), f"{split} has no image of any class"))
        elif lacking and split != "train":
            missing.append(Affected((), f"{split} lacks {', '.join(lacking)}"))
        if unknown:
            differ.append(Affected((), f"{split} has {', '.join(unknown)}"))
    similar = [Affected((), ", ".join(group)) for group in similar_names(expected)]
    images = sum(sum(of_split.values()) for of_split in counts.values())
    odd = [Affected((), sentence) for sentence in odd_labels(expected, images)]
    train = {label: count for label, count in counts.get("train", {}).items() if count}
    largest = max(train.values(), default=0)
    few = [Affected((), f"{label} has {count}") for label, count in train.items() if count < FEW]
    rare = [
        Affected((), f"{label} has {count:,} training images of {largest:,} in the largest class")
        for label, count in train.items()
        if count * RARE <= largest
    ]
    return [
        *finding("empty-class", empty),
        *finding("classes-differ", differ),
        *finding("missing-class", missing),
        *finding("similar-classes", similar),
        *finding("odd-labels", odd),
        *finding("few-images", few),
        *finding("imbalance", rare),
    ]


def different_sizes(images: Images, sets_size: bool | None) -> list[Finding]:
    """Images of several sizes, for which a spec must set one; `sets_size` is None while there is no spec."""
    sizes = Counter((one.height, one.width) for _, one in images)
    if sets_size or len(sizes) < 2:
        return []
    height, width = proposed_size(sizes)
    affected = [Affected((), f"for example [{height}, {width}] (height, width)")]
    message = f"the images have {len(sizes):,} different sizes"
    return finding("size-wanted" if sets_size is None else "size-missing", affected, message=message)


def small_validation(counts: Mapping[str, Mapping[str, int]], part: float | int) -> list[Finding]:
    """Too few validation images to choose the best epoch by."""
    classes, total = len(counts.get("train", {})), sum(counts.get("train", {}).values())
    drawn = round(total * part) if isinstance(part, float) else part
    images = sum(counts["validation"].values()) if "validation" in counts and part else drawn
    if not 0 < images < FEW_VALIDATING * classes:
        return []
    affected = [Affected((), f"a single image changes the accuracy by {1 / images:.1%}")]
    message = f"{counted(images, 'validation image')} for {counted(classes, 'class')}"
    return finding("few-validation-images", affected, message=message)


def color_tells_class(images: Images) -> list[Finding]:
    """Classes that are grey where others are in colour: a network would learn that instead."""
    grey: dict[str, list[bool]] = {}
    for entry, one in images:
        grey.setdefault(entry.label, []).append(one.grey)
    shares = {label: sum(values) / len(values) for label, values in grey.items() if len(values) >= FEW}
    if not any(share <= 0.1 for share in shares.values()):
        return []
    affected = [Affected((), f"{label} is {share:.0%} grey") for label, share in shares.items() if share >= 0.9]
    return finding("color-tells-class", affected)


def brightness_tells_class(images: Images) -> list[Finding]:
    """Classes that are dark in all of their images where others are not: 12 bits in 16, or a lamp that was off."""
    values: dict[str, list[int]] = {}
    for entry, one in images:
        values.setdefault(entry.label, []).append(one.brightness)
    greatest = {label: max(of_class) for label, of_class in values.items() if len(of_class) >= FEW_SEEN}
    if max(greatest.values(), default=0) <= WHITE / 2:
        return []
    dark = {label: value for label, value in greatest.items() if value <= DARK}
    affected = [Affected((), f"{label} is nowhere brighter than {value} of {WHITE}") for label, value in dark.items()]
    return finding("brightness-tells-class", affected)


def profiles(images: Images, converts: bool) -> list[Finding]:
    """Colour profiles that tell classes apart, are ignored or damaged; `converts` when the spec applies them."""
    broken = broken_profiles(images)
    if converts:
        return broken
    counts: dict[str, Counter[str]] = {}
    for entry, one in images:
        name = "" if one.profile in (STANDARD, DAMAGED) else one.profile
        counts.setdefault(entry.label, Counter())[name] += 1
    names = Counter(name for of_class in counts.values() for name in of_class.elements() if name)
    shares = {
        name: {label: count[name] / count.total() for label, count in counts.items() if count.total() >= FEW_SEEN}
        for name in names
    }
    telling = {name: of for name, of in shares.items() if of and max(of.values()) - min(of.values()) >= TELLING}
    affected = [
        Affected((), f"{label}: {name} in {share:.0%}")
        for name, of in telling.items()
        for label, share in of.items()
        if share >= max(of.values()) - TELLING / 2
    ]
    ignored = [Affected((entry.name,), f"has {one.profile}") for entry, one in images if one.profile in names]
    return [*finding("profile-tells-class", affected), *finding("wide-gamut", ignored), *broken]


def broken_profiles(images: Images) -> list[Finding]:
    """Images whose colour profile cannot be read."""
    return finding("broken-profile", (Affected((entry.name,)) for entry, one in images if one.profile == DAMAGED))


def unset_white(sets: Iterable[DarkSet]) -> list[Finding]:
    """Sets of images for which a spec must say which value is white."""
    return [
        each
        for dark in sets
        for each in finding(
            "white-unset", [Affected((), f"for example data.image.white: {dark.likely_white:g}")], message=str(dark)
        )
    ]


def colliding_names(names: Iterable[str]) -> list[Finding]:
    """Files or folders, of paths with forward slashes, whose names differ only by case or accents."""
    parts: dict[str, None] = {}
    for name in names:
        parts |= dict.fromkeys(name[:at] for at, letter in enumerate(name) if letter == "/")
        parts[name] = None
    twins: dict[tuple[str, str], list[str]] = {}
    for part in parts:
        parent, _, last = part.rpartition("/")
        twins.setdefault((parent, unicodedata.normalize("NFC", last).casefold()), []).append(part)
    return finding("names-collide", (Affected(tuple(group)) for group in twins.values() if len(group) > 1))


def _findings(affected: Found) -> list[Finding]:
    """A finding of each code, with the files to exclude: none of those that are harmless, or not used anyway."""
    findings = []
    for code, some in affected.items():
        is_error = CODES[code].severity == "error" and code != "unreadable-folder"
        excludes = is_error or code in ("blank", "tiny", "extreme-shape")
        findings += finding(code, some, [name for one in some for name in one.names] if excludes else [])
    return findings
