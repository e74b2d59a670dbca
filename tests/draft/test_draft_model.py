"""Networks whose depth follows from the size of the images."""

import pytest

from cnncli.draft.image_format import ImageFormat
from cnncli.draft.model import choose_network, model_section
from cnncli.spec import parse
from cnncli.spec.reader import read


def network(height, width, color="rgb"):
    return choose_network(ImageFormat(height, width, color, "stretch", ()))


def section(height, width, images=100, short_epochs=True):
    return "\n".join(model_section(network(height, width), images, short_epochs))


@pytest.mark.parametrize(
    ("size", "filters"),
    [
        (1, (16, 32)),
        (4, (16, 32)),
        (8, (16, 32)),
        (28, (16, 32, 64, 128)),
        (32, (16, 32, 64, 128)),
        (64, (16, 32, 64, 128)),
        (96, (16, 32, 64, 128)),
        (128, (16, 32, 64, 128, 256)),
    ],
)
def test_each_stage_halves_the_size_and_doubles_the_filters(size, filters):
    chosen = network(size, size)
    assert chosen.channels == (3, *filters)
    assert chosen.stages == len(filters) - 1
    assert min(chosen.sizes[-1]) <= 7


def test_large_images_begin_with_strides():
    assert network(96, 96).sizes == ((96, 96), (48, 48), (24, 24), (12, 12), (6, 6))
    assert network(32, 32).sizes == ((32, 32), (32, 32), (16, 16), (8, 8), (4, 4))
    assert "strides: 2" in section(96, 96)
    assert "strides" not in section(32, 32)


def test_the_cost_is_that_of_the_layers():
    by_hand = 9 * 3 * 16 * 32**2  # the first convolution
    by_hand += 9 * (16 * 32 * 32**2 + 32 * 32 * 16**2)
    by_hand += 9 * (32 * 64 * 16**2 + 64 * 64 * 8**2)
    by_hand += 9 * (64 * 128 * 8**2 + 128 * 128 * 4**2)
    assert network(32, 32).cost == by_hand


@pytest.mark.parametrize("side", [8, 28, 32, 40, 48, 64])
def test_a_smaller_image_costs_less(side):
    assert network(side, side, "grayscale").cost < network(side, side).cost < network(96, 96).cost


def test_an_odd_size_loses_no_row():
    assert "padding: same}" in section(28, 28).split("MaxPooling2D")[1].split("\n")[0]  # 28, 14, 7
    assert "padding" not in section(32, 32).split("MaxPooling2D")[1].split("\n")[0]


def test_more_images_need_less_dropout():
    assert "Dropout: {rate: 0.3}" in section(32, 32)
    assert "Dropout: {rate: 0.2}" in section(32, 32, images=50_000)


@pytest.mark.parametrize("short_epochs", [True, False])
def test_batch_normalisation_follows_quickly_where_steps_are_few(short_epochs):
    text = section(32, 32, short_epochs=short_epochs)
    assert text.count("momentum: 0.9") == (3 if short_epochs else 0)
    data = "data: {source: cifar10}\n"
    assert parse(read(data + text, "")).warnings == ()
