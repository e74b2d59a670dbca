"""The section `tune`: a search for better values of other keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cnncli.catalog import tuning
from cnncli.catalog.entries import Entry
from cnncli.catalog.validators import Validator, optional, text, whole
from cnncli.errors import KeyPath, Problem
from cnncli.spec.sections.duration import duration, seconds_of
from cnncli.spec.sections.section import Section, key
from cnncli.wording import shown

NOTHING = (
    "there is nothing to search: list keys with their distributions in 'space', as in 'tune: {trials: 20, space: "
    "{train.batch_size: {CategoricalDistribution: {choices: [16, 32, 64]}}}}'"
)
"""What to say of a search without a space."""


def _accept_space(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        problems.append(Problem(path, f"expected a mapping from keys to distributions, got {shown(value)}"))
        return value
    return {str(name): tuning.distribution.accept(each, (*path, name), problems) for name, each in value.items()}


_space = Validator(
    "a mapping from keys to distributions",
    _accept_space,
    {"type": "object", "additionalProperties": tuning.distribution.schema},
)


@dataclass(frozen=True, kw_only=True)
class Tune(Section):
    """A search for better values of other keys, with `cnncli tune`; a training takes no notice of it."""

    metric: str | None = key(
        optional(text), "The validation metric to improve, such as val_accuracy; that of train.monitor unless set", None
    )
    trials: int | None = key(optional(whole(1)), "Number of trials, pruned ones included", None)
    time: float | str | None = key(
        optional(duration), "Time for the search, such as 2h: no trial begins after it", None
    )
    sampler: Entry = key(tuning.sampler, "An Optuna sampler: what to try next", Entry("sampler", "TPESampler"))
    pruner: Entry = key(
        tuning.pruner, "An Optuna pruner: which trials to end early, by their epochs", Entry("pruner", "NopPruner")
    )
    space: dict[str, Entry] = key(_space, "Which keys to vary, by their paths, and the distribution of each", {})

    @property
    def max_seconds(self) -> float | None:
        """Seconds for the search; None without a limit."""
        return seconds_of(self.time)

    @property
    def grid_points(self) -> int | None:
        """Number of points of the grid; None with another sampler, or where the grid has no end."""
        if self.sampler.name != "GridSampler":
            return None
        product = 1
        for entry in self.space.values():
            if (points := tuning.points_of(entry)) is None:
                return None
            product *= len(points)
        return product

    @property
    def wanted(self) -> int | None:
        """Number of trials; None where only the time ends the search."""
        points = self.grid_points
        return points if self.trials is None else self.trials if points is None else min(self.trials, points)


_FIXED = {
    ("name",): "it names the runs",
    ("seed",): "it would choose by luck, and the validation images depend on it",
    ("silence",): "it changes no training",
    ("extends",): "files are read before the search",
    ("tune",): "it is the search itself",
    ("track",): "it changes no training",
    ("calibration",): "it changes no training",
    ("data", "source"): "trials must be compared on the same images",
    ("data", "split"): "trials must be compared on the same images",
    ("data", "classes"): "trials must be compared on the same images",
    ("data", "exclude"): "trials must be compared on the same images",
    ("data", "unreadable"): "trials must be compared on the same images",
    ("data", "corrections"): "trials must be compared on the same images",
    ("data", "cache"): "it changes no training",
    ("train", "metrics"): "trials must report the same metrics",
    ("train", "checkpoint"): "it changes no training",
    ("train", "devices"): "each process of the search uses those of its machine",
}


def wrong_search(tune: Tune, validation: Any, metrics: list[str], monitored: str) -> Iterator[Problem]:
    """What contradicts a search, in itself and in the rest of the spec.

    Args:
        tune: The section.
        validation: `data.split.validation`.
        metrics: The metrics that an epoch reports.
        monitored: The one that decides which epoch is best.
    """
    if not tune.space:
        if tune.set_keys and "space" not in tune.set_keys:
            yield Problem(("tune",), NOTHING, at_key=True)
        return
    if tune.wanted is None and tune.time is None and tune.sampler.name != "GridSampler":
        yield Problem(("tune",), "the search has no end: set 'trials', or 'time'", at_key=True)
    if validation == 0:
        message = "a search compares trials on validation images, and there are none"
        yield Problem(("data", "split", "validation"), message)
    elif validation == "test":
        message = "the search would choose by the test images, whose figures would then be too good; set a fraction"
        yield Problem(("data", "split", "validation"), message)
    own = [name for name in metrics if name.startswith("val_")]
    if tune.metric is not None and tune.metric not in own and own:
        problem = f"a search improves one of {', '.join(own)}; got {shown(tune.metric)}"
        yield Problem(("tune", "metric"), problem)
    yield from _wrong_keys(list(tune.space))
    if (tune.metric or monitored) == "val_loss":
        for name in tune.space:
            if _parts(name)[:2] == ("train", "loss"):
                message = "losses of different kinds cannot be compared; set 'metric' to another one, or leave this out"
                yield Problem(("tune", "space", name), message, at_key=True)
    if tune.sampler.name == "GridSampler":
        for name, entry in tune.space.items():
            if tuning.points_of(entry) is None:
                message = "a grid needs steps: set 'step' and leave out 'log', or list 'choices'"
                yield Problem(("tune", "space", name, entry.name), message, at_key=True)


def _wrong_keys(names: list[str]) -> Iterator[Problem]:
    """Keys that no search may vary, and those within others that it varies."""
    parts = {name: _parts(name) for name in names}
    for name, path in parts.items():
        for length in range(1, len(path) + 1):
            if path[:length] in _FIXED:
                message = f"a search cannot vary this: {_FIXED[path[:length]]}"
                yield Problem(("tune", "space", name), message, at_key=True)
        for other, around in parts.items():
            if len(around) < len(path) and path[: len(around)] == around:
                message = f"'{other}' is varied as a whole already; leave out one of them"
                yield Problem(("tune", "space", name), message, at_key=True)


def _parts(name: str) -> tuple[str, ...]:
    return tuple(name.replace("[", ".").replace("]", "").split("."))
