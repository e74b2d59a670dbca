"""Every engine gives the answers of the network, and an export is used only where it can stand for its run."""

import hashlib
import json
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnncli import ResourceError, RunError
from cnncli.catalog.export_formats import ENGINES, EXPORT_FORMATS
from cnncli.inference import open_engine, open_quickest, quickest

pytestmark = pytest.mark.slow

HEAVY = ("tensorflow", "keras", "matplotlib", "sklearn", "scipy", "h5py", "onnx", "tf2onnx")


def loaded_after(code, cwd):
    """Which of the heavy packages are loaded after a program, in a process of its own."""
    program = f"import sys\n{code}\nprint('loaded:', *(name for name in {HEAVY!r} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=cwd, check=True)
    return done.stdout.split("loaded:")[1].split(), done.stdout, done.stderr


def command(*arguments):
    called = f"main({list(map(str, arguments))!r})"
    return f"from cnncli.cli import main\ntry: {called}\nexcept SystemExit as end: assert not end.code"


def test_predictions_start_no_tensorflow(run, images, tmp_path):
    """On the command line, of many images in a file, and in Python."""
    Image.fromarray(images[0, :, :, 0]).resize((60, 50)).convert("RGB").save(tmp_path / "digit.jpg")
    every = ((), ("--json", "--top-k", 3), ("--engine", "onnx", "--invert"))
    commands = [command("predict", tmp_path / "digit.jpg", "--run", run.path, *options) for options in every]
    (tmp_path / "many").mkdir()
    Image.fromarray(images[0, :, :, 0]).save(tmp_path / "many" / "digit.png")
    commands += [
        f"import cnncli, numpy\ncnncli.open_run({str(run.path)!r}).predict(numpy.zeros((28, 28), numpy.uint8))",
        "from cnncli.runner.answers import network\nnetwork.MANY = 1",
        command("predict", tmp_path / "many", "--run", run.path, "--out", tmp_path / "answers.csv"),
    ]
    found, shown, told = loaded_after("\n".join(commands), tmp_path)
    assert (found, shown.count("digit.jpg")) == ([], len(every))
    assert not re.search("XNNPACK|preparing", told)
    assert (tmp_path / "answers.csv").read_text().splitlines()[1].startswith("digit.png,")


@pytest.mark.parametrize("name", ["litert", "onnx", pytest.param("openvino", marks=pytest.mark.exhaustive)])
def test_the_answers_are_those_of_the_network_whatever_the_batch(run, images, name):
    if name == "openvino":
        run.export("openvino")
    engine, network = open_engine(run, name), run.float32_model("best", False, str)
    answers = engine.probabilities(images)
    assert (engine.name, answers.shape, answers.dtype) == (name, (150, 10), np.float32)
    expected = np.asarray(network(images, training=False))
    assert np.abs(answers - expected).max() <= 1e-5
    assert (answers.argmax(axis=1) == expected.argmax(axis=1)).all()
    parts = [engine.probabilities(images[start : start + 7].astype(np.float32)) for start in range(0, 150, 7)]
    assert np.array_equal(np.concatenate(parts), answers)
    assert np.array_equal(open_engine(run, name, threads=1).probabilities(images), answers)
    assert engine.probabilities(images[:0]).shape == (0, 10)
    with pytest.raises(ValueError, match=r"images of the shape \(14, 28, 1\) for a network that takes \(28, 28, 1\)"):
        engine.probabilities(images[:, ::2])


def test_the_quickest_answers_unless_another_is_named(run, images):
    assert [open_engine(run).name, *(open_engine(run, name).name for name in ENGINES if name != "openvino")] == [
        "litert",
        "litert",
        "onnx",
        "tensorflow",
    ]
    quick, slow = run.predict(images[0]), run.predict(images[0], engine="tensorflow")
    assert abs(quick[0].probability - slow[0].probability) <= 1e-5
    with pytest.raises(ValueError, match="no engine is called 'tflite'; they are litert, onnx"):
        open_engine(run, "tflite")


def open_both(run, largest=32):
    told = []
    chosen = open_quickest(run, None, largest, weights="best", allow_changed_weights=False, notice=told.append)
    assert told == []
    return chosen


def test_of_several_engines_each_batch_gets_the_one_that_was_quickest_with_so_many(run, images, monkeypatch):
    chosen, network = open_both(run), run.float32_model("best", False, str)
    assert chosen.uses[0].images == 1
    assert {use.engine for use in chosen.uses} <= {"litert", "onnx"}
    for count in (1, 5, 32, 150):
        expected = np.asarray(network(images[:count], training=False))
        assert np.abs(chosen.probabilities(images[:count]) - expected).max() <= 1e-5
    assert len(chosen.probabilities(images[:0])) == 0
    times = {"litert": {1: 1, 32: 32}, "onnx": {1: 3, 32: 3}}
    monkeypatch.setattr(quickest, "seconds_of", lambda *measured: times)
    chosen = open_both(run)
    assert chosen.uses == (("litert", 1), ("onnx", 4))
    assert chosen.words == "litert, from 4 images at a time onnx"
    for count, name in ((1, "litert"), (3, "litert"), (4, "onnx"), (40, "onnx")):
        assert np.array_equal(
            chosen.probabilities(images[:count]), open_engine(run, name).probabilities(images[:count])
        )
    edit(run.path / "exports/litert/check.json", changed_answers=1)
    assert open_both(run).uses == (("onnx", 1),)


def edit(path, **facts):
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def new_weights(run):
    file = run.folder.best_weights
    file.write_bytes(file.read_bytes() + b"\0")
    hashed = hashlib.sha256(file.read_bytes()).hexdigest()
    (run.path / "weights.sha256").write_text(f"{hashed}  weights/best.weights.h5\n")


def spec(old, new):
    def change(run):
        text = run.folder.spec.read_text()
        assert old in text
        run.folder.spec.write_text(text.replace(old, new))

    return change


def changed_file(run):
    file = run.path / "exports/litert/model.tflite"
    file.write_bytes(file.read_bytes()[:-1] + b"\1")


def check(**facts):
    return lambda run: edit(run.path / "exports/litert/check.json", **facts)


def model(**facts):
    return lambda run: edit(run.path / "exports/litert/model.json", **facts)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (new_weights, "the weights have changed since exports/litert was made"),
        (
            spec("activation: relu", "activation: elu"),
            "spec.yaml or data.json has changed since exports/litert was made",
        ),
        (spec("resize: stretch", "resize: pad"), "spec.yaml or data.json has changed"),
        (spec("  scale: [", "  scale: [-1"), "spec.yaml or data.json has changed"),
        (lambda run: edit(run.folder.data, class_names=[*"1234567890"]), "spec.yaml or data.json has changed"),
        (changed_file, "model.tflite of exports/litert was changed after it was checked"),
        (lambda run: (run.path / "exports/litert/model.tflite").unlink(), "model.tflite of exports/litert cannot be"),
        (lambda run: (run.path / "exports/litert/check.json").unlink(), "check.json of exports/litert cannot be read"),
        (lambda run: (run.path / "exports/litert/model.json").unlink(), "it was not exported to litert"),
        (lambda run: (run.path / "exports/litert/model.json").write_text("[]"), "cannot be read: it is not a mapping"),
        (check(changed_answers=1), "does not say that it answers as the network does"),
        (check(ties=1), "does not say that it answers as the network does"),
        (check(largest_difference="0"), "does not say that it answers as the network does"),
        (check(largest_difference=3e-5), "differ from those of the network by 3e-05"),
        (check(largest_difference=-1), "differ from those of the network by -1e"),
        (model(weights="last"), "exports/litert does not have the best weights"),
        (model(weights=["best"]), "exports/litert does not have the best weights"),
        (model(computes_in="int8"), "exports/litert has another format or computes otherwise"),
        (model(files_sha256={}), "was changed after it was checked"),
        (model(files_sha256="model.tflite"), "was changed after it was checked"),
    ],
)
def test_an_export_that_cannot_stand_for_its_run_is_not_used(run, change, said):
    change(run)
    with pytest.raises(RunError, match=re.escape(said)) as raised:
        open_engine(run, "litert")
    assert raised.value.message.startswith(f"'{run.path}' has no engine litert: ")
    assert raised.value.hint == f"cnncli export {run.path} --format litert"


def test_an_export_outlives_a_version_of_cnncli_with_more_keys(run, monkeypatch):
    from cnncli.spec.schema import Model

    keys = Model.spec_keys()
    monkeypatch.setattr(Model, "spec_keys", classmethod(lambda cls: {**keys, "later": keys["weights"]}))
    monkeypatch.setattr(Model, "later", None, raising=False)
    assert run.spec.plain()["model"]["later"] is None
    assert open_engine(run).name == "litert"


def test_the_next_engine_answers_in_place_of_one_that_cannot(run):
    changed_file(run)
    assert open_engine(run).name == "onnx"
    edit(run.path / "exports/onnx/check.json", changed_answers=1)
    assert open_engine(run).name == "tensorflow"


def test_a_file_that_its_runtime_cannot_open_is_no_engine(run):
    file = run.path / "exports/litert/model.tflite"
    file.write_text("numbers")
    model(files_sha256={"model.tflite": hashlib.sha256(b"numbers").hexdigest()})(run)
    assert open_engine(run).name == "onnx"
    with pytest.raises(RunError, match="litert cannot open it"):
        open_engine(run, "litert")


def test_weights_that_were_changed_are_refused_and_told_as_ever(run):
    file = run.folder.best_weights
    file.write_bytes(file.read_bytes() + b"\0")
    with pytest.raises(RunError, match="is not what the training wrote") as raised:
        open_engine(run)
    assert "--allow-changed-weights" in raised.value.hint
    edit(run.path / "exports/litert/model.json", weights_sha256=hashlib.sha256(file.read_bytes()).hexdigest())
    told = []
    assert open_engine(run, allow_changed_weights=True, notice=told.append).name == "litert"
    assert len(told) == 1
    assert "they are used nevertheless" in told[0]


def test_the_last_weights_need_an_export_of_their_own(run):
    assert open_engine(run, weights="last").name == "tensorflow"
    with pytest.raises(RunError, match="does not have the last weights") as raised:
        open_engine(run, "onnx", weights="last")
    assert raised.value.hint.endswith("--format onnx --weights last")
    run.export("litert", weights="last")
    assert open_engine(run, weights="last").name == "litert"
    assert open_engine(run).name == "onnx"


def test_a_network_of_other_classes_is_noticed(run, images):
    from cnncli.inference.litert import LiteRTEngine

    content = (run.path / "exports/litert/model.tflite").read_bytes()
    with pytest.raises(RunError, match="it is not that of this run"):
        LiteRTEngine({"model.tflite": content}, (28, 28, 1), 7).probabilities(images)


def test_a_runtime_that_is_not_installed(run, monkeypatch):
    from cnncli.inference import open as choice

    monkeypatch.setattr(choice, "find_spec", lambda name: None if name == "ai_edge_litert" else name)
    assert open_engine(run).name == "onnx"
    with pytest.raises(ResourceError, match="the engine litert needs ai-edge-litert, which is not installed"):
        open_engine(run, "litert")


def test_every_engine_but_tensorflow_is_a_format_with_files():
    assert {form.name for form in EXPORT_FORMATS.values() if form.files} == set(ENGINES) - {"tensorflow"}
