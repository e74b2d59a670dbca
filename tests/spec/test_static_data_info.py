"""What a spec says about its images without a look at them, and None where only they can tell."""

import pytest
from cases import each

from cnncli.catalog.datasets import DATASETS
from cnncli.spec import parse
from cnncli.spec.reader import read
from cnncli.spec.static_data_info import StaticDataInfo, static_data_info

# Each fits whatever shape and number of classes it is given
MODEL = "model: {layers: [GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}]}\n"
FOLDER = "source: {folder: {path: a}}"
ARRAYS = "source: {arrays: {path: a.npz}}"


def info_of(data: str) -> StaticDataInfo:
    return static_data_info(parse(read(f"data: {{{data}}}\n{MODEL}", "a.yaml")).spec.data)


@pytest.mark.parametrize("name", DATASETS)
def test_of_a_builtin_everything_is_known(name):
    dataset = DATASETS[name]
    shape = (dataset.height, dataset.width, dataset.channels)
    tenth = dataset.train // 10
    assert info_of(f"source: {name}") == StaticDataInfo(shape, dataset.class_names, dataset.train - tenth, tenth)


@each(
    "data, shape",
    [
        ("source: mnist, image: {size: 20}", (20, 20, 1)),
        ("source: mnist, image: {size: [20, 24], color: rgb}", (20, 24, 3)),
        ("source: cifar10, image: {color: grayscale}", (32, 32, 1)),
        (FOLDER, None),
        (f"{FOLDER}, image: {{color: grayscale}}", None),
        (f"{FOLDER}, image: {{size: [48, 64]}}", (48, 64, 3)),
        (f"{FOLDER}, image: {{size: 48, color: grayscale}}", (48, 48, 1)),
        ("source: {csv: {path: a.csv}}, image: {size: 48}", (48, 48, 3)),
        ("source: {tfds: {name: beans}}, image: {size: 48}", (48, 48, 3)),
        (f"{ARRAYS}, image: {{size: 48}}", None),  # grey or coloured as the arrays are
        (f"{ARRAYS}, image: {{size: 48, color: rgb}}", (48, 48, 3)),
        ("source: {idx: {path: a}}, image: {color: grayscale}", None),
    ],
)
def test_the_shape_is_known_where_size_and_colour_are(data, shape):
    assert info_of(data).shape == shape


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (FOLDER, None),
        (f"{FOLDER}, classes: [owl, cat]", ("owl", "cat")),
        (f"{FOLDER}, classes: {{n01: cat, n02: owl, n03: cat}}", ("cat", "owl")),
        ("source: mnist, classes: ['7', '1']", ("7", "1")),
        ("source: mnist, classes: {1: odd, 2: even, 3: odd}", ("odd", "even")),
    ],
)
def test_the_classes_are_those_chosen_by_the_names_they_are_given(data, names):
    assert info_of(data).class_names == names


@pytest.mark.parametrize("data", [FOLDER, ARRAYS, "source: mnist, classes: ['1', '2']"])
def test_how_many_images_there_are_is_not_guessed(data):
    assert info_of(data).train is None
