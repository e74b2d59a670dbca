"""Names that stand where another thing is expected are told what to do with."""

from pathlib import Path

import pytest

from cnncli.cli.hints import run_instead


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("command", ["init", "data"])
@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("mnist", "mnist is a built-in data set; to write a spec here: cnncli init --template mnist"),
        ("configs/mnist.yaml", "mnist is a built-in data set; to write a spec here: cnncli init --template mnist"),
        ("mnist/best", "mnist/best is a shipped spec; to write it here: cnncli init --template mnist/best"),
        ("cifar100", "cifar100 is a built-in data set; a spec has it as 'source: cifar100'"),
        ("photos", "the nearest folder that exists is"),
    ],
)
def test_what_is_ours_is_no_place_of_images(call, command, typed, said):
    if command == "data" and typed.endswith(".yaml"):
        return  # the message about a spec that is not there
    result = call(command, typed)
    assert result.code == 3
    assert said in result.err


def test_a_place_that_a_spec_names_is_not_taken_for_ours(call):
    Path("spec.yaml").write_text(
        "data: {source: {folder: {path: mnist}}}\nmodel: {layers: [Flatten, {Dense: {units: classes}}]}\n"
    )
    assert "template" not in call("data", "spec.yaml").err


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("photos", "'photos' is a folder, not a spec; for a folder of images, 'cnncli init photos' writes one"),
        ("my labels.csv", "is a table or an archive, not a spec; 'cnncli init 'my labels.csv'' writes one for it"),
        ("photos.tar.gz", "is a table or an archive, not a spec; 'cnncli init photos.tar.gz' writes one for it"),
    ],
)
@pytest.mark.parametrize("command", ["check", "train"])
def test_images_where_a_spec_is_expected(call, command, name, said):
    Path(name).touch() if "." in name else Path(name).mkdir()
    result = call(command, name)
    assert result.code == 2
    assert said in result.out + result.err


@pytest.mark.parametrize(
    "arguments", [["predict", "-x.png"], ["heatmap", "-x.png", "--top-k", "1"], ["data", "-x.png"], ["init", "-x.png"]]
)
def test_a_file_that_is_taken_for_an_option(call, arguments):
    hint = "a file or folder called so is written with its folder: ./-x.png"
    assert hint not in call(*arguments).err
    Path("-x.png").touch()
    result = call(*arguments)
    assert result.code == 2
    assert hint in result.err


def test_a_file_behind_two_dashes_is_a_file(call):
    Path("-x.png").touch()
    result = call("data", "--", "-x.png")
    assert (result.code, "called so" in result.err) == (3, False)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("tflite", "no format is called 'tflite'; did you mean 'litert'?"),
        ("SavedModel", "no format is called 'SavedModel'; did you mean 'saved_model'?"),
        ("h5", "no format is called 'h5'; did you mean 'keras'?"),
        ("pytorch", "'pytorch' is not one of 'onnx', 'litert'"),
    ],
)
def test_formats_go_by_other_names(call, typed, said):
    result = call("export", "any-001", "--format", typed)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (["train", "a.yaml", "epochs=3"], "--set train.epochs=3"),
        (["train", "a.yaml", "model.layers[0].Conv2D.filters=3"], ""),
        (["check", "a.yaml", "train.batch_size=3"], "--set train.batch_size=3"),
        (["train", "a.yaml", "--set", "train.epochs", "3"], "--set train.epochs=3"),
        (["tune", "a.yaml", "lr=0.1"], "--set train.optimizer.Adam.learning_rate=0.1"),
        (["train", "a.yaml", "b.yaml"], ""),
        (["init", "photos", "my photos.yaml"], "it may be what -o is for: -o 'my photos.yaml'"),
        (["export", "a-001", "onnx"], "it may be what --format is for: --format onnx"),
        (["evaluate", "a-001", "photos"], "it may be what --on is for: --on photos"),
        (["check", "seed=4", "photos.yaml"], "a key of the spec is set with --set: --set seed=4"),
        (["report", "a-001", "b-001"], ""),
    ],
)
def test_an_argument_too_many_may_be_that_of_an_option(call, arguments, hint):
    result = call(*arguments)
    assert result.code == 2
    last = result.err.splitlines()[-1]
    assert last.endswith(hint) if hint else last.startswith("Error: Got unexpected extra argument")


@pytest.mark.parametrize("named", ["photos-001", "runs/photos-001"])
def test_a_run_among_images_is_named_by_an_option(named):
    Path("runs/photos-001").mkdir(parents=True)
    Path("runs/photos-001/status.json").touch()
    assert run_instead(["a.png", named], Path("runs")) == f"a run is named with --run: --run {named}"
    assert run_instead(["a.png", "photos-002"], Path("runs")) == ""
