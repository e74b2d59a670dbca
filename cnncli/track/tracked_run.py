"""What trackers show of a run, read from its folder."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from cnncli.errors import RunError, SpecError
from cnncli.records import Epoch, History
from cnncli.runs import RunDir
from cnncli.runs.groups import RECORD as GROUP
from cnncli.runs.history import epochs_in, history_rows

if TYPE_CHECKING:
    from cnncli.spec import Spec

_NOT_PARAMETERS = ("name", "track", "silence")


@dataclass(frozen=True)
class SpecSummary:
    """What trackers show of a spec.

    Args:
        name: Name of the spec.
        source: Name of the image source.
        layers: Number of layers.
        monitored: The metric that chooses the best epoch.
        more_is_better: Whether more of it is.
        parameters: Values of the spec by their path, `train.optimizer.Adam.learning_rate`, without those not set.
    """

    name: str
    source: str
    layers: int
    monitored: str
    more_is_better: bool
    parameters: Mapping[str, Any]

    @classmethod
    def of(cls, spec: Spec) -> Self:
        """The summary of a spec."""
        from cnncli.spec.metrics import monitored_metric

        values = {key: value for key, value in spec.plain().items() if key not in _NOT_PARAMETERS}
        parameters = dict(_leaves(values))
        return cls(spec.name, spec.data.source.name, len(spec.model.nodes), *monitored_metric(spec), parameters)


@dataclass(frozen=True)
class TrackedRun:
    """A run as it is at the moment; the epochs are those that are complete."""

    folder: RunDir
    summary: SpecSummary
    epochs: tuple[Epoch, ...]
    status: Mapping[str, Any]

    @classmethod
    def of(cls, folder: RunDir, summary: SpecSummary | None = None) -> Self:
        """Reads a run; with the summary of its spec, if that is known.

        Raises:
            RunError: The run is damaged.
        """
        status = folder.status()  # before the epochs: after it has ended, there are no more
        return cls(folder, summary or SpecSummary.of(spec_of(folder)), _epochs(folder), status)

    @property
    def name(self) -> str:
        """Name of the run; of one in a group, the group's before it."""
        folder = self.folder.path.absolute()
        is_part = (folder.parent / GROUP).is_file()
        return f"{folder.parent.name}/{folder.name}" if is_part else folder.name

    @property
    def state(self) -> str:
        """`running`, `finished`, `interrupted`, `diverged` or `failed`."""
        return str(self.status.get("state"))

    @cached_property
    def test_metrics(self) -> dict[str, float]:
        """Metrics on the test images; empty before the evaluation."""
        metrics = self.folder.metrics()
        return {name: float(value) for name, value in metrics.items() if isinstance(value, float)}

    @cached_property
    def best_epoch(self) -> int:
        """Number of the best epoch, whose weights are evaluated; 0 before the first."""
        return History.of(self.epochs, self.summary.monitored, self.summary.more_is_better).best

    @cached_property
    def started(self) -> float:
        """Start of the training in seconds since 1970; later times follow from it and the durations of epochs."""
        for name, key in (("environment.json", "time"), ("status.json", "started")):
            with contextlib.suppress(RunError, ValueError):
                return datetime.fromisoformat(str(self.folder.read_json(name).get(key))).timestamp()
        return 0.0

    @property
    def ended(self) -> float | None:
        """When the training ended; None where it has not, or was killed."""
        with contextlib.suppress(ValueError):
            return datetime.fromisoformat(str(self.status.get("ended"))).timestamp()
        return None

    def times(self) -> Iterator[tuple[Epoch, float]]:
        """Each epoch with the time of its end; the same whenever it is asked for."""
        time = self.started
        for epoch in self.epochs:
            time += epoch.seconds
            yield epoch, time

    @property
    def pictures(self) -> list[Path]:
        """Plots of the run."""
        return sorted((self.folder.path / "plots").glob("[!.]*.png"))


def progress_of(folder: RunDir) -> list[Any]:
    """State, number of epochs and end of a run: the same only as long as nothing is added to it.

    Raises:
        RunError: The run is damaged.
    """
    status = folder.status()
    return [status.get("state"), len(_epochs(folder)), status.get("ended")]


def spec_of(folder: RunDir) -> Spec:
    """The spec of a run.

    Raises:
        RunError: It is missing or invalid.
    """
    from cnncli.spec import load

    try:
        return load(folder.spec, is_complete=True).spec
    except SpecError as error:
        raise RunError(f"'{folder.path}' is not a complete run: spec.yaml: {error.problems[0].message}") from None


def _epochs(folder: RunDir) -> tuple[Epoch, ...]:
    return epochs_in(history_rows(folder), folder) if folder.history.exists() else ()


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value in a spec with its path; of an object both its name and its arguments."""
    is_object = isinstance(value, dict) and len(value) == 1 and str(next(iter(value)))[:1].isupper()
    if is_object and path:
        yield path, next(iter(value))
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _leaves(item, f"{path}.{index}")
    elif isinstance(value, list) and value and path.endswith(("layers", "augment", "metrics", "callbacks")):
        for index, item in enumerate(value):
            yield f"{path}.{index}", item
    elif value is not None and value != []:
        yield path, value
