"""A real MLflow server on this machine, which can be killed, stopped and started again."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from ports import free_port

_WITHOUT_JOBS = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # a dozen processes


class MLflowServer:
    """A server with a database in a folder; `program` is that of a whole MLflow, wherever it is installed."""

    def __init__(self, program: str, folder: Path) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._command = [program, "server", "--host", "127.0.0.1", "--port", str(self.port), "--workers", "1"]
        self._command += ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        self._command += ["--artifacts-destination", str(folder / "artifacts")]
        self._log = (folder / "log").open("w")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        without_ours = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment = {**without_ours, "MLFLOW_DISABLE_TELEMETRY": "true", **_WITHOUT_JOBS}
        self._process = subprocess.Popen(
            self._command, env=environment, stdout=self._log, stderr=self._log, start_new_session=True
        )
        for _ in range(3000):
            try:
                with urllib.request.urlopen(f"{self.address}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise TimeoutError("the server does not start")

    def signal(self, number: int) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()
        self._process = None

    def runs(self) -> dict[str, Any]:
        """Every run by its name; no name twice."""
        client = self.client()
        experiments = [each.experiment_id for each in client.search_experiments()]
        found = client.search_runs(experiments)
        assert len({run.info.run_name for run in found}) == len(found)
        return {run.info.run_name: run for run in found}

    def epochs(self, run: Any, metric: str = "loss") -> list[int]:
        """The epochs that a run has, those twice that it has twice."""
        return sorted(each.step for each in self.client().get_metric_history(run.info.run_id, metric))

    def client(self) -> Any:
        from mlflow import MlflowClient

        return MlflowClient(self.address)
