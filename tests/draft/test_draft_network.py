"""Networks as deep as the size allows, and trainings as long as the number of images asks for."""

import numpy as np
import pytest

from cnncli.draft.image_format import Frame
from cnncli.draft.model import network_lines
from cnncli.draft.schedule import choose_pace, training_lines
from cnncli.draft.split import choose_shares
from cnncli.errors import DataError
from cnncli.spec.reader import read


def layers(height, width, images=100, quick_averages=True):
    lines = network_lines(Frame(height, width, "rgb", "stretch", ()), images, quick_averages)
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
    assert ("BatchNormalization", {}) in layers(32, 32, 50_000, quick_averages=False)


def test_few_images_take_many_epochs_in_small_batches():
    assert choose_pace(104) == choose_pace(104).__class__(16, 60, 7)
    assert (choose_pace(1400).batch_size, choose_pace(1400).epochs) == (32, 40)
    assert (choose_pace(50_000).batch_size, choose_pace(50_000).epochs) == (128, 20)
    assert [choose_pace(images).batch_size for images in (2, 4, 10, 40)] == [2, 2, 2, 8]


def test_classes_are_weighed_when_they_differ():
    def train(counts, validation=24):
        return read("\n".join(training_lines(choose_pace(100), np.array(counts), validation)), "").value["train"]

    assert "class_weight" not in train([50, 40])
    assert train([60, 40])["class_weight"] == "balanced"
    assert train([50, 40])["monitor"] == "val_loss"
    assert "monitor" not in train([50, 40], 5000)


def test_a_rare_class_is_on_every_side():
    shares = choose_shares({"train": np.repeat([0, 1], [400, 4])}, ("many", "few"), "photos")
    assert shares.train + shares.validation + shares.test == 404
    assert set(shares.keys) == {"validation", "test"}


def test_a_class_too_rare_to_be_on_every_side_is_refused():
    labels = {"train": np.repeat([0, 1], [40, 2])}
    with pytest.raises(DataError, match="photos: the class rare has 2 images, and at least 3 are needed"):
        choose_shares(labels, ("many", "rare"), "photos")
    assert choose_shares({**labels, "test": labels["train"]}, ("many", "rare"), "photos").test == 42
