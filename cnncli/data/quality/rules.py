"""What the facts of all files add up to: broken files, odd pictures, classes that are empty, rare or given away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np

from cnncli.data.decode.sizes import proposed_size
from cnncli.data.quality.codes import CODES, finding
from cnncli.data.quality.inspection import Facts
from cnncli.data.quality.inventory import Entry, Inventory
from cnncli.records import Affected, Finding
from cnncli.wording import counted

FEW = 10
"""Training images of a class below which a person is warned."""

FEW_VALIDATING = 5
"""Validation images for each class, on average, below which a person is warned."""

RARE = 10
"""How many times rarer than the largest class one may be without a warning."""

TINY = 8
"""Width or height in pixels below which an image hardly shows anything."""

LONG = 10
"""Longer side over shorter side from which on a shape is extreme."""

OUTLYING = 16
"""How many times more, or fewer, pixels than the median make an outlier: four times the width and height."""


def broken_files(entries: Sequence[Entry], facts: Sequence[Facts]) -> list[Finding]:
    """Files that cannot be read, and those that are passed over."""
    affected: dict[str, list[Affected]] = {}
    for entry, fact in zip(entries, facts, strict=True):
        if fact.problem:
            affected.setdefault(fact.problem, []).append(Affected((entry.name,), fact.detail))
        elif not entry.label:
            affected.setdefault("unused-images", []).append(Affected((entry.name,)))
    return [found for code, some in affected.items() for found in finding(code, some, _exclude(code, some))]


def peculiar_images(entries: Sequence[Entry], facts: Sequence[Facts]) -> list[Finding]:
    """Images that are read, and may yet surprise: animated, turned, blank, tiny, of another size or colour."""
    good = [(entry.name, fact) for entry, fact in zip(entries, facts, strict=True) if entry.label and not fact.problem]
    affected: dict[str, list[Affected]] = {}
    median = float(np.median([fact.width * fact.height for _, fact in good])) if good else 0.0
    mostly_grey = 2 * sum(fact.grey for _, fact in good) > len(good)
    for name, fact in good:
        size = f"is {fact.width}×{fact.height}"
        shorter, longer = sorted((fact.width, fact.height))
        found = {trait: f"is a {fact.kind}" if trait == "wrong-suffix" else "" for trait in fact.traits}
        if shorter < TINY:
            found["tiny"] = size
        if longer >= LONG * shorter:
            found["extreme-shape"] = size
        if not median / OUTLYING < fact.width * fact.height < median * OUTLYING:
            found["size-outlier"] = size
        if fact.grey != mostly_grey:
            found["mixed-color"] = "is grey" if fact.grey else "is in colour"
        for code, detail in found.items():
            affected.setdefault(code, []).append(Affected((name,), detail))
    return [found for code, some in affected.items() for found in finding(code, some, _exclude(code, some))]


def class_findings(inventory: Inventory, counts: Mapping[str, Mapping[str, int]]) -> list[Finding]:
    """Classes that are empty, missing in a split, small or much rarer than others."""
    empty = [
        Affected((), f"{label} has no {split} image")
        for split, labels in inventory.classes.items()
        for label in labels
        if not counts[split].get(label)
    ]
    differ = []
    expected = inventory.classes.get("train", ())
    for split, labels in inventory.classes.items():
        missing = [label for label in expected if label not in labels]
        unknown = [label for label in labels if label not in expected]
        words = [f"lacks {', '.join(missing)}"] * bool(missing)
        words += [f"has {', '.join(unknown)}, which training does not know"] * bool(unknown)
        if words:
            differ.append(Affected((), f"{split} {' and '.join(words)}"))
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
        *finding("few-images", few),
        *finding("imbalance", rare),
    ]


def different_sizes(entries: Sequence[Entry], facts: Sequence[Facts], says_size: bool | None) -> list[Finding]:
    """Images of several sizes, for which a spec must say one; `says_size` is None while there is no spec."""
    read = (fact for entry, fact in zip(entries, facts, strict=True) if entry.label and not fact.problem)
    sizes = Counter((fact.height, fact.width) for fact in read)
    if says_size or len(sizes) < 2:
        return []
    height, width = proposed_size(sizes)
    affected = [Affected((), f"such as [{height}, {width}] (height, width), near the usual one")]
    message = f"the images have {len(sizes):,} different sizes"
    return finding("size-wanted" if says_size is None else "size-missing", affected, message=message)


def small_validation(counts: Mapping[str, Mapping[str, int]], part: float | int) -> list[Finding]:
    """So few images to validate on that chance decides which epoch is best."""
    classes, total = len(counts.get("train", {})), sum(counts.get("train", {}).values())
    drawn = round(total * part) if isinstance(part, float) else part
    images = sum(counts["validation"].values()) if "validation" in counts and part else drawn
    if not 0 < images < FEW_VALIDATING * classes:
        return []
    message = f"{counted(images, 'validation image')} for {classes} classes"
    return finding("few-validation-images", [Affected((), f"one is {1 / images:.1%} of the accuracy")], message=message)


def color_tells_class(entries: Sequence[Entry], facts: Sequence[Facts]) -> list[Finding]:
    """Classes that are grey where others are in colour: a network would learn that instead."""
    grey: dict[str, list[bool]] = {}
    for entry, fact in zip(entries, facts, strict=True):
        if entry.label and not fact.problem:
            grey.setdefault(entry.label, []).append(fact.grey)
    shares = {label: sum(values) / len(values) for label, values in grey.items() if len(values) >= FEW}
    told = [label for label, share in shares.items() if share >= 0.9]
    if not told or not any(share <= 0.1 for share in shares.values()):
        return []
    return finding("color-tells-class", [Affected((), f"{label} is {shares[label]:.0%} grey") for label in told])


def _exclude(code: str, affected: Sequence[Affected]) -> list[str]:
    """The files to leave out; none of those that are harmless, or not used anyway."""
    leave_out = code in ("blank", "tiny", "extreme-shape") or CODES[code].severity == "error"
    return [name for one in affected for name in one.names] if leave_out else []
