"""Groups of images that belong together, such as those of one patient, and divisions that keep groups whole."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from cnncli.errors import DataError
from cnncli.wording import counted

_SECONDS = 20
"""Time to search all names for a pattern; a million names take three seconds."""


@dataclass(frozen=True)
class Groups:
    """Which images belong together: for each an index into the names of the groups, int64, shape `(images,)`."""

    names: tuple[str, ...]
    of_image: np.ndarray

    @classmethod
    def named(cls, of_image: Sequence[str]) -> Groups:
        """Groups from the name of each image's group; numbered in the order of their first images."""
        numbers = {name: number for number, name in enumerate(dict.fromkeys(of_image))}
        return cls(tuple(numbers), np.array([numbers[name] for name in of_image], np.int64))

    def of_each(self) -> list[str]:
        """The name of each image's group."""
        return [self.names[number] for number in self.of_image.tolist()]

    def take(self, indices: np.ndarray) -> Groups:
        """The same of the images at these indices."""
        return Groups(self.names, self.of_image[indices])


def matched_groups(images: Sequence[str], pattern: str) -> Groups:
    r"""The groups that a regular expression with one group finds in the paths of the images from the root on.

    Raises:
        DataError: It is found in none of the paths, or not in all.

    Example:
        >>> matched_groups(["cat/p1_a.png", "cat/p2_a.png", "dog/p1_b.png"], r"(p\d)_").names
        ('p1', 'p2')
    """
    search, found, deadline = re.compile(pattern).search, [], time.monotonic() + _SECONDS
    for number, image in enumerate(images):
        match = search(image)
        found.append(match[1] if match else None)
        if number % 100 == 0 and time.monotonic() > deadline:
            raise DataError(f"data.split.group.pattern {pattern!r} takes too long", "write a simpler pattern")
    lacking = [image for image, group in zip(images, found, strict=True) if not group]
    if lacking:
        some = "any" if len(lacking) == len(images) else f"{len(lacking):,}"
        of_all = f"{some} of the {counted(len(images), 'image')}"
        raise DataError(
            f"data.split.group.pattern {pattern!r} is not found in {of_all}, such as '{lacking[0]}'",
            "every image needs a group: change the pattern, or leave these images out with data.exclude",
        )
    return Groups.named([group or "" for group in found])


def shared_groups(splits: Mapping[str, Groups]) -> list[tuple[str, str, str]]:
    """Groups with images in two splits: the name of each, with the names of the two splits.

    Example:
        >>> shared_groups({"train": Groups.named(["a", "b"]), "test": Groups.named(["b"])})
        [('b', 'train', 'test')]
    """
    place: dict[str, str] = {}
    shared = []
    for split, groups in splits.items():
        for number in np.unique(groups.of_image).tolist():
            name = groups.names[number]
            if name in place:
                shared.append((name, place[name], split))
            else:
                place[name] = split
    return shared


def drawn_groups(
    labels: np.ndarray, groups: Groups, count: int, *, stratify: bool, seed: int, splits_after: int = 0
) -> np.ndarray:
    """Draws whole groups, of about this number of images.

    The number of images differs from `count` by at most the largest group, unless a class has too few groups: one
    group of each class is always left, for the training. With `stratify`, each group in turn, large ones first, is
    taken if that brings the classes nearer to their shares of all groups so far; groups of the same size are in an
    order that the seed decides. Without it, the last groups are taken.

    `splits_after` is the number of further splits to draw from the rest.

    Returns:
        Sorted indices of the images, int64; empty when no group can be drawn.

    Source:
        The greedy choice resembles that of scikit-learn's StratifiedGroupKFold.
    """
    numbers, first, members, sizes = np.unique(
        groups.of_image, return_index=True, return_inverse=True, return_counts=True
    )
    draw = _Draw(labels, members, sizes, count, splits_after)
    if stratify:
        shuffled = np.random.default_rng(seed).permutation(len(numbers))
        draw.in_proportion(shuffled[np.argsort(-sizes[shuffled], kind="stable")].tolist())
    else:
        draw.last(np.argsort(-first, kind="stable").tolist())
    return np.flatnonzero(np.isin(members, np.array(draw.chosen, np.int64)))


class _Draw:
    """One draw: the groups chosen so far, the images that may still be added, and how far each class is from its share.

    Groups are numbers from 0; `_classes` and `_images` have, for each group, its classes and the images of each.
    """

    def __init__(
        self, labels: np.ndarray, members: np.ndarray, sizes: np.ndarray, count: int, splits_after: int
    ) -> None:
        self.chosen: list[int] = []
        self._sizes = sizes.tolist()
        self._room = count
        kinds = int(labels.max()) + 1
        pairs, images = np.unique(members * kinds + labels, return_counts=True)
        ends = np.searchsorted(pairs, np.arange(1, len(sizes)) * kinds)
        self._classes = np.split(pairs % kinds, ends)
        self._images = np.split(images, ends)
        self._fraction = count / len(labels)
        self._share = np.bincount(labels) * self._fraction  # (classes,)
        self._taken = np.zeros_like(self._share)
        self._left = np.bincount(pairs % kinds, minlength=kinds)  # groups of each class that are not chosen
        self._keep = np.clip(self._left - 1, 1, 1 + splits_after)

    def in_proportion(self, order: list[int]) -> None:
        """Chooses a group of each rare class, groups that keep all classes near their shares, and some for the rest."""
        rare = set(np.flatnonzero((self._left > 1) & (self._left * self._fraction < 1)).tolist())
        for group in reversed(order):  # small ones first
            classes = set(self._classes[group].tolist())
            if classes & rare and self._add(group):
                rare -= classes
        rest, chosen, seen = [], set(self.chosen), np.zeros_like(self._share)
        for group in order:
            seen[self._classes[group]] += self._images[group] * self._fraction  # the shares of the groups so far
            if group not in chosen and not (self._gain(group, seen) > 0 and self._add(group)):
                rest.append(group)
        rest.sort(key=lambda group: self._gain(group, self._share), reverse=True)
        rest = [group for group in rest if not self._add(group)]
        self._add_nearest([group for group in rest if self._may_go(group)])

    def last(self, order: list[int]) -> None:
        """Chooses groups in this order until the next one does not fit; one group is always left."""
        for position, group in enumerate(order[:-1]):
            if self._sizes[group] > self._room:
                self._add_nearest(order[position : position + 1])
                return
            self._choose(group)

    def _gain(self, group: int, wish: np.ndarray) -> float:
        """How much nearer a group brings the classes to these numbers: squared distances, relative to each share."""
        classes, images = self._classes[group], self._images[group]
        lacking = wish[classes] - self._taken[classes]
        return float((images * (2 * lacking - images) / self._share[classes]).sum())

    def _may_go(self, group: int) -> bool:
        classes = self._classes[group]
        return bool((self._left[classes] > self._keep[classes]).all())

    def _add(self, group: int) -> bool:
        """Chooses a group if it fits; returns whether it did."""
        fits = self._sizes[group] <= self._room and self._may_go(group)
        if fits:
            self._choose(group)
        return fits

    def _add_nearest(self, groups: list[int]) -> None:
        """Chooses the smallest of these, which are all too large, if the number of images is then nearer."""
        if groups:
            group = min(groups, key=self._sizes.__getitem__)
            if not self.chosen or self._sizes[group] - self._room < self._room:
                self._choose(group)

    def _choose(self, group: int) -> None:
        classes = self._classes[group]
        self.chosen.append(group)
        self._room -= self._sizes[group]
        self._left[classes] -= 1
        self._taken[classes] += self._images[group]
