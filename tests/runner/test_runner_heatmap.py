"""Heat maps of a run: over the image as it is, whatever the run did to its size, for every kind of run."""

import io
import shutil

import numpy as np
import pytest
from PIL import Image

import cnncli
from cnncli.errors import DataError, RunError
from cnncli.runs import RunDir

pytestmark = pytest.mark.slow

SPEC = """\
name: shades
data:
  source: {folder: {path: shades}}
  image: {size: [16, 24], color: rgb}
  split: {validation: 0.25, test: 0.25}
model:
  layers: [{Conv2D: {filters: 4, kernel_size: 3, activation: relu}}, GlobalAveragePooling2D, {Dense: {units: 1}}]
train: {epochs: 1, batch_size: 4, loss: {BinaryCrossentropy: {from_logits: true}}}
"""
FLAT = {
    "model.layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}],
    "train.loss": "SparseCategoricalCrossentropy",
}


KINDS = {
    "stretch": {},
    "pad": {"data.image.resize": "pad"},
    "crop": {"data.image.resize": "crop", "train.precision": "mixed_bfloat16"},
    "half": {"train.precision": "mixed_float16"},
    "flat": FLAT,
}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with images of two classes."""
    folder = tmp_path_factory.mktemp("heat")
    noise = np.random.default_rng(0)
    for name, level in (("dark", 60), ("bright", 190)):
        (folder / "shades" / name).mkdir(parents=True)
        for number in range(8):
            pixels = noise.integers(level - 50, level + 50, (20, 24, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(folder / "shades" / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def runs(place):
    """The runs that were opened."""
    return {}


@pytest.fixture
def run(place, runs, monkeypatch):
    """Opens a run: stretched, padded, cropped, in half precision, or without a feature map; trained where it is new.

    Most are the run that stretches its images with another spec: the network and its weights are the same.
    """
    monkeypatch.chdir(place)
    monkeypatch.setenv("CNNCLI_CACHE_DIR", str(place / "cache"))

    def run(name):
        if name in ("stretch", "flat") and name not in runs:
            runs[name] = cnncli.train(cnncli.load_spec(SPEC, {"name": name, **KINDS[name]}))
        elif name not in runs:
            folder = RunDir(shutil.copytree(run("stretch").path, place / name))
            folder.write_json("spec.yaml", cnncli.load_spec(folder.spec, KINDS[name]).plain())  # JSON is YAML
            runs[name] = cnncli.open_run(folder.path)
        return runs[name]

    return run


def spotted(height, width, seed=0):
    """A dark image with a bright spot."""
    pixels = np.random.default_rng(seed).integers(0, 30, (height, width, 3)).astype(np.uint8)
    pixels[height // 4 : height // 2, width // 2 : width * 3 // 4] = 240
    return pixels


@pytest.mark.representatives("stretch", "half")
@pytest.mark.parametrize("name", ["stretch", "pad", "crop", "half"])
@pytest.mark.parametrize("shape", [(16, 24), (90, 40), (31, 200), (1, 1)])
def test_it_is_as_large_as_the_image_and_between_0_and_1(run, name, shape):
    for class_name in ("bright", "dark"):
        heat = run(name).heatmap(spotted(*shape), class_name)
        assert heat.shape == shape
        assert heat.dtype == np.float32
        assert heat.min() >= 0
        assert heat.max() == 1 or not heat.any()


def test_each_class_of_one_unit_is_somewhere_else(run):
    bright, dark = (run("stretch").heatmap(spotted(60, 60), name, method="occlusion") for name in ("bright", "dark"))
    assert bright.any()
    assert dark[bright == 1].max() < 0.1
    assert bright[dark == 1].max(initial=0) < 0.1


def test_what_is_cropped_away_has_no_evidence(run):
    heat = run("crop").heatmap(spotted(16, 96), method="occlusion")
    assert not heat[:, :35].any()
    assert not heat[:, 61:].any()
    assert heat[:, 36:60].max() == 1


def test_padding_is_cut_off(run):
    opened = run("pad")
    wide = spotted(16, 96)  # which becomes 4 of 16 rows
    heat = opened.heatmap(wide, "bright", method="occlusion")
    assert heat.max() == 1
    assert heat.shape == (16, 96)
    assert np.ptp(heat, axis=0).max() < 1  # a quarter of the input, stretched back


def test_it_lies_over_the_image_the_right_way_up(run, tmp_path):
    pixels = spotted(60, 40)
    upright = run("stretch").heatmap(pixels)
    turned = Image.fromarray(np.ascontiguousarray(np.rot90(pixels)))  # as a camera on its side stores it
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "turned.png", exif=exif)
    np.testing.assert_array_equal(run("stretch").heatmap(tmp_path / "turned.png"), upright)
    drawn = io.BytesIO()
    turned.save(drawn, "PNG", exif=exif)
    (heat,) = run("stretch").heatmaps([drawn.getvalue()])
    np.testing.assert_array_equal(heat.values, upright)
    assert heat.picture.shape == (60, 40, 3)
    np.testing.assert_array_equal(heat.picture, pixels)


@pytest.mark.representatives("stretch", "crop", "flat")
@pytest.mark.parametrize("name", ["stretch", "crop", "half", "flat"])
def test_it_answers_as_predict_does(run, name):
    image = spotted(40, 60)
    (heat,) = run(name).heatmaps(image, method="occlusion")
    (prediction,) = run(name).predict(image)
    assert heat.prediction == prediction
    assert heat.class_name == prediction.class_name
    assert heat.probability == prediction.probability


def test_the_check_is_what_predict_says_of_the_covered_image(run):
    image = spotted(16, 24)
    (heat,) = run("stretch").heatmaps(image, "bright")
    hottest = np.argsort(-heat.values, axis=None, kind="stable")[:38]  # a tenth
    mask = np.zeros(16 * 24, bool)
    mask[hottest] = True
    covered = np.where(mask.reshape(16, 24, 1), np.rint(image.mean(axis=(0, 1))).astype(np.uint8), image)
    (answer,) = run("stretch").predict(covered)
    expected = dict(zip(answer.class_names, answer.probabilities, strict=True))["bright"]
    assert heat.covered.hottest == pytest.approx(expected, abs=1e-6)


def test_a_network_without_a_feature_map_says_so_and_what_to_do(run):
    with pytest.raises(RunError, match="has no feature map") as raised:
        run("flat").heatmap(spotted(16, 24))
    assert "--method occlusion" in raised.value.hint
    assert run("flat").heatmap(spotted(16, 24), method="occlusion").max() == 1


def test_an_unknown_class_or_method_is_named_with_the_nearest_word(run):
    with pytest.raises(ValueError, match="no class is called 'brigth'; did you mean 'bright'"):
        run("stretch").heatmap(spotted(16, 24), "brigth")
    with pytest.raises(ValueError, match="no class is called 'x'; the classes are bright, dark"):
        run("stretch").heatmap(spotted(16, 24), "x")
    with pytest.raises(ValueError, match="no method is called 'grad_cam'; did you mean 'gradcam'"):
        run("stretch").heatmap(spotted(16, 24), method="grad_cam")


def test_what_cannot_be_read_is_an_error_or_is_kept(run, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(DataError, match=r"notes\.png"):
        run("stretch").heatmap(tmp_path / "notes.png")
    kept = run("stretch").heatmaps([tmp_path / "notes.png", spotted(9, 9)], keep_unreadable=True)
    assert [type(each).__name__ for each in kept] == ["UnreadableImage", "HeatMap"]
    with pytest.raises(DataError, match="takes one image, got 2"):
        run("stretch").heatmap([spotted(9, 9), spotted(9, 9)])


def test_the_picture_is_written_on_request(run, tmp_path):
    run("stretch").heatmap(spotted(90, 40), path=tmp_path / "new" / "heat.png")
    assert Image.open(tmp_path / "new" / "heat.png").format == "PNG"
