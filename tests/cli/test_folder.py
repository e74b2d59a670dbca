"""A folder of photographs from end to end, as a person does it: train, evaluate, predict, change something."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image

from cnncli.cli import main

pytestmark = pytest.mark.slow

COLORS = {"blue": (40, 60, 200), "red": (200, 50, 40)}
SPEC = """\
name: photos
data:
  source: {{folder: {{path: {photos}}}}}
  image: {{size: [24, 32], resize: crop}}
  split: {{test: 0.5}}
model:
  layers:
    - Conv2D: {{filters: 4, kernel_size: 3, strides: 2, activation: relu}}
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
train: {{epochs: 1, batch_size: 8}}
"""


def photograph(number: int, color: tuple[int, int, int]) -> Image.Image:
    """Of a size of its own, large ones and upright ones among them, so that each way to shrink one is taken."""
    random = np.random.default_rng(number)
    height, width = ((48, 64), (64, 48), (400, 512), (31, 47), (24, 32))[number % 5]
    noise = random.integers(-60, 61, (height // 4 + 1, width // 4 + 1, 3))
    coarse = Image.fromarray((np.array(color) + noise).clip(0, 255).astype(np.uint8))
    return coarse.resize((width, height), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where `photos` and `runs` are; one run is trained."""
    folder = tmp_path_factory.mktemp("end_to_end")
    for name, color in COLORS.items():
        (folder / "photos" / name).mkdir(parents=True)
        for number in range(20):
            picture = photograph(number + 100 * len(name), color)
            picture = picture.convert("CMYK") if number == 3 else picture.convert("L") if number == 4 else picture
            exif = Image.Exif()
            exif[0x0112] = 1 + number % 8
            picture.save(folder / "photos" / name / f"{number}.jpg", quality=92, exif=exif.tobytes())
    (folder / "photos.yaml").write_text(SPEC.format(photos=folder / "photos"))
    patch = pytest.MonkeyPatch()
    patch.setenv("CNNCLI_CACHE_DIR", str(folder / "cache"))
    with pytest.raises(SystemExit) as ended:
        main(["train", str(folder / "photos.yaml"), "--runs-dir", str(folder / "runs"), "--quiet"])
    patch.undo()
    assert ended.value.code == 0
    return folder


@pytest.fixture
def measured(call, folder):
    """Calls a command on the run."""
    place = {"CNNCLI_CACHE_DIR": str(folder / "cache")}
    return lambda command, *arguments: call(command, *arguments, "--runs-dir", folder / "runs", **place)


def recorded(folder) -> list[dict[str, str]]:
    with (folder / "runs" / "photos-001" / "predictions.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_predict_says_of_the_raw_files_what_the_run_recorded(measured, folder):
    rows = recorded(folder)
    assert len(rows) == 20
    files = [folder / "photos" / row["image"] for row in rows]
    assert len({Image.open(file).size for file in files}) > 2
    predicted = json.loads(measured("predict", *files, "--json").out)
    assert [entry["image"] for entry in predicted] == list(map(str, files))
    assert [entry["class"] for entry in predicted] == [row["predicted"] for row in rows]
    probabilities = [float(row["probability"]) for row in rows]
    np.testing.assert_allclose([entry["probability"] for entry in predicted], probabilities, atol=2e-6)
    assert np.ptp(probabilities) > 1e-3  # or any reading of the files would do


def test_evaluate_measures_the_same_again_and_names_what_went_elsewhere(measured, folder, tmp_path):
    metrics = json.loads((folder / "runs" / "photos-001" / "metrics.json").read_text())
    again = json.loads(measured("evaluate", "photos-001", "--json").out)
    assert {name: again[name] for name in ("accuracy", "loss")} == {
        name: metrics[name] for name in ("accuracy", "loss")
    }
    shutil.copytree(folder / "photos", tmp_path / "photos")
    name = recorded(folder)[0]["image"]
    other = f"{'red' if name.startswith('blue') else 'blue'}/more/{name.partition('/')[2]}"
    (tmp_path / "photos" / other).parent.mkdir()
    (tmp_path / "photos" / name).rename(tmp_path / "photos" / other)
    result = measured("evaluate", "photos-001", "--data", tmp_path / "photos")
    assert result.code == 3
    assert f"test images of this run are missing: '{name}' (now '{other}')" in result.err
    shutil.rmtree(tmp_path / "photos" / "red")
    result = measured("evaluate", "photos-001", "--data", tmp_path / "photos")
    assert (result.code, "images of this run are missing" in result.err) == (3, True)


def test_a_run_whose_images_moved_is_trained_further_and_again_to_the_same_bits(call, folder, tmp_path):
    place = {"CNNCLI_CACHE_DIR": str(tmp_path / "cache")}
    stayed, moved = (tmp_path / name / "photos-001" for name in ("stayed", "moved"))
    for run in (stayed, moved):
        shutil.copytree(folder / "runs" / "photos-001", run)
    spec = (moved / "spec.yaml").read_text()
    (moved / "spec.yaml").write_text(spec.replace(str(folder / "photos"), str(tmp_path / "gone")))
    shutil.copytree(folder / "photos", tmp_path / "here" / "photos")
    assert call("resume", stayed, "--epochs", 2, "-q", **place).code == 0
    refused = call("resume", moved, "--epochs", 2, "-q", **place)
    assert (refused.code, "name their new place: --data PATH" in refused.err) == (3, True)
    resumed = call("resume", moved, "--epochs", 2, "-q", "--data", tmp_path / "here" / "photos", **place)
    assert resumed.code == 0, resumed.err
    for name in ("weights/best.weights.h5", "weights/last.weights.h5", "predictions.csv", "images.csv", "data.json"):
        assert (stayed / name).read_bytes() == (moved / name).read_bytes(), name
    assert call("evaluate", moved, **place).code == 0  # it names the new place
    assert f"{folder / 'photos'}" not in (moved / "spec.yaml").read_text()
    again = call("reproduce", stayed, "-q", "--data", tmp_path / "here" / "photos", **place)
    assert (again.code, "is identical to" in again.out) == (0, True), again.err
    (tmp_path / "here").rename(tmp_path / "there")
    gone = call("data", "--labels", moved, **place)
    assert (gone.code, f"cnncli resume {moved} --data PATH" in gone.err) == (3, True)
    assert (call("resume", moved, "--data", tmp_path / "gone").code, (moved / "labels.csv").exists()) == (3, False)
    told = call("resume", moved, "--data", tmp_path / "there" / "photos", **place)
    assert (told.code, "is finished, and names" in told.err) == (0, True)
    assert call("data", "--labels", moved, **place).code == 0
