"""MLflow's package, which knows every kind of server, user and store."""

from __future__ import annotations

from collections.abc import Sequence

from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException

from cnncli.temporary import temporary_folder
from cnncli.track.mlflow_requests import Measured, RunThere


class PackageServer:
    """A server, or a database, by MLflow's package; what is asked is that of `PlainServer`."""

    def __init__(self, address: str) -> None:
        self._client = MlflowClient(address)

    def experiment(self, name: str) -> str:
        """The id of an experiment, which is created unless it is there."""
        if found := self._client.get_experiment_by_name(name):
            return str(found.experiment_id)
        try:
            return str(self._client.create_experiment(name))
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return str(self._client.get_experiment_by_name(name).experiment_id)  # another process was quicker

    def marked_run(self, experiment: str, tag: str, value: str) -> str | None:
        """The id of the run with a tag; None when there is none."""
        order = {"order_by": ["attributes.start_time"], "max_results": 1}
        found = self._client.search_runs([experiment], f"tags.`{tag}` = '{value}'", **order)
        return str(found[0].info.run_id) if found else None

    def create_run(self, experiment: str, name: str, started: int, tags: dict[str, str]) -> str:
        """Creates a run, which started at a time in milliseconds since 1970; returns its id."""
        return str(self._client.create_run(experiment, started, tags, run_name=name).info.run_id)

    def run(self, run_id: str) -> RunThere:
        """What the server has of a run."""
        run = self._client.get_run(run_id)
        return RunThere(run_id, run.info.status, frozenset(run.data.params), run.info.artifact_uri)

    def epochs(self, run_id: str, metric: str) -> set[int]:
        """The epochs of which it has a metric."""
        return {each.step for each in self._client.get_metric_history(run_id, metric)}

    def add_metrics(self, run_id: str, metrics: Sequence[Measured]) -> None:
        """Adds at most 1,000 values."""
        self._client.log_batch(run_id, metrics=[Metric(*each) for each in metrics])

    def add_parameters(self, run_id: str, parameters: Sequence[tuple[str, str]]) -> None:
        """Adds at most 100 parameters, which cannot be changed later."""
        self._client.log_batch(run_id, params=[Param(*each) for each in parameters])

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """Changes the state, and when the run ended; without a time that is now."""
        if state == "RUNNING":
            self._client.update_run(run_id, status=state)
        else:
            self._client.set_terminated(run_id, state, ended)

    def describe(self, run_id: str, text: str) -> None:
        """Sets the description, in Markdown."""
        self._client.set_tag(run_id, "mlflow.note.content", text)

    def add_file(self, run: RunThere, name: str, data: bytes) -> None:
        """Adds a file, or takes the place of one; its name has slashes between folders."""
        folder, _, file = name.rpartition("/")
        with temporary_folder() as temporary:
            path = temporary / file
            path.write_bytes(data)
            self._client.log_artifact(run.id, str(path), folder or None)

    def rest(self) -> None:
        """Nothing: MLflow keeps connections of its own."""
