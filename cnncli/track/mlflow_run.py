"""One run in MLflow: it is sent what it lacks, so sending a run again, or half of it, changes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isinf
from pathlib import Path
from typing import Any

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from cnncli.report import artifact_names
from cnncli.runs import PAGE
from cnncli.track.card import model_card
from cnncli.track.mlflow_names import accepted_names
from cnncli.track.tracked_run import TrackedRun

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

    def __init__(self, client: MlflowClient, experiment: str, mark: str, run: TrackedRun) -> None:
        self._client = client
        self.experiment_id = _experiment_id(client, experiment)
        self.run_id = self._found(mark) or self._created(mark, run)

    def send(self, run: TrackedRun) -> None:
        """Sends parameters, epochs and state, and of a run that has ended also its results."""
        there = self._client.get_run(self.run_id)
        self._send_parameters(run, there.data.params)
        self._send_epochs(run)
        if run.state == "running":
            if there.info.status != "RUNNING":
                self._client.update_run(self.run_id, status="RUNNING")
            return
        self._send_results(run)
        at = None if run.ended is None else int(1000 * run.ended)
        self._client.set_terminated(self.run_id, STATES.get(run.state, "FAILED"), at)

    def _found(self, mark: str) -> str | None:
        found = self._client.search_runs(
            [self.experiment_id], f"tags.`{MARK}` = '{mark}'", order_by=["attributes.start_time"], max_results=1
        )
        return str(found[0].info.run_id) if found else None

    def _created(self, mark: str, run: TrackedRun) -> str:
        tags = {MARK: mark, "mlflow.source.name": "cnncli", "mlflow.source.type": "LOCAL"}
        started = int(1000 * run.started)
        created = self._client.create_run(self.experiment_id, started, tags, run_name=run.name)
        return str(created.info.run_id)

    def _send_parameters(self, run: TrackedRun, there: Mapping[str, str]) -> None:
        """MLflow never changes a parameter: one that a resumed training changed keeps its first value."""
        names = accepted_names(run.parameters)
        missing = [
            Param(names[name], str(value)[:_LONGEST_VALUE])
            for name, value in run.parameters.items()
            if names[name] not in there
        ]
        for part in _parts(missing, _MOST_PARAMETERS):
            self._client.log_batch(self.run_id, params=part)

    def _send_epochs(self, run: TrackedRun) -> None:
        there = self._steps(_SENT_LAST)
        missing = [(epoch, time) for epoch, time in run.times() if epoch.number not in there]
        names = accepted_names(name for epoch, _ in missing for name in epoch.metrics)
        metrics = [
            Metric(name, value, int(1000 * time), epoch.number)
            for epoch, time in missing
            for name, value in (
                *((names[name], value) for name, value in epoch.metrics.items()),
                ("epoch_seconds", epoch.seconds),
                (_SENT_LAST, epoch.learning_rate),
            )
            if not isinf(value)
        ]
        for part in _parts(metrics, _MOST_METRICS):
            self._client.log_batch(self.run_id, metrics=part)

    def _send_results(self, run: TrackedRun) -> None:
        values = {f"test_{name}": value for name, value in run.test_metrics.items() if not isinf(value)}
        names = accepted_names(values)
        last = next(reversed(values), "")
        if values and run.best_epoch not in self._steps(names[last]):
            at = int(1000 * (run.ended or run.started))
            metrics = [Metric(names[name], value, at, run.best_epoch) for name, value in values.items()]
            self._client.log_batch(self.run_id, metrics=metrics)
        card = model_card(run)
        self._client.set_tag(self.run_id, "mlflow.note.content", card)
        self._client.log_text(self.run_id, card, "model_card.md")
        for path in artifacts(run.folder.path):
            folder = path.parent.relative_to(run.folder.path).as_posix()
            self._client.log_artifact(self.run_id, str(path), None if folder == "." else folder)

    def _steps(self, name: str) -> set[int]:
        """The steps at which the server has a metric."""
        return {metric.step for metric in self._client.get_metric_history(self.run_id, name)}


def artifacts(run: Path) -> list[Path]:
    """The files of a run that are sent: its records, reports and plots, and neither weights nor checkpoints."""
    moments = [name for when in ("start", "epoch", "end", "evaluation") for name in artifact_names(when)]
    paths = [run / name for name in (*_FILES, *moments) if name not in _NOT_SENT]
    return [path for path in paths if path.is_file() and path.stat().st_size <= _LARGEST_FILE]


def _experiment_id(client: MlflowClient, name: str) -> str:
    if found := client.get_experiment_by_name(name):
        return str(found.experiment_id)
    try:
        return str(client.create_experiment(name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return str(client.get_experiment_by_name(name).experiment_id)  # another process was quicker


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
