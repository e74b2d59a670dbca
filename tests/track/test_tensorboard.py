"""What TensorBoard's own reader finds in a run: every epoch once, however often the training was stopped."""

from __future__ import annotations

import shutil

import pytest

import cnncli
from cnncli.errors import Interrupted
from cnncli.runs import RunDir
from cnncli.track import tensorboard

pytestmark = pytest.mark.slow


@pytest.fixture
def read():
    """The accumulator of TensorBoard for a folder of a run."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def read(run, split=""):
        accumulator = EventAccumulator(str(run.path / "tensorboard" / split), {"scalars": 0, "images": 0})
        return accumulator.Reload()

    return read


def curve(accumulator, tag):
    return [(scalar.step, round(scalar.value, 4)) for scalar in accumulator.Scalars(tag)]


class StopAt(cnncli.TrainingObserver):
    """Requests a stop after a step of an epoch, as Ctrl-C does."""

    def __init__(self, epoch, step):
        self._at, self._code = (epoch, step), 0

    def reported_steps(self):
        return (1,)

    def on_step(self, epoch, step, steps, metrics):
        if (epoch, step) == self._at:
            self._code = 130

    def stop_requested(self):
        return self._code


def test_it_reads_epochs_pictures_and_hyperparameters(left_by_training, read):
    from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

    run = left_by_training(3)
    list(tensorboard.send([run], {}))
    assert curve(read(run, "train"), "epoch_loss") == [(1, 1.0), (2, 0.5), (3, 0.3333)]
    assert curve(read(run, "validation"), "epoch_acc@2") == [(1, 0.1), (2, 0.2), (3, 0.3)]
    assert curve(read(run, "test"), "epoch_loss") == [(3, 0.5)]
    whole = read(run)
    (image,) = whole.Images("history")
    assert (image.width, image.height, image.step) == (6, 4, 3)
    content = whole.summary_metadata["_hparams_/session_start_info"].plugin_data.content
    values = HParamsPluginData.FromString(content).session_start_info.hparams
    assert values["train.optimizer"].string_value == "Adam"
    assert values["train.optimizer.Adam.learning_rate"].number_value == 0.01
    assert values["model.layers.0.Conv2D.filters"].number_value == 2
    assert not any(key.startswith("track") for key in values)
    end = HParamsPluginData.FromString(whole.summary_metadata["_hparams_/session_end_info"].plugin_data.content)
    assert end.session_end_info.status == 1


def test_a_run_that_is_sent_again_has_every_epoch_once(left_by_training, read):
    list(tensorboard.send([left_by_training(2, "interrupted")], {}))
    run = left_by_training(3)
    list(tensorboard.send([run], {}))
    assert [step for step, _ in curve(read(run, "train"), "epoch_loss")] == [1, 2, 3]


@pytest.mark.exhaustive
def test_a_training_that_is_stopped_within_an_epoch_and_resumed(tracked_spec, read, tmp_path):
    spec = tracked_spec("track=[{TensorBoard: {update_freq: 3}}]")
    with pytest.raises(Interrupted):
        cnncli.train(spec, tmp_path, [StopAt(2, 5)])
    run = cnncli.open_run("digits-001", tmp_path)
    stopped = read(run, "train")
    assert [step for step, _ in curve(stopped, "epoch_loss")] == [1]
    assert [step for step, _ in curve(stopped, "batch_loss")] == [3, 6, 11]  # 8 steps an epoch
    copy = shutil.copytree(run.path, tmp_path / "killed" / "digits-001")
    resumed = run.resume()
    train = read(resumed, "train")
    history = [(epoch.number, round(epoch.metrics["loss"], 4)) for epoch in resumed.history.epochs]
    assert curve(train, "epoch_loss") == history
    assert [step for step, _ in curve(train, "batch_loss")] == [3, 6, 11, 14, 19, 22, 27, 30]
    assert sorted(read(resumed).Tags()["images"]) == sorted(path.stem for path in (resumed.path / "plots").glob("*"))
    without = cnncli.train(spec.replace(track=[]), tmp_path / "without")
    assert [epoch.metrics for epoch in without.history.epochs] == [e.metrics for e in resumed.history.epochs]
    for path in (copy / "tensorboard" / "train").iterdir():
        path.write_bytes(path.read_bytes()[:-7])  # as a kill may leave it
    again = cnncli.open_run(copy).resume()
    assert curve(read(again, "train"), "epoch_loss") == history


@pytest.mark.exhaustive
def test_a_folder_that_cannot_be_written_ends_the_events_and_not_the_training(tracked_spec, tmp_path):
    notices = []

    class Obstacle(cnncli.TrainingObserver):
        def on_start(self, run: RunDir, *more):
            (run.path / "tensorboard").write_text("in the way")

        def on_notice(self, text):
            notices.append(text)

    run = cnncli.train(tracked_spec("track=[TensorBoard]", "train.epochs=2"), tmp_path, [Obstacle()])
    assert run.state == "finished"
    assert [text for text in notices if "TensorBoard" in text] == [
        f"warning: TensorBoard gets no more of this training: '{run.path / 'tensorboard'}': File exists"
    ]
