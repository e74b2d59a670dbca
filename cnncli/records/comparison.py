"""Several runs, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Interval = tuple[float, float]


@dataclass(frozen=True)
class ComparedRun:
    """One of the runs.

    Args:
        run: Name of the run, or its folder where two runs have the same name; so everywhere below.
        accuracy: Share of its test images that it has right, 0…1.
        interval: Holds the true accuracy in 95 of 100 cases.
        images: Number of its test images.
        seed: Seed of its spec.
        spec: Number of its spec among those of the runs, counted from 1; runs whose specs differ in the seed alone have
            the same.
    """

    run: str
    accuracy: float
    interval: Interval | None
    images: int
    seed: int
    spec: int


@dataclass(frozen=True)
class ClassChange:
    """How much better one run recognises a class than another.

    Args:
        class_name: Name of the class.
        images: Number of images of it that were compared.
        gained: Images that only the second run has right.
        lost: Images that only the first run has right.
        p: As that of the pair, adjusted for the number of classes.
    """

    class_name: str
    images: int
    gained: int
    lost: int
    p: float


@dataclass(frozen=True)
class ChangedImage:
    """An image that one of two runs has right.

    Args:
        image: Its name in predictions.csv.
        true: Its class.
        first: Answer of the first run.
        second: Answer of the second run.
    """

    image: str
    true: str
    first: str
    second: str


@dataclass(frozen=True)
class Pair:
    """Two runs, the second of which is the best of all.

    Args:
        first: A run.
        second: The best run.
        images: Number of images that both were tested on; 0 if none, and then the difference may be that of the images.
        difference: Accuracy of the second less that of the first, on the same images where there are some.
        interval: Holds the true difference in 95 of 100 cases; None where it cannot be known.
        gained: Images that only the second run has right.
        lost: Images that only the first run has right.
        exact_p: McNemar's exact p; None for different images, or where images come in groups.
        p: McNemar's mid-p; where images come in groups that of a t test over the groups; None for different images.
        holm_p: The same, adjusted for the number of pairs.
        classes: Classes of which one run has more right, the largest changes first.
        changed: Images that one of the two has right.
    """

    first: str
    second: str
    images: int
    difference: float
    interval: Interval | None
    gained: int
    lost: int
    exact_p: float | None
    p: float | None
    holm_p: float | None
    classes: tuple[ClassChange, ...]
    changed: tuple[ChangedImage, ...]


@dataclass(frozen=True)
class Repeats:
    """Runs whose specs differ in the seed alone.

    Args:
        spec: Their number in `ComparedRun.spec`.
        runs: The runs.
        mean: Mean accuracy.
        deviation: Standard deviation of the accuracies.
        least: Lowest accuracy.
        most: Highest accuracy.
    """

    spec: int
    runs: tuple[str, ...]
    mean: float
    deviation: float
    least: float
    most: float


@dataclass(frozen=True)
class SpecPair:
    """Two specs with several runs each.

    Args:
        first: Number of a spec.
        second: Number of that with the highest mean accuracy.
        difference: Mean accuracy of the second less that of the first.
        interval: Holds the true difference in 95 of 100 cases, over other seeds.
        p: Of Welch's t test.
        holm_p: The same, adjusted for the number of pairs.
    """

    first: int
    second: int
    difference: float
    interval: Interval
    p: float
    holm_p: float


@dataclass(frozen=True)
class Comparison:
    """What differs between runs, which one is better, and whether that is more than luck.

    Args:
        runs: The runs in the order in which they were named.
        best: The run with the highest accuracy.
        spec: Keys of the specs with different values, each with the value of each run as text.
        data: Differences of the images, one sentence each.
        versions: Packages and hardware that differ, each with the value of each run.
        pairs: The best run against each other one.
        repeats: Specs of which there are several runs.
        specs: The best of these specs against each other one.
        flattery: By how much the best of these runs would seem better than it is if all were equally good, on average;
            None unless all were tested on the same images.
        notes: What to know before any of it is believed, one sentence each.

    Example:
        >>> import cnncli
        >>> comparison = cnncli.compare(["runs/mnist-001", "runs/mnist-001"])
        >>> comparison.pairs[0].p, comparison.pairs[0].gained
        (1.0, 0)
    """

    runs: tuple[ComparedRun, ...]
    best: str
    spec: Mapping[str, tuple[str, ...]]
    data: tuple[str, ...]
    versions: Mapping[str, tuple[str, ...]]
    pairs: tuple[Pair, ...]
    repeats: tuple[Repeats, ...]
    specs: tuple[SpecPair, ...]
    flattery: float | None
    notes: tuple[str, ...]

    def plain(self) -> dict[str, Any]:
        """All of it as dicts, lists and numbers, which JSON can hold."""
        return asdict(self)
