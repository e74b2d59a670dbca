"""Runs exported to every format: the same answers, the same bytes, and nothing left of what is wrong."""

import json
import shutil
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from cnncli import DataError, NotExported, ResourceError
from cnncli.catalog.export_formats import EXPORT_FORMATS

pytestmark = pytest.mark.slow

PROGRAM_ALONE = """\
import runpy, sys
for name in {blocked!r}: sys.modules[name] = None
sys.argv = ["predict.py", *sys.argv[1:]]
runpy.run_path({program!r}, run_name="__main__")
"""


def bytes_of(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def exports():
    return {}


@pytest.fixture
def exported_once(run, exports):
    """An export of a run that several tests look at: `exported_once("digits", "onnx")`."""

    def export(name, form):
        if (name, form) not in exports:
            (exports[name, form],) = run(name).export(form)
        return exports[name, form]

    return export


@pytest.mark.representatives("onnx-digits", "litert-shades", "keras-shades")
@pytest.mark.parametrize("name", ["digits", "shades"])
@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_every_answer_is_that_of_the_network(run, exported_once, form, name):
    exported = exported_once(name, form)
    check = json.loads((exported.path / "check.json").read_text())
    assert check == exported.check
    assert (check["images"], check["changed_answers"]) == ({"digits": 200, "shades": 6}[name], 0)
    assert check["largest_difference"] <= 1e-5
    assert check["predict.py"] == {"images": {"digits": 64, "shades": 6}[name], "not_read": 0}
    model = json.loads((exported.path / "model.json").read_text())
    assert (model["format"], tuple(model["classes"])) == (form, run(name).class_names)
    assert {path.name for path in exported.path.iterdir()} >= {"model.json", "check.json", "predict.py"}


@pytest.mark.representatives("litert")
@pytest.mark.parametrize("form", EXPORT_FORMATS)
def test_the_program_needs_nothing_of_cnncli(run, exported_once, place, form, tmp_path):
    opened, exported = run("shades"), exported_once("shades", form)
    blocked = ["cnncli", "sklearn", "yaml"]
    if form not in ("saved_model", "keras"):
        blocked += ["tensorflow", "keras", "h5py", "scipy"]
    files = sorted((place / "shades").rglob("*.*"))[::5]
    (tmp_path / "damaged.png").write_bytes(b"no image")
    code = PROGRAM_ALONE.format(blocked=blocked, program=str(exported.path.absolute() / "predict.py"))
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, files), "damaged.png"], capture_output=True, text=True, cwd=tmp_path
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    predictions = opened.predict(files)
    assert [row[:2] for row in rows] == [
        [str(file), one.class_name] for file, one in zip(files, predictions, strict=True)
    ]
    assert np.allclose([float(row[2]) for row in rows], [one.probability for one in predictions], atol=1e-5)
    assert (done.returncode, "damaged.png: cannot identify" in done.stderr) == (1, True), done.stderr


@pytest.mark.representatives("onnx")
@pytest.mark.parametrize("form", ["onnx", "litert", "openvino", "keras"])
def test_the_same_run_gives_the_same_bytes(run, exported_once, form):
    first = bytes_of(exported_once("digits", form).path)
    assert bytes_of(run("digits").export(form)[0].path) == first


NAMES = ("a, b", 'a "quoted" one', "two  blanks", "back\\slash", "new\nline", "日本語", "=1+1")


@pytest.fixture(scope="module")
def small():
    """A network of seven classes."""
    from cnncli.startup import keras

    image = keras.Input((8, 8, 3), name="image")
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3)(image))
    network = keras.Model(image, {"probabilities": keras.layers.Dense(len(NAMES), activation="softmax")(pooled)})
    network.predict_on_batch(np.zeros((1, 8, 8, 3), np.float32))
    return network


def test_an_onnx_file_names_its_classes(small, tmp_path):
    import onnxruntime

    from cnncli.export import onnx_file

    plain, eight_bits = tmp_path / "model.onnx", tmp_path / "int8.onnx"
    onnx_file.write(small, plain, NAMES)
    onnx_file.quantize(plain, np.ones((4, 8, 8, 3), np.float32), eight_bits, NAMES)
    for path in (plain, eight_bits):
        metadata = onnxruntime.InferenceSession(path).get_modelmeta().custom_metadata_map
        assert tuple(json.loads(metadata["classes"])) == NAMES


def test_a_litert_file_names_its_classes(small, tmp_path):
    import zipfile

    from cnncli.export import litert

    plain, eight_bits = tmp_path / "model.tflite", tmp_path / "int8.tflite"
    litert.write(small, plain, NAMES)
    litert.quantize(plain, np.ones((4, 8, 8, 3), np.float32), eight_bits, NAMES)
    for path in (plain, eight_bits):
        with zipfile.ZipFile(path) as file:
            lines = file.read("labels.txt").decode().split("\n")
        assert tuple(json.loads(f'"{line}"') for line in lines) == NAMES


@pytest.mark.exhaustive
def test_an_openvino_file_names_its_classes(small, tmp_path):
    import openvino

    from cnncli.export import openvino_file

    openvino_file.write(small, tmp_path / "model.xml", NAMES)
    model = openvino.Core().read_model(tmp_path / "model.xml")
    assert tuple(json.loads(model.get_rt_info(["classes"]).astype(str))) == NAMES


@pytest.mark.exhaustive
def test_what_answers_differently_is_removed_again(run, exports, monkeypatch):
    from cnncli.export import litert

    exports.pop(("digits", "litert"), None)
    opened, write = run("digits"), litert.write
    (exported,) = opened.export("litert")
    earlier = bytes_of(exported.path)

    def broken(network, path, classes):
        layer = next(each for each in network._flatten_layers() if each.name.startswith("conv2d"))
        kept = layer.get_weights()
        layer.set_weights([kept[0][..., [1, 0, *range(2, 8)]], kept[1]])  # two filters in each other's place
        write(network, path, classes)
        layer.set_weights(kept)

    monkeypatch.setattr(litert, "write", broken)
    with pytest.raises(NotExported, match=r"answers differently from the network: [1-9]"):
        opened.export("litert")
    assert bytes_of(exported.path) == earlier
    shutil.rmtree(exported.path)
    with pytest.raises(NotExported, match="it was removed"):
        opened.export("litert")
    assert not exported.path.exists()
    assert [path for path in exported.path.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.exhaustive
@pytest.mark.representatives("litert")
@pytest.mark.parametrize("form", ["onnx", "litert"])
def test_eight_bits_take_less_and_lose_little(run, form):
    opened = run("digits")
    (exact,), (small,) = opened.export(form), opened.export(form, int8=True, tolerance=0.03)
    assert small.size < 0.75 * exact.size  # a small network: names and structure count
    assert small.check["accuracy"] >= exact.check["accuracy"] - 0.03
    assert (small.format, small.path.name) == (f"{form}-int8", f"{form}-int8")
    assert json.loads((small.path / "model.json").read_text())["computes_in"] == "int8"
    low, high = small.check["accuracy_gain_interval"]
    assert low <= small.check["accuracy_gain"] <= high


def test_eight_bits_that_lose_too_much_are_removed(run, monkeypatch):
    from cnncli.runner import export

    opened = run("digits")
    shutil.rmtree(opened.path / "exports" / "litert-int8", ignore_errors=True)
    monkeypatch.setattr(export, "_calibration", lambda *_: np.zeros((8, 28, 28, 1), np.float32))
    with pytest.raises(NotExported, match=r"accuracy of litert-int8 is 0\..* more than the tolerance of 1"):
        opened.export("litert", int8=True)
    assert not (opened.path / "exports" / "litert-int8").exists()


def test_a_format_without_eight_bits_says_so(run):
    with pytest.raises(NotExported, match="there is no int8 version of keras"):
        run("digits").export("keras", int8=True)
    with pytest.raises(ValueError, match="no format is called 'tflite'; they are onnx, litert"):
        run("digits").export("tflite")
    with pytest.raises(ValueError, match=r"no format is called \['onnx'\]; they are onnx, litert"):
        run("digits").export(["onnx"])
    with pytest.raises(ValueError, match="no format is named; they are onnx, litert"):
        run("digits").export()


def test_a_package_that_is_missing_is_named_before_any_work(run, monkeypatch):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    with pytest.raises(ResourceError, match="onnx needs the package tf2onnx") as raised:
        run("digits").export("onnx")
    assert raised.value.hint == "pip install 'cnncli[onnx]'"


def test_memory_that_is_not_there_is_told(run, monkeypatch):
    from cnncli.runner import export

    monkeypatch.setattr(export, "available_memory", lambda: 100_000)
    with pytest.raises(ResourceError, match=r"to ONNX takes about .* MiB of memory, and 97.7 KiB are free"):
        run("digits").export("onnx")


@pytest.mark.representatives("saved_model")
@pytest.mark.parametrize("form", ["openvino", "saved_model"])
def test_a_full_disk_is_told_whatever_a_converter_says_of_it(run, form, monkeypatch):
    from cnncli.export import writer_of
    from cnncli.runner import exporter

    def failing(*_):
        raise RuntimeError("basic_ios::clear: iostream error")

    opened = run("shades")
    monkeypatch.setattr(writer_of(EXPORT_FORMATS[form]), "write", failing)
    with pytest.raises(NotExported, match="RuntimeError: basic_ios::clear"):
        opened.export(form)
    monkeypatch.setattr(exporter.shutil, "disk_usage", lambda _: SimpleNamespace(free=1000))
    with pytest.raises(ResourceError, match=rf"cannot write '.*{form}': No space left on device") as raised:
        opened.export(form)
    assert raised.value.hint == "free some space"
    assert not list((opened.path / "exports").glob(".tmp-*"))


def test_images_that_are_gone_are_named(run, place, tmp_path):
    (place / "digits.npz").rename(tmp_path / "elsewhere.npz")
    try:
        with pytest.raises(DataError, match=r"digits\.npz"):
            run("digits").export("keras")
        (exported,) = run("digits").export("keras", data=tmp_path / "elsewhere.npz")
        assert exported.check["changed_answers"] == 0
    finally:
        (tmp_path / "elsewhere.npz").rename(place / "digits.npz")


def test_speed_is_measured_of_files_that_hold_no_programs(run, exported_once):
    opened = run("shades")
    for form in ("litert", "keras"):
        exported_once("shades", form)
    told = []
    speeds = {speed.name: speed for speed in opened.benchmark_exports(notice=told.append)}
    assert "keras" not in speeds
    speed = speeds["litert"]
    assert (speed.name, speed.batches, len(speed.seconds)) == ("litert", (1, 32), 2)
    assert speed.size == (opened.path / "exports/litert/model.tflite").stat().st_size
    assert any("keras is left out" in line for line in told)


def test_an_operation_that_litert_lacks_is_named(tmp_path):
    from cnncli.export import litert
    from cnncli.startup import keras

    image = keras.Input((8, 8, 4), name="image")
    features = keras.layers.Conv2D(4, 3, padding="same")(image)
    parts = [keras.layers.Activation("gelu")(features), keras.layers.Rescaling(0.5)(features)]
    network = keras.Model(image, {"probabilities": keras.layers.Add()(parts)})
    with pytest.raises(NotExported, match="LiteRT lacks an operation of this network: Erfc"):
        litert.write(network, tmp_path / "model.tflite", ("a", "b"))


def test_a_keras_file_has_only_layers_of_keras(tmp_path):
    import zipfile

    from cnncli.export import keras_file
    from cnncli.factory import layers
    from cnncli.startup import keras

    image = keras.Input((8, 8, 3), name="image")
    features = layers.DepthwiseConv2D(3)(layers.Conv2D(4, 3)(layers.ReverseChannels()(image)))
    features = layers.SeparableConv2D(4, 3)(layers.BatchNormalization()(features))
    inner = keras.Model(image, keras.layers.GlobalAveragePooling2D()(features))
    network = keras.Model(image, {"probabilities": inner(image, training=False)})
    images = np.random.default_rng(0).uniform(0, 255, (2, 8, 8, 3)).astype(np.float32)
    expected = network.predict_on_batch(images)["probabilities"]
    keras_file.write(network, tmp_path / "model.keras", ("a", "b", "c", "d"))
    assert b"cnncli" not in zipfile.ZipFile(tmp_path / "model.keras").read("config.json")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert np.abs(loaded.predict_on_batch(images)["probabilities"] - expected).max() < 1e-5 * np.abs(expected).max()
