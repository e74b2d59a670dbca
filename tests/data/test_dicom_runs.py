"""DICOM files from the folder to the prediction: one window everywhere, patients kept whole, nobody named."""

from __future__ import annotations

import json

import numpy as np
import pytest
import run_pictures
from dicom_files import dicom

import cnncli
from cnncli.data.decode.image import read_image
from cnncli.data.decode.input_format import InputFormat
from cnncli.spec import parse
from cnncli.spec.reader import read

pytestmark = pytest.mark.slow

SPEC = """
name: ct
seed: 1
data:
  source: {{folder: {{path: "{path}"}}}}
  image: {{size: [8, 8], color: grayscale{more}}}
  split: {{validation: 0.25, test: 0.25, group: {{dicom: PatientID}}}}
  cache: {cache}
model: {{layers: [GlobalAveragePooling2D, {{Dense: {{units: classes, activation: softmax}}}}]}}
train: {{epochs: 1, batch_size: 8}}
"""


@pytest.fixture(scope="module")
def scans(tmp_path_factory):
    root = tmp_path_factory.mktemp("scans")
    random = np.random.default_rng(0)
    for label, level in (("air", 0), ("bone", 1500)):
        (root / label).mkdir()
        for number in range(24):
            pixels = (random.integers(0, 200, (8, 8)) + level).astype("<i2")
            windows = {"WindowCenter": "40", "WindowWidth": "400"} if number % 3 else {}
            scale = {"RescaleSlope": "1", "RescaleIntercept": "-1024"}
            data = dicom(pixels, PatientID=f"Secret{label}{number // 4}", PatientName="Doe^Jane", **windows, **scale)
            (root / label / f"IM{number:06d}").write_bytes(data)
    return root


@pytest.fixture
def cache_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def trained(scans, folder, more="", cache="true"):
    told = []

    class Listener(cnncli.TrainingObserver):
        def on_notice(self, text):
            told.append(text)

    text = SPEC.format(path=scans, more=more, cache=cache)
    (folder / "ct.yaml").write_text(text)
    run = cnncli.train(cnncli.load_spec(folder / "ct.yaml"), runs_dir=folder / "runs", observers=[Listener()])
    return run, told


@pytest.mark.exhaustive
def test_each_file_its_own_window_is_told_and_recorded(scans, tmp_path, cache_folder):
    with run_pictures.whole():  # in which no name may be either
        run, told = trained(scans, tmp_path)
    record = json.loads((run.path / "data.json").read_text())
    assert record["window"] == {"file": 32, "percentile": 16}
    (warning,) = [line for line in told if "black and white" in line]
    assert warning.startswith("warning: black and white are decided in 2 ways; the same value has different shades")
    for file in run.path.rglob("*"):
        assert not file.is_file() or b"Secret" not in file.read_bytes()


def test_the_window_of_the_spec_holds_from_training_to_prediction(scans, tmp_path, cache_folder):
    run, told = trained(scans, tmp_path, ", window: [-1024, 700]")
    assert json.loads((run.path / "data.json").read_text())["window"] == {"spec": 48}
    assert not [line for line in told if line.startswith("warning")]
    file = scans / "bone" / "IM000000"
    (prediction,) = run.predict([file])
    shown = read_image(file, InputFormat(8, 8, 1, window=(-1024, 700)))
    (same,) = run.predict([shown])
    assert prediction.probabilities == same.probabilities
    splits = {}
    for line in (run.path / "images.csv").read_text().splitlines()[1:]:
        split, _, name = line.split(",")[:3]
        label, number = name.split("/")
        splits.setdefault((label, int(number[2:]) // 4), set()).add(split)
    assert all(len(of_patient) == 1 for of_patient in splits.values())


@pytest.mark.exhaustive
def test_the_cache_keeps_windows_apart(scans, tmp_path, cache_folder):
    for window in ("[-1024, 700]", "[0, 100]"):
        trained(scans, tmp_path, f", window: {window}")
    assert len(list(cache_folder.rglob("*.npy"))) == 2


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ("window: [400, -1000]", "expected a list of two numbers, the lower one first"),
        ("window: 400", "expected a list of two numbers"),
        ("window: [1, 2, 3]", "expected a list of two numbers"),
        ("window: [1, 1]", "expected a list of two numbers, the lower one first"),
    ],
)
def test_a_window_needs_two_ends(image, problem):
    text = SPEC.format(path="a", more=f", {image}", cache="true")
    with pytest.raises(cnncli.errors.SpecError) as error:
        parse(read(text, "a.yaml"))
    assert problem in error.value.problems[0].message
