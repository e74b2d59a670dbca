"""Which trackers a spec may name, and what is said of those that cannot be used; without TensorFlow."""

from __future__ import annotations

import sys

import pytest

import cnncli
from cnncli.catalog import trackers
from cnncli.catalog.entries import Entry


@pytest.mark.parametrize(
    ("track", "key", "said"),
    [
        ("[TensorBord]", "track[0].TensorBord", "did you mean 'TensorBoard'?"),
        ("[Comet]", "track[0].Comet", "there are TensorBoard and MLflow"),
        ("TensorBoard", "track", "expected a list of trackers"),
        ("[{TensorBoard: {update_freq: 0}}]", "track[0].TensorBoard.update_freq", "a whole number of 1 or more"),
        ("[{TensorBoard: {log_dir: logs}}]", "track[0].TensorBoard.log_dir", "TensorBoard takes update_freq"),
        ("[{MLflow: {tracking_url: http://a}}]", "track[0].MLflow.tracking_url", "did you mean 'tracking_uri'?"),
        ("[mlflow, TensorBoard, {MLflow: {}}]", "track[2]", "MLflow is listed twice"),
        ("[{MLflow: 5}]", "track[0].MLflow", "expected the arguments of MLflow"),
        ("[[MLflow]]", "track[0]", "expected a tracker"),
    ],
)
def test_a_mistake_is_named(tracked_spec, track, key, said):
    with pytest.raises(cnncli.SpecError) as raised:
        tracked_spec(f"track={track}")
    assert [problem.key for problem in raised.value.problems] == [key]
    assert said in raised.value.problems[0].message


@pytest.mark.parametrize(
    "address",
    [
        "http://me:secret@host:5000",
        "https://secret@host",
        "http://host/?token=secret",
        "postgresql://me:secret@host/mlflow",
    ],
)
def test_a_secret_is_refused_and_never_repeated(tracked_spec, address):
    with pytest.raises(cnncli.SpecError) as raised:
        tracked_spec(f"track=[{{MLflow: {{tracking_uri: '{address}'}}}}]")
    (problem,) = raised.value.problems
    assert "MLFLOW_TRACKING_URI" in problem.message
    assert "secret" not in f"{raised.value} {problem.message} {problem.place}"


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("localhost:5000", "did you mean 'http://localhost:5000'?"),
        ("127.0.0.1:5000/mlflow", "did you mean 'http://127.0.0.1:5000/mlflow'?"),
        ("http://", "no host"),
        ("https://my server", "no host"),
        ("http://host:port", "port is none"),
        ("http://host:99999", "port is none"),
        ("http://[::1", "host or port is none"),
        ("http://me:a/password@host", "MLFLOW_TRACKING_URI"),
    ],
)
def test_what_cannot_be_an_address_is_said_before_the_training(tracked_spec, monkeypatch, address, said):
    with pytest.raises(cnncli.SpecError) as raised:
        tracked_spec(f"track=[{{MLflow: {{tracking_uri: '{address}'}}}}]")
    assert said in raised.value.problems[0].message
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    error = trackers.not_usable(tracked_spec("track=[MLflow]").track[0])
    assert (said in error.message, "MLFLOW_TRACKING_URI" in error.message) == (True, True)


def test_names_are_accepted_in_any_case(tracked_spec):
    spec = tracked_spec("track=[tensorboard, {mlflow: {tracking_uri: http://host}}]")
    assert spec.track == [Entry("tracker", "TensorBoard"), Entry("tracker", "MLflow", {"tracking_uri": "http://host"})]


@pytest.mark.parametrize(
    ("package", "track", "said"),
    [
        ("tensorboard", "[TensorBoard]", "pip install 'cnncli[tensorboard]'"),
        ("mlflow", "[{MLflow: {tracking_uri: http://host}}]", "pip install 'cnncli[mlflow]'"),
    ],
)
def test_check_warns_of_a_missing_package_and_train_refuses(tracked_spec, monkeypatch, tmp_path, package, track, said):
    monkeypatch.setattr(trackers, "find_spec", lambda name: None if name == package else object())
    spec = tracked_spec(f"track={track}")
    report = cnncli.check_spec(spec.plain())
    assert [(warning.key, said in warning.message) for warning in report.warnings] == [("track[0]", True)]
    with pytest.raises(cnncli.ResourceError) as raised:
        cnncli.train(spec, tmp_path / "runs")
    assert said in raised.value.hint
    assert not (tmp_path / "runs").exists()
    assert package not in sys.modules or package == "tensorboard"


def test_mlflow_needs_an_address(tracked_spec, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    (tracker,) = tracked_spec("track=[MLflow]").track
    assert "address" in trackers.not_usable(tracker).message
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://host")
    assert trackers.not_usable(tracker) is None


def test_a_database_needs_the_whole_package(tracked_spec, monkeypatch):
    (tracker,) = tracked_spec("track=[{MLflow: {tracking_uri: 'sqlite:///runs.db'}}]").track
    monkeypatch.setattr(trackers, "_has_whole_package", lambda: False)
    assert "pip install mlflow" in trackers.not_usable(tracker).hint
    monkeypatch.setattr(trackers, "_has_whole_package", lambda: True)
    assert trackers.not_usable(tracker) is None
