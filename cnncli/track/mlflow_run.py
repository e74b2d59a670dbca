"""One run in MLflow: it is sent what it lacks, so sending a run again, or half of it, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isinf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.runs import PAGE
from cnncli.track.card import model_card
from cnncli.track.mlflow_names import accepted_names
from cnncli.track.mlflow_requests import Measured, PlainServer, RunThere
from cnncli.track.tracked_run import TrackedRun

if TYPE_CHECKING:
    from cnncli.track.mlflow_package import PackageServer

MARK = "cnncli.run"
"""The tag by which a run is found again."""

STATES: Mapping[str, str] = {
    "running": "RUNNING",
    "finished": "FINISHED",
    "interrupted": "KILLED",
    "diverged": "FAILED",
    "failed": "FAILED",
}
"""What MLflow calls the state of a run."""

_MOST_METRICS, _MOST_PARAMETERS, _LONGEST_VALUE = 1000, 100, 6000  # of MLflow, for one request
_SENT_LAST = "learning_rate"  # an epoch is there when this is

_FILES = ("spec.yaml", "environment.json", "data.json", PAGE)
_NOT_SENT = ("logits.npz",)  # large, and nothing that MLflow shows
_LARGEST_FILE = 32 << 20


class MLflowRun:
    """A run on a server, found by its mark or created."""

    def __init__(self, server: PlainServer | PackageServer, experiment: str, mark: str, run: TrackedRun) -> None:
        self._server = server
        self._there: RunThere | None = None
        self.experiment_id = server.experiment(experiment)
        self.run_id = server.marked_run(self.experiment_id, MARK, mark) or self._created(mark, run)

    def send(self, run: TrackedRun) -> None:
        """Sends parameters, epochs and state, and of a run that has ended also its results."""
        if self._there is None:
            there = self._server.run(self.run_id)
            self._send_parameters(run, there)
            if run.state == "running" and there.state != "RUNNING":
                self._server.set_state(self.run_id, "RUNNING")
            self._there = there
        self._send_epochs(run)
        if run.state != "running":
            self._send_results(run, self._there)
            at = None if run.ended is None else int(1000 * run.ended)
            self._server.set_state(self.run_id, STATES.get(run.state, "FAILED"), at)

    def _created(self, mark: str, run: TrackedRun) -> str:
        tags = {MARK: mark, "mlflow.source.name": "cnncli", "mlflow.source.type": "LOCAL"}
        return self._server.create_run(self.experiment_id, run.name, int(1000 * run.started), tags)

    def _send_parameters(self, run: TrackedRun, there: RunThere) -> None:
        """MLflow never changes a parameter: one that a resumed training changed keeps its first value."""
        parameters = run.summary.parameters
        names = accepted_names(parameters)
        missing = [
            (names[name], str(value)[:_LONGEST_VALUE])
            for name, value in parameters.items()
            if names[name] not in there.parameters
        ]
        for part in _parts(missing, _MOST_PARAMETERS):
            self._server.add_parameters(self.run_id, part)

    def _send_epochs(self, run: TrackedRun) -> None:
        there = self._server.epochs(self.run_id, _SENT_LAST)
        missing = [(epoch, time) for epoch, time in run.times() if epoch.number not in there]
        names = accepted_names(name for epoch, _ in missing for name in epoch.metrics)
        metrics = [
            Measured(name, value, int(1000 * time), epoch.number)
            for epoch, time in missing
            for name, value in (
                *((names[name], value) for name, value in epoch.metrics.items()),
                ("epoch_seconds", epoch.seconds),
                (_SENT_LAST, epoch.learning_rate),
            )
            if not isinf(value)
        ]
        for part in _parts(metrics, _MOST_METRICS):
            self._server.add_metrics(self.run_id, part)

    def _send_results(self, run: TrackedRun, there: RunThere) -> None:
        values = {f"test_{name}": value for name, value in run.test_metrics.items() if not isinf(value)}
        names = accepted_names(values)
        last = next(reversed(values), "")
        if values and run.best_epoch not in self._server.epochs(self.run_id, names[last]):
            at = int(1000 * (run.ended or run.started))
            metrics = [Measured(names[name], value, at, run.best_epoch) for name, value in values.items()]
            self._server.add_metrics(self.run_id, metrics)
        card = model_card(run)
        self._server.describe(self.run_id, card)
        self._server.add_file(there, "model_card.md", card.encode())
        for path in artifacts(run.folder.path):
            self._server.add_file(there, path.relative_to(run.folder.path).as_posix(), path.read_bytes())


def artifacts(run: Path) -> list[Path]:
    """The files of a run that are sent: its records, reports and plots, and neither weights nor checkpoints."""
    from cnncli.report import artifact_names  # needs NumPy

    moments = [name for when in ("start", "epoch", "end", "evaluation") for name in artifact_names(when)]
    paths = [run / name for name in (*_FILES, *moments) if name not in _NOT_SENT]
    return [path for path in paths if path.is_file() and path.stat().st_size <= _LARGEST_FILE]


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
