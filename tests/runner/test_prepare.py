"""The export that makes predictions start at once is written where nobody waits for it, and never at any cost."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest

import cnncli
from cnncli.runner import exporter, prepare

pytestmark = pytest.mark.slow

SPEC = """\
name: squares
data: {source: {arrays: {path: squares.npz}}, split: {validation: 8, test: 8}}
model: {layers: [{Conv2D: {filters: 2, kernel_size: 3}}, Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1, batch_size: 8}
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A folder with images and a run of them, whose training wrote an export as a long one does."""
    folder = tmp_path_factory.mktemp("prepared")
    labels = np.arange(40) % 2
    pixels = np.random.default_rng(0).integers(0, 99, (40, 8, 8, 1)) + 150 * labels[:, None, None, None]
    np.savez(folder / "squares.npz", images=pixels.astype(np.uint8), labels=labels)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(prepare, "SHARE", 1e9)
        cnncli.train(cnncli.load_spec(SPEC))
    return folder


@pytest.fixture
def run(trained, tmp_path, monkeypatch):
    """A copy of the run without its export, opened."""
    monkeypatch.chdir(trained)
    without = shutil.ignore_patterns("exports")
    shutil.copytree(trained / "runs" / "squares-001", tmp_path / "squares-001", ignore=without)
    return cnncli.open_run(tmp_path / "squares-001")


@pytest.fixture
def copy_export(trained, run):
    """Copies the export into the run: to write one takes a second."""

    def copied(*arguments, **keys):
        export = "exports/litert"
        return SimpleNamespace(path=shutil.copytree(trained / "runs" / "squares-001" / export, run.path / export))

    return copied


@pytest.fixture
def predict(run):
    """Predicts with the run, opened anew, and prepares it: gives the engine and what was told."""

    def call():
        opened, told = cnncli.open_run(run.path), []
        opened.predict(np.zeros((8, 8), np.uint8))
        opened.prepare_predictions(told.append)
        (predictor,) = opened._predictors.values()
        return predictor.engine.name, told

    return call


def model(run):
    return json.loads((run.path / "exports/litert/model.json").read_text())


def test_the_first_prediction_prepares_the_others(run, predict):
    engine, told = predict()
    assert (engine, len(told)) == ("tensorflow", 1)
    assert told[0].startswith("preparing the run")
    assert model(run)["automatic"] is True
    check = json.loads((run.path / "exports/litert/check.json").read_text())
    assert (check["images"], check["changed_answers"]) == (8, 0)
    assert predict() == ("litert", [])


@pytest.mark.exhaustive
def test_weights_that_changed_since_are_prepared_again(run, predict, copy_export):
    import hashlib

    copy_export()
    shutil.copy(run.folder.best_weights, run.path / "weights/last.weights.h5")
    run.folder.best_weights.write_bytes(run.folder.best_weights.read_bytes() + b"\0")
    hashed = hashlib.sha256(run.folder.best_weights.read_bytes()).hexdigest()
    (run.path / "weights.sha256").write_text(f"{hashed}  weights/best.weights.h5\n")
    assert predict()[0] == "tensorflow"
    assert model(run)["weights_sha256"] == hashed
    assert predict() == ("litert", [])


def test_an_export_that_somebody_made_is_left_alone(run, predict, copy_export):
    facts = copy_export().path / "model.json"
    own = {key: value for key, value in model(run).items() if key != "automatic"}
    facts.write_text(json.dumps({**own, "weights": "last"}))
    (engine, told), (_, again) = predict(), predict()
    assert (engine, model(run)["weights"], again) == ("tensorflow", "last", [])
    assert told == [
        f"note: predictions of this run start TensorFlow each time: '{run.path}/exports/litert' is not of these "
        f"weights; export it again: cnncli export {run.path} --format litert"
    ]


@pytest.mark.exhaustive
def test_images_that_are_gone_are_told_once(run, predict, trained):
    (trained / "squares.npz").rename(trained / "away.npz")
    try:
        (engine, told), (_, again) = predict(), predict()
    finally:
        (trained / "away.npz").rename(trained / "squares.npz")
    assert (engine, again, (run.path / "exports/litert").exists()) == ("tensorflow", [], False)
    assert "an export cannot be checked" in told[1]
    assert told[1].endswith(f"if they are elsewhere: cnncli export {run.path} --format litert --data FOLDER")
    run.export("litert")
    assert predict() == ("litert", [])


def test_images_are_not_downloaded_for_it(monkeypatch):
    from cnncli.data.sources.builtin import DOWNLOADS
    from cnncli.runner.inputs.training_images import is_here
    from cnncli.spec.sections.sources import Source

    monkeypatch.setenv("KERAS_HOME", "/nowhere")
    assert not is_here(Source("cifar10"))
    assert not is_here(Source("tfds", {"name": "mnist"}))
    assert is_here(Source("mnist"))
    assert is_here(Source("folder", {"path": "images"}))
    assert set(DOWNLOADS) == {"fashion_mnist", "cifar10", "cifar100"}


def test_what_takes_too_long_is_left_to_the_user(run, predict, monkeypatch):
    monkeypatch.setattr(prepare, "LIMIT", 0.5)
    (_, told), (_, again) = predict(), predict()
    assert "an export and its check on the test images would take about" in told[1]
    assert again == []


@pytest.mark.representatives("right", "space")
@pytest.mark.parametrize("lacking", ["right", "space", "memory", "everything"])
def test_a_prediction_succeeds_where_nothing_can_be_written(run, predict, monkeypatch, lacking):
    def failing(*arguments):
        raise {"space": OSError(28, "No space left on device"), "everything": RuntimeError("?")}[lacking]

    if lacking == "right":
        monkeypatch.setattr(prepare.os, "access", lambda path, mode: path != run.path)
    elif lacking == "memory":
        monkeypatch.setattr(prepare, "available_memory", lambda: 1000)
    else:
        monkeypatch.setattr(exporter, "create_folder", failing)
    engine, told = predict()
    assert (engine, [line for line in told if not line.startswith("preparing")]) == ("tensorflow", [])
    assert not (run.path / "exports/litert").exists()
    monkeypatch.undo()
    monkeypatch.chdir(run.path)
    assert not (run.path / prepare.ATTEMPT).exists()


def test_a_run_that_is_being_trained_is_not_prepared(run, predict):
    run.folder.write_json("status.json", {**run.status, "state": "interrupted"})
    assert predict() == ("tensorflow", [])
    assert not (run.path / "exports").exists()


def test_an_answer_that_differs_is_not_kept(run, predict, copy_export, monkeypatch):
    from cnncli.inference import exported

    monkeypatch.setattr(exporter.Exporter, "write", copy_export)
    monkeypatch.setattr(exported, "BOUND", -1.0)
    _, told = predict()
    assert "probabilities of exports/litert differ from those of the network by" in told[1]
    assert not (run.path / "exports/litert").exists()


def test_a_long_training_prepares_its_run(trained):
    run = cnncli.open_run(trained / "runs" / "squares-001")
    assert (run.state, model(run)["automatic"]) == ("finished", True)


def test_a_short_training_does_not(run):
    result = SimpleNamespace(model=run.model(), seconds=1.0, report_seconds=0.1)
    prepare.prepare_after_training(run, result)
    assert not (run.path / "exports").exists()


@pytest.mark.exhaustive
def test_a_limited_training_is_not_prepared_and_a_resumed_one_again(run, copy_export, tmp_path, monkeypatch):
    monkeypatch.setattr(prepare, "SHARE", 1e9)
    copy_export()
    limited = cnncli.train(cnncli.load_spec(SPEC, {"train.max_time": "1h"}), tmp_path)
    assert (limited.state, (limited.path / "exports").exists()) == ("finished", False)
    longer = cnncli.open_run(run.path).resume(epochs=2)
    assert model(longer)["weights_sha256"] in (run.path / "weights.sha256").read_text()
