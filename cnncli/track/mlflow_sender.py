"""The process that sends runs to MLflow, so that nothing that a server does reaches a training.

It is told by JSON on its standard input what to do. With the summary of a spec it sends a run as it is trained,
whenever a line arrives, until the input ends, as it does however the training ends; what goes wrong is in track.json
of the run.
Otherwise it sends runs and writes a line of JSON for each.
"""

from __future__ import annotations

import contextlib
import json
import re
import sys
import threading
import time
from collections.abc import Iterator
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cnncli.errors import CnncliError, brief
from cnncli.runs import RunDir
from cnncli.runs.lock import Lock
from cnncli.track.mlflow_requests import PackageNeeded, PlainServer, Refused, ServerAway
from cnncli.track.mlflow_run import MLflowRun
from cnncli.track.send_record import LOCK, SendRecord
from cnncli.track.tracked_run import SpecSummary, TrackedRun, progress_of
from cnncli.wording import without_secrets

if TYPE_CHECKING:
    from cnncli.track.mlflow_package import PackageServer

PAUSE = 3.0
"""Seconds between two requests of a training: the server shows short epochs together."""

LONGEST_PAUSE = 60.0
"""Seconds until a server that did not answer is asked again; the pause doubles up to here."""

SHORT_PAUSE = 5.0
"""The same once the training has ended."""

LAST_TRIES = 60.0
"""Seconds after the end of a training in which what is left is sent."""


class Sender:
    """Sends runs to one server: by plain requests, or by MLflow's package where these do not do."""

    def __init__(self, address: str, experiment: str | None) -> None:
        self.address, self._experiment = address, experiment
        self._server: PlainServer | PackageServer | None = None
        self._last: tuple[RunDir, MLflowRun] | None = None

    def send(self, run: TrackedRun) -> str:
        """Sends what the server lacks of a run, and records how far it is; returns the address of its page.

        Raises:
            Exception: Whatever MLflow, the network, or the disk of the run raise.
        """
        try:
            self._server = self._server or PlainServer(self.address)
            return self._send(run, self._server)
        except PackageNeeded:
            from cnncli.track.mlflow_package import PackageServer

            self._server = PackageServer(self.address)
            return self._send(run, self._server)

    def _send(self, run: TrackedRun, server: PlainServer | PackageServer) -> str:
        record, last = SendRecord(run.folder), self._last
        self._last = None  # after an error it is looked up again
        if last is not None and last[0] is run.folder:
            there = last[1]
        else:
            there = MLflowRun(server, self._experiment or run.summary.name, record.identity(), run)
        if record.of(self.address).get("problem"):
            record.update(self.address, problem="")  # it answers again
        there.send(run)
        server.rest()
        self._last = run.folder, there
        page = f"{without_secrets(self.address).rstrip('/')}/#/experiments/{there.experiment_id}/runs/{there.run_id}"
        url = page if self.address.lower().startswith("http") else there.run_id
        record.update(self.address, run_id=there.run_id, page=url, has=progress_of(run.folder), problem="")
        return url


def problem_of(error: Exception, address: str) -> str:
    """What went wrong with a server, in a sentence without secrets."""
    if isinstance(error, CnncliError):
        return error.message
    server = f"the MLflow server {without_secrets(address)}"
    if isinstance(error, ServerAway):
        return f"{server} does not answer"
    for pattern, sentence in _SENTENCES.items():
        if re.search(pattern, str(error)):
            return sentence.format(server)
    return f"{server} refuses the run: {without_secrets(brief(error)).removeprefix(f'{Refused.__name__}: ')}"


_SENTENCES = {
    "CERTIFICATE_VERIFY_FAILED": "the certificate of {} is not trusted: set MLFLOW_TRACKING_SERVER_CERT_PATH to "
    "the file of its authority",
    "WRONG_VERSION_NUMBER|RECORD_LAYER_FAILURE": "{} does not speak https: write http:// in its address",
    "Max retries|timed out|failed with exception|error code (429|50[234])": "{} does not answer",
    "error code 40[13]": "{} asks for a user: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or "
    "MLFLOW_TRACKING_TOKEN",
    "error code 404|valid JSON format": "{} is something else: look at its address",
}
"""What errors of MLflow's package mean; the first that fits counts."""


class _Lines:
    """The lines of a stream, of which only those matter that nobody has looked at yet."""

    def __init__(self, stream: TextIO) -> None:
        self._new, self.ended = threading.Event(), threading.Event()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream: TextIO) -> None:
        for _ in stream:
            self._new.set()
        self.ended.set()
        self._new.set()

    def wait(self) -> None:
        """Waits for a line, or the end."""
        self._new.wait()
        self._new.clear()


def follow(folder: RunDir, summary: SpecSummary, sender: Sender, stream: TextIO) -> None:
    """Sends a run as it is trained, until the stream has ended and everything is sent, or a minute after that."""
    lines, pause, deadline = _Lines(stream), 0.0, inf
    while True:
        ended = lines.ended.is_set()
        if ended:
            deadline, pause = min(deadline, time.monotonic() + LAST_TRIES), min(pause, SHORT_PAUSE)
        try:
            run = TrackedRun.of(folder, summary)
            if ended and run.state == "running":  # the system is about to release the lock of a killed process
                time.sleep(0.5)
                run = TrackedRun.of(folder, summary)
            sender.send(run)
            pause = 0.0
        except Exception as error:
            pause = min(LONGEST_PAUSE, max(1.0, 2 * pause))
            with contextlib.suppress(CnncliError):
                SendRecord(folder).update(sender.address, problem=problem_of(error, sender.address))
        if (ended and not pause) or time.monotonic() + pause > deadline:
            return
        if ended:
            time.sleep(pause)
        elif not lines.ended.wait(pause or PAUSE) and not pause:
            lines.wait()


@contextlib.contextmanager
def _locked(folder: RunDir, seconds: float) -> Iterator[None]:
    """Inside, nobody else sends a run; a process that is about to end is waited for."""
    end = time.monotonic() + seconds
    while True:
        try:
            lock = Lock(folder.path / LOCK)
            break
        except BlockingIOError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
    try:
        yield
    finally:
        lock.release()


def send_all(folders: list[RunDir], sender: Sender, answers: TextIO) -> None:
    """Sends runs, and writes a line of JSON for each; a server that did not answer is not waited for again."""
    away: ServerAway | None = None
    for folder in folders:
        answer: dict[str, Any] = {}
        try:
            with _locked(folder, 0):
                run = TrackedRun.of(folder)
                if away:
                    raise away
                answer = {"page": sender.send(run), "state": run.state, "epochs": len(run.epochs)}
        except BlockingIOError:
            answer = {"error": "another process is sending it"}
        except Exception as error:
            away = error if isinstance(error, ServerAway) else away
            answer = {"error": problem_of(error, sender.address), "is_run_error": isinstance(error, CnncliError)}
        print(json.dumps(answer), file=answers, flush=True)


def main() -> None:
    """Reads from the input what to do, and does it."""
    answers, sys.stdout = sys.stdout, sys.stderr  # MLflow prints addresses
    order = json.loads(sys.stdin.readline())
    folders, sender = [RunDir(Path(path)) for path in order["runs"]], Sender(order["address"], order["experiment"])
    if order["summary"] is None:
        send_all(folders, sender, answers)
        return
    with _locked(folders[0], 2 * LAST_TRIES):
        follow(folders[0], SpecSummary(**order["summary"]), sender, sys.stdin)
