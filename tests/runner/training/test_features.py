"""Training on what frozen layers make of the images: the same as through them, kept, resumed and repeated."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from comparison import arrays_of, history_of
from runner_squares import write_squares

from cnncli.errors import Interrupted, SpecError
from cnncli.runs import RunDir, files
from cnncli.spec import Spec, load

pytestmark = pytest.mark.slow

# In the first stage a head trains on two frozen layers; in the second one of these learns as well.
HEAD = """\
name: head
data:
  source: {{folder: {{path: {path}}}}}
  image: {{size: 16}}
model:
  layers:
    - Conv2D: {{filters: 4, kernel_size: 7, strides: 2, name: first}}
    - BatchNormalization: {{name: normalized}}
    - Conv2D: {{filters: 8, kernel_size: 3, activation: relu, name: second}}
    - GlobalAveragePooling2D
    - Dropout: {{rate: 0.2}}
    - Dense: {{units: classes, activation: softmax}}
train:
  batch_size: 8
  metrics: [accuracy]
  optimizer: {{SGD: {{momentum: 0.9, use_ema: true}}}}
  stages:
    - {{epochs: 2, freeze: [first, normalized, second], learning_rate: 0.05}}
    - {{epochs: 2, thaw: [second], learning_rate: 0.01}}
  checkpoint: {{steps: 2}}
"""
FLIPPED = "augment=[{RandomFlip: {mode: horizontal}}, {RandomBrightness: {factor: 0.2}}]"


@pytest.fixture
def head(squares, tmp_path) -> Callable[..., Spec]:
    """The spec above, with keys changed."""
    file = tmp_path / "head.yaml"
    file.write_text(HEAD.format(path=squares))
    return lambda *overrides: load(file, overrides).spec


@pytest.fixture
def features(cache_folder) -> Callable[[], list[Path]]:
    """The entries of features in the cache."""
    return lambda: sorted((cache_folder / "features").glob("*.npy"))


@pytest.fixture
def trained(head, watcher, tmp_path) -> Callable[..., SimpleNamespace]:
    """Trains the spec into a folder of its own, without a report: its run, and who watched."""

    def trained(name: str, *overrides: str) -> SimpleNamespace:
        observer = watcher()
        return SimpleNamespace(run=train(head(*overrides), tmp_path / name, observer), observer=observer)

    return trained


def train(spec: Spec, runs_dir: Path, observer: Any) -> RunDir:
    from cnncli.runner.train import train_into
    from cnncli.runner.training.observers import Observers

    claim = lambda: RunDir.claim(runs_dir, spec.name).locked()  # noqa: E731
    return train_into(claim, spec, runs_dir, Observers([observer]), (), evaluates=False).run


def resume(run: RunDir, observer: Any) -> None:
    from cnncli.runner.open_run import OpenRun
    from cnncli.runner.resume import resume

    with run.locked():
        opened = OpenRun(run)
        resume(opened, opened.spec, [observer], evaluates=False)


def assert_same(run: RunDir, whole: RunDir) -> None:
    """Both are finished, and trained to the same bits."""
    assert run.status()["state"] == whole.status()["state"] == "finished"
    assert history_of(run) == history_of(whole)
    ours, theirs = arrays_of(run), arrays_of(whole)
    assert ours.keys() == theirs.keys()
    assert [name for name in ours if not np.array_equal(ours[name], theirs[name])] == []
    assert run.path.joinpath("weights/best.weights.h5").read_bytes() == (
        whole.path.joinpath("weights/best.weights.h5").read_bytes()
    )


def lines(watched: SimpleNamespace) -> list[str]:
    return [line for line in watched.observer.notices if "computed once" in line]


@pytest.mark.exhaustive
def test_features_of_the_same_frozen_layers_are_computed_once_for_all_trainings(trained, features):
    only = "train.stages=[{epochs: 1, freeze: [first, normalized, second]}]", "train.epochs=1"
    trained("first", *only)
    before = [(entry.name, entry.stat().st_ino) for entry in features()]
    trained("again", *only, "train.batch_size=16", "train.optimizer=Adam")
    assert [(entry.name, entry.stat().st_ino) for entry in features()] == before
    trained("other", *only, "seed=1")
    assert len(features()) == 2 * len(before) == 4


@pytest.mark.exhaustive
def test_damaged_features_are_computed_again(trained, features):
    whole = trained("whole")
    for number, entry in enumerate(features()):
        entry.write_bytes(entry.read_bytes()[:-4] if number else b"")
    assert_same(trained("again").run, whole.run)


@pytest.mark.exhaustive
def test_without_a_cache_they_are_held_in_memory(trained, killed, features, cache_folder):
    assert_same(trained("memory", "data.cache=false").run, killed.through)
    assert not cache_folder.exists()
    cache_folder.write_text("a file is in the way")
    unwritable = trained("unwritable")
    assert_same(unwritable.run, killed.through)
    assert any("kept in memory" in line for line in unwritable.observer.notices)


def test_a_training_on_features_is_that_through_the_frozen_layers_to_the_last_bit(trained, features):
    first, second = "{epochs: 1, freeze: [first, normalized, second]}", "{epochs: 1, thaw: [second]}"
    short = "train.epochs=2", f"train.stages=[{first}, {second}]"
    own = trained("own", *short)
    assert len(features()) == 4  # of two stages, of training and validation images each
    assert ["'global_average" in line for line in lines(own)] == [True, False]
    through = trained("through", *short, "train.features=0")
    assert lines(through) == []
    assert_same(own.run, through.run)


MOMENTS = {"in the first stage": (1, 0, 2), "at the beginning of the second": (2, 2, 0), "in the second": (2, 3, 2)}


@pytest.fixture(scope="module")
def killed(watcher, tmp_path_factory):
    """Copies of a run's folder at these moments, its features, and the run that trained through the frozen layers."""
    from cnncli.runner.training.checkpoint import read_progress

    folder, copies = tmp_path_factory.mktemp("killed"), {}
    run, cache = folder / "own" / "head-001", folder / "cache"
    file = folder / "head.yaml"
    file.write_text(HEAD.format(path=write_squares(folder / "squares", 20)))

    def copy(_: Path) -> None:
        if (run / "checkpoint" / "state.npz").exists():
            state = read_progress(run / "checkpoint" / "state.npz")
            moment = state.stage, len(state.epochs), state.steps
            if moment in MOMENTS.values() and moment not in copies:
                copies[moment] = shutil.copytree(run, folder / f"copy-{len(copies)}")

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCLI_CACHE_DIR", str(cache))
        with patch.context() as during:
            during.setattr(files, "at_boundary", copy)
            train(load(file).spec, folder / "own", watcher())
        through = train(load(file, ["train.features=0"]).spec, folder / "through", watcher())
    return SimpleNamespace(copies=copies, cache=cache, through=through)


@pytest.mark.exhaustive
@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_killed_training_is_resumed_to_the_last_bit_with_its_features_or_without(
    killed, watcher, cache_folder, moment
):
    if moment[0] == 1:
        shutil.copytree(killed.cache, cache_folder)
    run = RunDir(killed.copies[moment])
    resume(run, watcher())
    assert_same(run, killed.through)


@pytest.mark.exhaustive
def test_a_run_from_before_there_were_features_is_resumed_as_it_was_trained(head, watcher, tmp_path, features):
    with pytest.raises(Interrupted):
        train(head("train.features=0"), tmp_path / "runs", watcher(stop=(1, 2)))
    run, observer = RunDir(tmp_path / "runs" / "head-001"), watcher()
    text = run.spec.read_text()
    assert "features: 0" in text
    run.spec.write_text(text.replace("  features: 0\n", ""))
    resume(run, observer)
    assert (features(), run.status()["state"]) == ([], "finished")


@pytest.mark.exhaustive
def test_as_many_views_as_epochs_give_the_training_through_the_frozen_layers(trained, features):
    through = trained("through", FLIPPED)
    assert (features(), lines(through)) == ([], [])  # by itself nothing is computed once where images are augmented
    views = trained("views", FLIPPED, "train.features=9")
    assert_same(views.run, through.run)
    assert "2 views of " in lines(views)[0]


@pytest.mark.exhaustive
def test_fewer_views_are_taken_in_turn_and_give_the_same_again(trained, features):
    one, two, again = (
        trained(name, FLIPPED, f"train.features={views}") for name, views in (("1", 1), ("2", 2), ("x", 1))
    )
    losses = [[row["loss"] for row in history_of(each.run)] for each in (one, two)]
    assert losses[0][0] == losses[1][0]  # the first epoch takes the first view
    assert losses[0][1] != losses[1][1]
    assert_same(again.run, one.run)


@pytest.mark.exhaustive
def test_balanced_sampling_draws_views_for_every_repetition(trained):
    balanced = FLIPPED, "train.sampling=balanced", "data.exclude=[red/0.png, red/2.png, red/4.png, red/6.png]"
    assert_same(trained("views", *balanced, "train.features=2").run, trained("through", *balanced).run)


@pytest.mark.exhaustive
def test_a_stop_while_features_are_computed_leaves_a_run_that_goes_on(head, killed, watcher, tmp_path, features):
    class Impatient(watcher):
        def on_features(self, done, images):
            self.exit_code = 130

    with pytest.raises(Interrupted) as caught:
        train(head(), tmp_path / "runs", Impatient())
    assert (caught.value.epochs, features()) == (0, [])
    run = RunDir(tmp_path / "runs" / "head-001")
    resume(run, watcher())
    assert_same(run, killed.through)


@pytest.mark.exhaustive
def test_mixed_precision_and_averages_of_weights_are_those_of_the_whole_network(trained):
    mixed = "train.precision=mixed_bfloat16"
    assert_same(trained("own", mixed).run, trained("through", mixed, "train.features=0").run)


def test_views_of_a_network_without_a_frozen_part_are_refused_with_the_layer_in_the_way(head, watcher, tmp_path):
    stages = "train.stages=[{epochs: 1, freeze: [second]}]", "train.epochs=1"
    with pytest.raises(SpecError) as caught:
        train(head(FLIPPED, *stages, "train.features=2"), tmp_path / "runs", watcher())
    assert "'first' (Conv2D)" in caught.value.problems[0].message
    assert not (tmp_path / "runs" / "head-001").exists()


def test_several_devices_train_through_the_frozen_layers(head, watcher):
    from cnncli.runner.execution.several import SeveralDevices
    from cnncli.runner.training.phases import TrainingPhases

    phases = TrainingPhases.__new__(TrainingPhases)
    phases.execution = SeveralDevices.__new__(SeveralDevices)
    assert phases.features(1, 0) is None
    with pytest.raises(SpecError) as caught:
        TrainingPhases(None, None, head(FLIPPED, "train.features=2").train, 3, phases.execution)
    assert "computed on one device" in caught.value.problems[0].message


@pytest.mark.exhaustive
def test_a_dry_run_computes_features_of_a_sample_and_leaves_no_trace(head, tmp_path, features):
    from cnncli.observer import TrainingObserver
    from cnncli.runner.preflight.dry_run import dry_run

    estimate = dry_run(head(), tmp_path / "runs", TrainingObserver())
    assert features() == []
    images = estimate.images["train"] + estimate.images["validation"]
    assert estimate.disk.cache == 16 * 16 * 3 * sum(estimate.images.values()) + 4 * images * (8 + 5 * 5 * 4)
