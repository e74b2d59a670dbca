"""A real MLflow server, killed and restarted meanwhile: every epoch once, the state is that of the run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mlflow_server import MLflowServer

import cnncli
from cnncli.errors import Interrupted
from cnncli.runs import RunDir
from cnncli.spec.sections.trackers import parse_trackers
from cnncli.spec.writer import spec_text
from cnncli.track import mlflow, send_runs
from cnncli.track.send_record import SendRecord

pytestmark = [
    pytest.mark.exhaustive,
    pytest.mark.skipif("CNNCLI_MLFLOW" not in os.environ, reason="CNNCLI_MLFLOW names the program of a whole MLflow"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = MLflowServer(os.environ["CNNCLI_MLFLOW"], tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.kill()


class At(cnncli.TrainingObserver):
    """Does something after some epochs, and keeps the notices."""

    def __init__(self, **actions):
        self.notices, self._actions, self.code = [], actions, 0

    def on_notice(self, text):
        self.notices.append(text)

    def on_epoch_end(self, epoch, best):
        self._actions.get(f"epoch_{epoch.number}", lambda: None)()

    def stop_requested(self):
        return self.code


def tracked(server, **arguments):
    pairs = ", ".join(f"{key}: {value}" for key, value in {"tracking_uri": server.address, **arguments}.items())
    return f"track=[{{MLflow: {{{pairs}}}}}]"


@pytest.mark.parametrize("way", ["requests", "package"])
def test_every_state_becomes_that_of_mlflow(server, left_by_training, monkeypatch, tmp_path, way):
    if way == "package":
        monkeypatch.setenv("MLFLOW_ENABLE_WORKSPACES", "false")  # a setting that is left to it
    else:
        (tmp_path / "mlflow.py").write_text("raise ImportError('not needed')")
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    states = {"finished": "FINISHED", "interrupted": "KILLED", "diverged": "FAILED", "failed": "FAILED"}
    runs = [left_by_training(3, state, f"{state}-{way}", reason="a reason") for state in states]
    runs.append(left_by_training(2, "running", f"killed-{way}"))  # nobody holds its lock
    to = parse_trackers([f"MLflow: {{tracking_uri: {server.address}, experiment_name: states}}"], "--to")
    for _ in range(2):
        assert [sent.error for sent in send_runs(runs, to)] == [None] * 5
    there = server.runs()
    for state, theirs in {**states, "killed": "KILLED"}.items():
        run = there[f"{state}-{way}"]
        assert run.info.status == theirs
        assert server.epochs(run) == server.epochs(run, "val_accuracy") == [1, 2, 3][: 2 if state == "killed" else 3]
        assert server.epochs(run, "acc_2") == [1, 3][: 1 if state == "killed" else 2]  # infinite in the second
        assert server.epochs(run, "test_accuracy") == [2 if state == "killed" else 3]
    finished = there[f"finished-{way}"]
    assert finished.data.params["train.optimizer.Adam.learning_rate"] == "0.01"
    assert finished.data.metrics["test_accuracy"] == 0.75
    assert finished.info.end_time - finished.info.start_time == 60_000
    names = {file.path for file in server.client().list_artifacts(finished.info.run_id)}
    assert {"spec.yaml", "history.csv", "metrics.json", "model_card.md", "plots"} <= names
    assert "accuracy on the test images: 0.75" in finished.data.tags["mlflow.note.content"]


def test_a_run_is_the_same_there_after_it_was_trained_further(server, left_by_training):
    to = parse_trackers([f"MLflow: {{tracking_uri: {server.address}}}"], "--to")
    list(send_runs([left_by_training(2, "interrupted", "longer-001")], to))
    run = left_by_training(4, "finished", "longer-001")
    assert not mlflow.is_sent(run, to[0].arguments)
    list(send_runs([run], to))
    assert mlflow.is_sent(run, to[0].arguments)
    (run.path / "track.json").unlink()  # the mark is lost, so this is another run
    assert server.epochs(server.runs()["longer-001"]) == [1, 2, 3, 4]


def test_the_server_is_killed_and_restarted_while_a_training_runs(server, tracked_spec, tmp_path):
    def it_was_missed():
        return SendRecord(RunDir(tmp_path / "restarted-001")).of(server.address).get("problem")

    at = At(epoch_2=server.kill, epoch_4=lambda: wait_until(it_was_missed), epoch_6=server.start)
    run = cnncli.train(tracked_spec(tracked(server), "name=restarted", "train.epochs=8"), tmp_path, [at])
    assert not [sent.error for sent in send_runs([run.folder], unsent=True) if sent.error]  # in ten seconds, or now
    there = server.runs()["restarted-001"]
    assert (run.state, there.info.status) == ("finished", "FINISHED")
    assert server.epochs(there) == list(range(1, 9))
    assert [text for text in at.notices if "does not answer" in text] == [
        f"warning: the MLflow server {server.address} does not answer; the training continues, and the rest is sent "
        "when it answers"
    ]


def test_a_server_that_hangs_is_waited_for_once_and_sent_to_later(server, tracked_spec, tmp_path):
    at = At(epoch_1=lambda: server.signal(signal.SIGSTOP))
    try:
        cnncli.train(tracked_spec(tracked(server), "name=hanging"), tmp_path, [at])  # to its end
    finally:
        server.signal(signal.SIGCONT)
    assert at.notices[-1].startswith("MLflow lacks a part of this run; to send it: cnncli track ")
    command = [sys.executable, "-m", "cnncli", "runs", "--send", "--runs-dir", str(tmp_path)]
    first = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "hanging-001: finished, 4 epochs: http" in first.stdout
    second = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (second.stdout, "have all of them" in second.stderr) == ("", True)
    there = server.runs()["hanging-001"]
    assert (there.info.status, server.epochs(there)) == ("FINISHED", [1, 2, 3, 4])


def test_a_killed_training_and_one_that_is_interrupted_are_resumed_as_the_same_runs(server, tracked_spec, tmp_path):
    at = At()
    at._actions["epoch_2"] = lambda: setattr(at, "code", 130)
    with pytest.raises(Interrupted):
        cnncli.train(tracked_spec(tracked(server), "name=stopped"), tmp_path, [at])
    assert server.runs()["stopped-001"].info.status == "KILLED"
    file = tmp_path / "killed.yaml"
    file.write_text(spec_text(tracked_spec(tracked(server), "name=slain", "train.epochs=3000").plain()))
    arguments = ["train", str(file), "--runs-dir", str(tmp_path), "-q"]
    training = subprocess.Popen([sys.executable, "-m", "cnncli", *arguments], stderr=subprocess.DEVNULL)
    wait_until(lambda: "slain-001" in server.runs() and server.epochs(server.runs()["slain-001"]))
    training.kill()
    training.wait()
    wait_until(lambda: server.runs()["slain-001"].info.status == "KILLED")
    for name, epochs in (("stopped-001", 4), ("slain-001", 3000)):
        run = cnncli.open_run(name, tmp_path)
        stopped = len(run.history.epochs)
        if epochs == 3000:
            shorten(run.path, epochs := stopped + 2)
        cnncli.open_run(name, tmp_path).resume()
        there = server.runs()[name]
        assert (there.info.status, server.epochs(there)) == ("FINISHED", list(range(1, epochs + 1)))


def test_no_file_of_a_run_has_the_password(server, tracked_spec, tmp_path, monkeypatch):
    address = server.address.replace("http://", "http://somebody:hidden-word@")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    at = At()
    run = cnncli.train(tracked_spec("track=[MLflow]", "name=secret", "train.epochs=1"), tmp_path, [at])
    assert server.runs()["secret-001"].info.status == "FINISHED"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address.replace(str(server.port), "9"))
    away = cnncli.train(tracked_spec("track=[MLflow]", "name=away", "train.epochs=1"), tmp_path, [at])
    texts = [path.read_bytes() for each in (run, away) for path in each.path.rglob("*") if path.is_file()]
    assert not any(b"hidden-word" in text for text in [*texts, "\n".join(at.notices).encode()])


def wait_until(is_so):
    for _ in range(3000):
        if is_so():
            return
        time.sleep(0.2)
    raise TimeoutError


def shorten(run: Path, epochs: int) -> None:
    """As if the training had been one of fewer epochs."""
    spec = run / "spec.yaml"
    shutil.copy(spec, run.parent / "before.yaml")
    spec.write_text(spec.read_text().replace("epochs: 3000", f"epochs: {epochs}"))
