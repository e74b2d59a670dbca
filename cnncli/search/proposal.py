"""What a search tries next: a point that Optuna's sampler proposes, or one of a grid that nobody has."""

from __future__ import annotations

import itertools
import random
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import FrozenTrial, TrialState

from cnncli.catalog.entries import Entry, plain
from cnncli.catalog.tuning import points_of
from cnncli.spec.sections.tune import Tune
from cnncli.spec.writer import flow

MOST_ATTEMPTS = 3
"""How often a point of a grid is tried, and a trial whose process dies."""


class Space:
    """The keys that a search varies.

    Optuna keeps a choice that is a list or a mapping as its text in YAML.

    Args:
        entries: Distribution by key, as the spec has it.
    """

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self._entries = entries
        self.distributions: dict[str, BaseDistribution] = {
            key: _distribution(entry, self._choices(key)) for key, entry in entries.items()
        }

    def values(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The values of a spec, by key, from Optuna's parameters."""
        values = {}
        for key, value in params.items():
            choices = self._choices(key)
            values[key] = plain(self._entries[key].arguments["choices"][choices.index(value)]) if choices else value
        return values

    def grid(self, seed: int) -> list[dict[str, Any]]:
        """All points as Optuna's parameters, in an order that follows from the seed."""
        axes = [self._choices(key) or points_of(entry) or [] for key, entry in self._entries.items()]
        points = [dict(zip(self._entries, values, strict=True)) for values in itertools.product(*axes)]
        random.Random(seed).shuffle(points)
        return points

    def _choices(self, key: str) -> list[Any]:
        """The choices as Optuna keeps them; none of a range."""
        choices = self._entries[key].arguments.get("choices", [])
        return [flow(plain(each)) if isinstance(each, list | dict) else each for each in choices]


def _distribution(entry: Entry, choices: Sequence[Any]) -> BaseDistribution:
    if choices:
        return CategoricalDistribution(choices)
    kind = IntDistribution if entry.name == "IntDistribution" else FloatDistribution
    distribution: BaseDistribution = kind(**entry.arguments)
    return distribution


def ask(study: optuna.Study, tune: Tune, space: Space, seed: int) -> FrozenTrial | None:
    """Begins a trial: one that was given back first, then a new one; None when a grid has no further point.

    The caller has the turn. The sampler gets a seed that follows from that of the spec and the number of the trial, so
    that two processes never draw the same, and a search that was interrupted goes on as it would have.
    """
    trials = study.get_trials(deepcopy=False)
    study.sampler = sampler(tune.sampler, seed, len(trials))
    is_left = any(trial.state == TrialState.WAITING for trial in trials)
    if tune.grid_points is not None and not is_left:
        point = _next_point(space.grid(seed), trials)
        if point is None:
            return None
        study.enqueue_trial(point)
    trial = study.ask()
    complete(trial, space)
    return study._storage.get_trial(trial._trial_id)


def complete(trial: optuna.Trial, space: Space) -> None:
    """Draws the values that a trial does not have yet."""
    for key, distribution in space.distributions.items():
        trial._suggest(key, distribution)


def _next_point(grid: Sequence[dict[str, Any]], trials: Sequence[FrozenTrial]) -> dict[str, Any] | None:
    """The first point that no trial has, then one whose trials all failed, unless there were too many."""
    used = [(_point(trial), trial.state) for trial in trials]
    taken = {point for point, state in used if state != TrialState.FAIL}
    failures = Counter(point for point, state in used if state == TrialState.FAIL)
    left = [point for point in grid if _key(point) not in taken and failures[_key(point)] < MOST_ATTEMPTS]
    return min(left, key=lambda point: failures[_key(point)], default=None)


def _point(trial: FrozenTrial) -> tuple[tuple[str, str], ...]:
    return _key(trial.params or trial.system_attrs.get("fixed_params", {}))


def _key(point: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((key, repr(value)) for key, value in point.items()))


def sampler(entry: Entry, seed: int, number: int) -> BaseSampler:
    """The sampler for one trial; a quasi-random sequence keeps its seed, which is that of the whole sequence."""
    if entry.name == "GridSampler":
        return RandomSampler(seed)
    its_seed = seed if entry.name == "QMCSampler" else (seed + number) % 2**32
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # whoever chose it has read Optuna's page
        made: BaseSampler = getattr(optuna.samplers, entry.name)(seed=its_seed, **entry.arguments)
    return made


def pruner(entry: Entry, epochs: int) -> BasePruner:
    """The pruner; `epochs` is the resource that a trial can use at most."""
    arguments = {
        key: pruner(each, epochs) if isinstance(each, Entry) else each for key, each in entry.arguments.items()
    }
    if entry.name == "HyperbandPruner":
        arguments.setdefault("max_resource", epochs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        made: BasePruner = getattr(optuna.pruners, entry.name)(**arguments)
    return made
