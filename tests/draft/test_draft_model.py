"""Networks whose depth follows from the size of the images."""

import pytest

from cnncli.draft.image_format import ImageFormat
from cnncli.draft.model import model_section
from cnncli.spec.reader import read


def layers(height, width, images=100, short_epochs=True):
    lines = model_section(ImageFormat(height, width, "rgb", "stretch", ()), images, short_epochs)
    listed = read("\n".join(lines), "").value["model"]["layers"]
    return [next(iter(layer.items())) if isinstance(layer, dict) else (layer, {}) for layer in listed]


@pytest.mark.parametrize(
    ("size", "filters"),
    [
        (4, [32]),
        (8, [32]),
        (28, [32, 64, 128]),
        (32, [32, 64, 128]),
        (64, [32, 64, 128, 256]),
        (96, [16, 32, 64, 128]),
        (128, [16, 32, 64, 128, 256]),
    ],
)
def test_each_stage_halves_the_size_and_doubles_the_filters(size, filters):
    assert [arguments["filters"] for name, arguments in layers(size, size) if name == "Conv2D"] == filters


def test_large_images_begin_with_strides():
    assert layers(96, 96)[0][1]["strides"] == 2
    assert "strides" not in layers(64, 64)[0][1]


def test_an_odd_size_loses_no_row():
    pools = [arguments.get("padding", "valid") for name, arguments in layers(28, 28) if name == "MaxPooling2D"]
    assert pools == ["valid", "valid", "same"]  # 28, 14, 7


def test_more_images_teach_more_layers():
    assert [name for name, _ in layers(32, 32, 100)].count("Conv2D") == 3
    assert [name for name, _ in layers(32, 32, 2000)].count("Conv2D") == 5


def test_batch_normalisation_follows_quickly_where_steps_are_few():
    assert ("BatchNormalization", {"momentum": 0.9}) in layers(32, 32)
    assert ("BatchNormalization", {}) in layers(32, 32, 50_000, short_epochs=False)
