"""A search in its storage: made once, and joined by others only if theirs is the same."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from cnncli.errors import KeyPath, Problem, ResourceError, SpecError
from cnncli.search.proposal import Space, pruner
from cnncli.search.storage import Store
from cnncli.spec import LoadedSpec
from cnncli.spec.metrics import monitored_metric, more_is_better
from cnncli.spec.schema import Spec
from cnncli.spec.search_space import with_values, without_search
from cnncli.spec.sections.sources import Source
from cnncli.spec.writer import flow

IDENTITY, TOKEN, STARTED = "cnncli.spec", "cnncli.token", "cnncli.started"
"""Attributes of the study: what it searches, what distinguishes it, and when it began, in seconds since 1970."""

RUN = "run"
"""Attribute of a trial: the path of its run, on the machine that began it."""

HOST, FOLDER = "host", "folder"
"""Attributes of a trial: the name of that machine, and what distinguishes the folder of the search there."""

ERROR = "error"
"""Attribute of a failed trial: what went wrong."""

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


@dataclass(frozen=True)
class Search:
    """What is searched.

    Args:
        loaded: The spec with its search.
    """

    loaded: LoadedSpec

    @property
    def spec(self) -> Spec:
        """The spec."""
        return self.loaded.spec

    @property
    def name(self) -> str:
        """Name of the search, which is that of the spec."""
        return self.spec.name

    @property
    def metric(self) -> str:
        """The metric to improve."""
        return self.spec.tune.metric or monitored_metric(self.spec)[0]

    @property
    def maximizes(self) -> bool:
        """Whether more of it is better."""
        return more_is_better(self.spec.train.metrics, self.metric)

    @property
    def space(self) -> Space:
        """The keys to vary."""
        return Space(self.spec.tune.space)

    def trial_spec(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The spec of a trial as dicts and lists.

        Args:
            values: Value by key of the search.

        Raises:
            SpecError: A path does not exist.
        """
        document = with_values(without_search(self.loaded.document), values)
        return {"name": self.name, **document.value}

    def identity(self) -> dict[str, Any]:
        """What must be the same for all processes of a search."""
        plain = self.spec.plain()
        source = self.spec.data.source
        arguments = {key: value for key, value in source.arguments.items() if key not in source.paths}
        data = {key: value for key, value in plain["data"].items() if key != "cache"}
        # Files may lie elsewhere on another machine
        data["source"] = Source(source.name, arguments).plain()
        data["corrections"] = data["corrections"] is not None
        data["split"] = {**data["split"], "file": data["split"]["file"] is not None}
        train = {key: value for key, value in plain["train"].items() if key not in ("checkpoint", "devices")}
        what = {
            "seed": self.spec.seed,
            "data": data,
            **{key: plain[key] for key in ("augment", "model")},
            "train": train,
            "tune": {"metric": self.metric, "space": plain["tune"]["space"]},
        }
        identity: dict[str, Any] = json.loads(json.dumps(what))  # as the storage gives it back
        return identity


def open_study(search: Search, store: Store, now: float) -> optuna.Study:
    """Makes the study of a search, or joins it; the caller has the turn.

    Raises:
        SpecError: The storage has a search of this name that searches something else.
        ResourceError: It has a study of this name that is no search of ours.
    """
    direction = StudyDirection.MAXIMIZE if search.maximizes else StudyDirection.MINIMIZE
    study = optuna.create_study(
        storage=store.storage,
        study_name=search.name,
        direction=direction,
        load_if_exists=True,
        pruner=pruner(search.spec.tune.pruner, search.spec.train.epochs),
    )
    attributes = study.user_attrs
    if TOKEN not in attributes and study.get_trials(deepcopy=False):
        raise ResourceError(
            f"the storage has a study '{search.name}' that cnncli did not make", "choose another name with --name"
        )
    if TOKEN not in attributes:  # the last that is written
        study.set_user_attr(IDENTITY, search.identity())
        study.set_user_attr(STARTED, now)
        study.set_user_attr(TOKEN, secrets.token_hex(8))
    elif problems := list(_differences(attributes.get(IDENTITY, {}), search.identity(), ())):
        raise search.loaded.locate(SpecError(problems))
    return study


def _differences(before: Any, after: Any, path: KeyPath) -> Iterator[Problem]:
    """What differs from the search as it was begun; a key that was not there then is one of a newer version."""
    if isinstance(before, dict) and isinstance(after, dict) and path[:2] != ("tune", "space"):
        for key in before:
            yield from _differences(before[key], after.get(key), (*path, key))
    elif path == ("tune", "space"):
        for key in {**before, **after}:
            if before.get(key) != after.get(key):
                yield _problem((*path, key), before.get(key), at_key=True)
    elif before != after:
        yield _problem(path, before)


def _problem(path: KeyPath, before: Any, at_key: bool = False) -> Problem:
    was = "it was not there" if before is None else f"it was {flow(before)}"
    message = f"differs from the search that has begun, where {was}; restore it, or begin another search with --name"
    return Problem(path, message, at_key=at_key)


def ended(trials: list[FrozenTrial]) -> int:
    """Number of trials that count: those that were trained to their end or pruned."""
    return sum(trial.state in ENDED for trial in trials)


def running(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    """Trials that have begun and not ended."""
    return [trial for trial in trials if trial.state == TrialState.RUNNING]


def best_trial(study: optuna.Study) -> FrozenTrial | None:
    """The best trial; None while none is complete."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if not complete:
        return None
    sign = 1 if study.direction == StudyDirection.MAXIMIZE else -1
    return max(complete, key=lambda trial: (sign * trial.values[0], -trial.number))
