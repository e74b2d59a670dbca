"""MLflow: parameters, metrics, plots and reports of a run on a server, sent by a process of its own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from cnncli.catalog.trackers import TRACKING_URI
from cnncli.errors import CnncliError, ResourceError, RunError
from cnncli.notices import Notice
from cnncli.observer import TrainingObserver
from cnncli.runs import RunDir
from cnncli.track.send_record import SendRecord
from cnncli.track.sent import Sent
from cnncli.track.tracked_run import SpecSummary, progress_of
from cnncli.wording import counted, in_shell, without_secrets

if TYPE_CHECKING:
    from cnncli.records import Epoch

LAST_SECONDS, LAST_SECONDS_WITHOUT_ANSWER = 10.0, 2.0
"""How long the end of a training waits for the rest to be sent; the second where the server did not answer before."""

_SETTINGS = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a request that is sent again is found, or sent, by what the server has
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "GIT_PYTHON_REFRESH": "quiet",
}


_PROGRAM = """\
import os, sys
if sys.argv[1:] and hasattr(os, "nice"):
    os.nice(10)
from cnncli.track.mlflow_sender import main
main()
"""
"""Runs the sender; one that follows a training gives way to it from its first instruction on."""


class Observer(TrainingObserver):
    """Starts a process that sends a training, and tells it of every epoch; it is never waited for before the end."""

    def __init__(self, arguments: Mapping[str, Any], notice: Notice) -> None:
        self._arguments, self._notice = arguments, notice
        self._address = _address(arguments)
        self._run: RunDir | None = None
        self._process: subprocess.Popen[str] | None = None
        self._told = False

    def on_start(self, run: RunDir, spec: Any, splits: Any, model: Any, device: str) -> None:
        """Starts the process."""
        self._run = run
        try:
            with contextlib.suppress(CnncliError):
                SendRecord(run).update(self._address, problem="")
            self._process = _started([run], self._arguments, SpecSummary.of(spec))
            self._notice(f"this training is sent to MLflow at {without_secrets(self._address)}")
        except (OSError, CnncliError) as error:
            self._notice(f"warning: this training is not sent to MLflow while it runs: {error}")

    def on_epoch_end(self, epoch: Epoch, best: bool) -> None:
        """Tells the process that there is more to send, and the user, once, that something went wrong with it."""
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(OSError):
                self._process.stdin.write("\n")
                self._process.stdin.flush()
            self._tell_problem("the training continues, and the rest is sent when it answers")

    def on_end(self, status: str) -> None:
        """Lets the process send the rest, for a few seconds."""
        if self._run is None or self._process is None:
            return
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        began = time.monotonic()
        while self._process.poll() is None and time.monotonic() - began < self._patience:
            time.sleep(0.05)
        self._process.kill()
        self._process.wait()
        if not is_sent(self._run, self._arguments):
            self._tell_problem("the training is not affected")
            self._notice(f"MLflow lacks a part of this run; to send it: cnncli track {in_shell(self._run.path)}")

    @property
    def _patience(self) -> float:
        return LAST_SECONDS_WITHOUT_ANSWER if self._problem else LAST_SECONDS

    @property
    def _problem(self) -> str:
        """What the process has recorded last."""
        return str(SendRecord(self._run).of(self._address).get("problem") or "") if self._run is not None else ""

    def _tell_problem(self, consequence: str) -> None:
        if not self._told and (problem := self._problem):
            self._told = True
            self._notice(f"warning: {problem}; {consequence}")


def send(runs: Iterable[RunDir], arguments: Mapping[str, Any]) -> Iterator[Sent]:
    """Sends runs, whether they have ended or not."""
    folders = list(runs)
    if not folders:
        return
    process = _started(folders, arguments)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.close()
    answered = 0
    with process.stdout:
        for folder, line in zip(folders, process.stdout, strict=False):
            yield _sent(folder, json.loads(line))
            answered += 1
    if process.wait() and answered < len(folders):
        error = ResourceError("the process that sends to MLflow ended early", "check the package with: pip check")
        yield Sent(folders[answered], error=error)


def is_sent(run: RunDir, arguments: Mapping[str, Any]) -> bool:
    """Whether the server has a run as it is now."""
    has = SendRecord(run).of(_address(arguments)).get("has")
    return has is not None and has == progress_of(run)


def _sent(folder: RunDir, answer: Mapping[str, Any]) -> Sent:
    if error := answer.get("error"):
        if answer.get("is_run_error"):
            return Sent(folder, error=RunError(str(error)))
        return Sent(folder, error=ResourceError(f"'{folder.path}' was not sent: {error}", "send it again later"))
    return Sent(folder, f"{answer['state']}, {counted(answer['epochs'], 'epoch')}: {answer['page']}")


def _address(arguments: Mapping[str, Any]) -> str:
    return str(arguments.get("tracking_uri") or os.environ.get(TRACKING_URI, ""))


def _started(
    runs: Iterable[RunDir], arguments: Mapping[str, Any], follow: SpecSummary | None = None
) -> subprocess.Popen[str]:
    """The process, which was told what to do. Only it imports MLflow, whose settings are those of a whole process.

    Args:
        runs: The runs; one, if it is followed.
        arguments: Of the tracker.
        follow: The summary of the spec of a training that is followed as it runs.
    """
    home = Path(__file__).parents[2]
    paths = os.pathsep.join(filter(None, (str(home), os.environ.get("PYTHONPATH"))))
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", _PROGRAM, *(["follow"] if follow else [])],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL if follow else subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **_SETTINGS, "PYTHONPATH": paths},
        encoding="utf-8",
        start_new_session=follow is not None,  # Ctrl-C ends the training, and the process sends that it did
    )
    order = {
        "summary": asdict(follow) if follow else None,
        "runs": [str(run.path.absolute()) for run in runs],
        "address": _address(arguments),
        "experiment": arguments.get("experiment_name") or os.environ.get("MLFLOW_EXPERIMENT_NAME"),
    }
    stdin: IO[str] | None = process.stdin
    assert stdin is not None
    stdin.write(json.dumps(order) + "\n")
    stdin.flush()
    if follow and os.name == "posix":
        os.set_blocking(stdin.fileno(), False)  # should the process ever stand still
    return process
