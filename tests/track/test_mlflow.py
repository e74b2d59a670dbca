"""What is sent to MLflow, and under which names; without a server."""

from __future__ import annotations

import json
from dataclasses import asdict

from hypothesis import given, strategies as st

import cnncli
from cnncli.track import mlflow, send_runs
from cnncli.track.card import model_card
from cnncli.track.mlflow_names import LONGEST, accepted_names
from cnncli.track.send_record import SendRecord
from cnncli.track.tracked_run import TrackedRun

ALLOWED = set(" _-.:")


@given(st.lists(st.text(min_size=1, max_size=300), max_size=20))
def test_names_are_those_that_mlflow_takes_and_differ(names):
    accepted = accepted_names(names)
    assert set(accepted) == set(names)
    assert len(set(accepted.values())) == len(set(names))
    for name in accepted.values():
        assert 0 < len(name) <= LONGEST
        assert all(letter.isalnum() or letter in ALLOWED for letter in name)
        assert name[0] not in ". "


def test_usual_names_stay_and_others_lose_what_is_refused():
    names = ["val_loss", "acc@5", "acc%5", "model.layers.0.Conv2D.filters", "Größe"]
    first, second, third, *rest = accepted_names(names).values()
    assert (first, second, rest) == ("val_loss", "acc_5", ["model.layers.0.Conv2D.filters", "Größe"])
    assert third.startswith("acc_5_")


def test_parameters_are_the_spec_without_trackers_and_what_is_not_set(left_by_training):
    run = TrackedRun.of(left_by_training(1, track="[{MLflow: {tracking_uri: 'http://host'}}]")).summary
    assert run.parameters["train.optimizer"] == "Adam"
    assert run.parameters["train.optimizer.Adam.learning_rate"] == 0.01
    assert run.parameters["train.metrics.1.TopKCategoricalAccuracy.k"] == 2
    assert run.parameters["model.layers.1"] == "Flatten"
    assert "http://host" not in map(str, run.parameters.values())
    assert None not in run.parameters.values()


def test_the_process_that_sends_is_told_what_the_file_of_the_spec_says(left_by_training):
    from cnncli.track.tracked_run import SpecSummary, spec_of

    spec = spec_of(left_by_training(1))
    summary = SpecSummary(**json.loads(json.dumps(asdict(SpecSummary.of(spec)))))
    assert summary == SpecSummary.of(spec)
    assert (summary.name, summary.source, summary.layers) == ("digits", "arrays", 3)
    assert (summary.monitored, summary.more_is_better) == ("val_accuracy", True)


def test_times_follow_from_the_files_alone(left_by_training):
    run = left_by_training(3)
    times = [time for _, time in TrackedRun.of(run).times()]
    assert [time - times[0] for time in times] == [0.0, 1.5, 3.0]
    assert times == [time for _, time in TrackedRun.of(run).times()]


def test_the_card_says_what_the_files_have(left_by_training):
    run = left_by_training(3, "diverged", reason="the loss became nan")
    card = model_card(TrackedRun.of(run))
    assert "Classifies images of 8×8×1 into 3 classes: 0, 1, 2." in card
    assert "state: diverged, the loss became nan" in card
    assert "accuracy on the test images: 0.75, 20 images" in card
    (run.path / "data.json").write_text("[]")
    (run.path / "metrics.json").unlink()
    assert "accuracy" not in model_card(TrackedRun.of(run)).replace("val_accuracy", "")


def test_a_mark_stays_and_a_damaged_record_gets_a_new_one(left_by_training):
    run = left_by_training(1)
    mark = SendRecord(run).identity()
    SendRecord(run).update("http://me:secret@host:1", problem="away")
    assert SendRecord(run).identity() == mark
    assert SendRecord(run).of("http://host:1") == {"problem": "away"}
    assert "secret" not in (run.path / "track.json").read_text()
    for text in ("not JSON", '{"id": "a\' or 1"}', "[]"):
        (run.path / "track.json").write_text(text)
        assert SendRecord(run).of("http://host:1") == {}
        assert len(SendRecord(run).identity()) == 32


def test_a_run_counts_as_sent_until_it_is_trained_further(left_by_training):
    arguments = {"tracking_uri": "http://host"}
    run = left_by_training(2, "interrupted")
    assert not mlflow.is_sent(run, arguments)
    SendRecord(run).update("http://host", has=["interrupted", 2, "2026-01-02T03:05:05Z"])
    assert mlflow.is_sent(run, arguments)
    assert not mlflow.is_sent(run, {"tracking_uri": "http://other"})
    assert not mlflow.is_sent(left_by_training(3, "finished"), arguments)


def test_a_run_without_a_tracker_asks_for_one_and_is_not_unsent(left_by_training):
    run = left_by_training(1)
    (sent,) = send_runs([run])
    assert isinstance(sent.error, cnncli.RunError)
    assert sent.error.hint == "say which: --to MLflow"
    assert list(send_runs([run], unsent=True)) == []


def test_a_damaged_run_does_not_keep_others_from_being_sent(left_by_training):
    damaged, whole = left_by_training(1, name="damaged-001"), left_by_training(1, name="whole-001")
    (damaged.path / "spec.yaml").write_text("model: 5")
    first, second = send_runs([damaged, whole], unsent=False)
    assert (first.run, "is not a complete run" in first.error.message) == (damaged, True)
    assert second.run == whole


def test_the_record_is_json(left_by_training):
    run = left_by_training(1)
    SendRecord(run).update("http://host", has=None)
    assert json.loads((run.path / "track.json").read_text())["servers"] == {"http://host": {"has": None}}
