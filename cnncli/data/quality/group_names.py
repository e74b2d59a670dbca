"""Notices file names that suggest groups: patients, videos, bursts, copies of one photograph."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.quality.codes import finding
from cnncli.records import Affected, Finding
from cnncli.wording import counted

_FEWEST = 3
"""Groups below which none are suggested: they could not be divided."""

_SHARED = 0.15
"""Share of the images, with others in their group, from which on groups are suggested."""

_MATCHED = 0.3
"""Share of the images whose names have a word or a mark, from which on it is taken for a rule."""

_EVEN = 0.7
"""Share of equal steps between the numbers of a group from which on they count its images, as frames of a video."""

_WORDS = (
    *("patient", "subject", "subj", "sub", "person", "participant", "volunteer", "donor", "animal", "specimen"),
    *("video", "vid", "clip", "burst", "sequence", "seq", "session", "scene", "case", "series", "study", "track"),
)
_NAMED = re.compile(rf"(?<![a-z])({'|'.join(_WORDS)})([_-]?)\d+", re.IGNORECASE)
_COUNTED = re.compile(r"([^/]*\d[^/]*)[_-](\d+)\.[^./]+$")
_PARTS = re.compile(r"(?<![a-z])(batch|part|fold|shard|chunk|split|train|test|val)(?![a-z])", re.IGNORECASE)
"""Words for parts of a data set, which are numbered for no reason that matters."""


@dataclass(frozen=True)
class SuggestedGroups:
    """How many groups file names suggest, and one of the largest as an example, with the number of its images.

    The pattern would be that of `data.split.group`, and is found in every name.
    """

    pattern: str
    groups: int
    example: str
    images: int

    def __str__(self) -> str:
        return f"{counted(self.groups, 'group')}, such as '{self.example}' with {counted(self.images, 'image')}"


def suggested_groups(entries: Iterable[Entry]) -> SuggestedGroups | None:
    """The groups that the names of the images suggest; None when they suggest none.

    Plain counters, one number for each image, and groups that are the classes suggest none.
    """
    images = [entry for entry in entries if entry.label]
    names = [entry.name for entry in images]
    patterns = [*_of_copies(names), *_of_words(names), *_of_counters(images)]
    return next((found for pattern in patterns if (found := _checked(pattern, images))), None)


def groups_in_names(entries: Sequence[Entry]) -> list[Finding]:
    """The finding that images probably belong together; none where the source's own splits hold whole groups."""
    suggested = suggested_groups(entries)
    if suggested is None:
        return []
    splits: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if match := re.search(suggested.pattern, entry.name):
            splits[match[1]].add(entry.split)
    straddling = [group for group, places in splits.items() if len(places) > 1]
    if {entry.split for entry in entries} == {"train", "validation", "test"} and not straddling:
        return []
    key = f"data.split.group: {{pattern: '{suggested.pattern}'}}"
    message = f"the file names suggest {suggested}"
    if straddling:
        message += f"; {counted(len(straddling), 'group')} in two splits, such as '{straddling[0]}'"
    return finding("groups-in-names", [Affected((), f"to keep them together: {key}")], message=message)


def _of_copies(names: Sequence[str]) -> Iterator[str]:
    """The pattern of copies that Roboflow makes of one image: `photo_jpg.rf.0123….jpg`."""
    yield from _or_alone(r"[^/]+\.rf\.", sum(".rf." in name for name in names), len(names))


def _of_words(names: Sequence[str]) -> Iterator[str]:
    """Patterns of a number behind a word for what has several images: `patient_12`."""
    spelt: dict[str, Counter[str]] = {word: Counter() for word in _WORDS}
    for name in names:
        for match in {match[1].lower(): match for match in _NAMED.finditer(name)}.values():
            spelt[match[1].lower()][match[1] + match[2]] += 1
    for spellings in spelt.values():
        for spelling, matched in spellings.most_common(1):
            yield from _or_alone(rf"{re.escape(spelling)}\d+", matched, len(names))


def _or_alone(pattern: str, matched: int, total: int) -> Iterator[str]:
    """The pattern in a group, with each name that lacks it as a group of its own; none where most lack it."""
    if matched == total:
        yield f"({pattern})"
    elif matched >= _MATCHED * total:
        yield f"({pattern}|[^/]+$)"


def _of_counters(images: Sequence[Entry]) -> Iterator[str]:
    """The pattern of names with two numbers, the last of which counts the images of each group: `IMG_1234_001`."""
    counters: dict[str, list[int]] = defaultdict(list)
    of_class: dict[str, set[str]] = defaultdict(set)
    for entry in images:
        match = _COUNTED.search(entry.name)
        if match is None or _PARTS.search(match[1]):
            return
        counters[match[1]].append(int(match[2]))
        of_class[entry.label].add(match[2])
    stands_for_class = all(len(numbers) == 1 for numbers in of_class.values())
    regular = sum(len(numbers) for numbers in counters.values() if _counts(numbers))
    if stands_for_class or 2 * regular < len(images):
        return
    is_twice = any(len(set(numbers)) < len(numbers) for numbers in counters.values())  # one number for two things
    yield r"^(.+)[_-]\d+\.[^./]+$" if is_twice else r"([^/]+)[_-]\d+\.[^./]+$"


def _counts(numbers: list[int]) -> bool:
    """Whether numbers go up in equal steps, and from 0 or 1 on where they are few."""
    ordered = sorted(set(numbers))
    steps = Counter(after - before for before, after in pairwise(ordered))
    if not steps or (len(ordered) < 4 and ordered[0] > 1):
        return False
    return steps.most_common(1)[0][1] >= _EVEN * (len(ordered) - 1)


def _checked(pattern: str, images: Sequence[Entry]) -> SuggestedGroups | None:
    """The groups of a pattern; None when they are too few, hardly share images, or are the classes."""
    found = [re.search(pattern, entry.name) for entry in images]
    sizes = Counter(match[1] for match in found if match is not None)
    classes: Mapping[str, set[str]] = defaultdict(set)
    for match, entry in zip(found, images, strict=True):
        if match is None:
            return None
        classes[entry.label].add(match[1])
    shared = sum(size for size in sizes.values() if size > 1)
    several = any(sum(sizes[name] > 1 for name in groups) > 1 for groups in classes.values())
    if len(sizes) < _FEWEST or shared < _SHARED * len(images) or not several:
        return None
    ((example, size),) = sizes.most_common(1)
    return SuggestedGroups(pattern, len(sizes), example, size)
