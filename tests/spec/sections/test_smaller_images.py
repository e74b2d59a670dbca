"""`data.image.schedule`: its values, what contradicts them, and the epochs of each part."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.sections.smaller_images import SmallerImages, parts_of, sizes_text

SPEC = """\
name: growing
data: {source: cifar10, image: {size: 48}}
model:
  layers:
    - Conv2D: {filters: 8, kernel_size: 5, use_bias: false}
    - BatchNormalization
    - PReLU: {shared_axes: [1, 2]}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train: {epochs: 10}
"""


@pytest.fixture
def problems(tmp_path: Path):
    file = tmp_path / "growing.yaml"
    file.write_text(SPEC)

    def problems(*overrides: str) -> list[str]:
        try:
            load(file, overrides)
        except SpecError as error:
            return [f"{problem.key} {problem.message}" for problem in error.problems]
        return []

    return problems


STAGED = ("train.max_time=1m", "train.epochs=2", "train.stages=[{epochs: 1}, {epochs: 1, freeze: ['conv*']}]")


def schedule(*parts: str) -> str:
    return f"data.image.schedule=[{', '.join(parts)}]"


@pytest.mark.parametrize(
    "parts",
    [
        [],
        ["{epochs: 0.5, size: 24}"],
        ["{epochs: 3, size: 24}", "{epochs: 0.6, size: [36, 36]}"],
        ["{epochs: 9, size: 47}"],
    ],
)
def test_fractions_and_numbers_of_epochs_are_accepted(problems, parts):
    assert problems(schedule(*parts)) == []


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ([schedule("{epochs: 0.5, size: 48}")], "expected a size below that of the images, 48×48; got 48×48"),
        ([schedule("{epochs: 0.5, size: [24, 64]}")], "got 24×64"),
        ([schedule("{epochs: 1, size: 36}", "{epochs: 1, size: 24}")], "sizes grow from part to part"),
        ([schedule("{epochs: 1, size: 36}", "{epochs: 1, size: 36}")], "sizes grow from part to part"),
        ([schedule("{epochs: 10, size: 24}")], "leave none at full size"),
        ([schedule("{epochs: 0.5, size: 24}", "{epochs: 5, size: 36}")], "leave none at full size"),
        ([schedule("{epochs: 1, size: [24, 30]}")], "write [24, 24]"),
        ([schedule("{epochs: 1, size: 24}"), "data.image.size=[48, 96]"], "write [24, 48]"),
        ([schedule("{epochs: 0, size: 24}")], "expected a number above 0 and below 1, or a whole number"),
        ([schedule("{epochs: 1.5, size: 24}")], "expected a number above 0 and below 1, or a whole number"),
        ([schedule("{size: 24}")], "needs 'epochs'"),
        ([schedule("{epochs: 2}")], "needs 'size'"),
        (["data.image.schedule={epochs: 2, size: 24}"], "expected a list of parts"),
        ([schedule("{epochs: 1, size: 24}"), "model.layers.3=Flatten"], "'dense_1' (Dense) has weights for inputs of"),
        ([schedule("{epochs: 1, size: 24}"), "model.layers.2=PReLU"], "'pre_lu_1' (PReLU) has weights for inputs of"),
        ([schedule("{epochs: 1, size: 4}")], "'conv2d_1' (Conv2D) cannot take images of 4×4"),
        ([schedule("{epochs: 1, size: 24}"), "train.max_time=1m"], "write a fraction of them, such as 0.3"),
        ([schedule("{epochs: 0.6, size: 24}", "{epochs: 0.5, size: 36}"), "train.max_time=1m"], "leave none at full"),
        ([schedule("{epochs: 0.5, size: 24}"), *STAGED], "leave out one of the three"),
        ([schedule("{epochs: 1, size: 24}"), "train.features=5"], "the images change their size"),
    ],
)
def test_what_contradicts_them_is_refused(problems, overrides, words):
    assert any(words in problem for problem in problems(*overrides)), problems(*overrides)


def test_a_trial_of_one_epoch_needs_no_other_fractions(problems):
    assert problems(schedule("{epochs: 0.5, size: 24}", "{epochs: 0.4, size: 36}"), "train.epochs=1") == []


@pytest.mark.parametrize(
    ("lengths", "epochs", "ends"),
    [
        ([], 4, [4]),
        ([0.5], 1, [0, 1]),
        ([0.3, 0.3], 10, [3, 6, 10]),
        ([3, 0.5], 10, [3, 8, 10]),
        ([0.7, 0.2], 5, [3, 4, 5]),
        ([2, 2], 3, [2, 3, 3]),
    ],
)
def test_each_part_ends_with_a_whole_epoch(lengths, epochs, ends):
    parts = parts_of([SmallerImages(epochs=length, size=20 + n) for n, length in enumerate(lengths)], epochs)
    assert [part.end for part in parts] == ends
    assert [part.size for part in parts] == [*((20 + n, 20 + n) for n in range(len(lengths))), None]


@pytest.mark.parametrize(
    ("lengths", "epochs", "text"),
    [
        ([0.4, 0.3], 10, "images are 8×8 up to epoch 4, 16×16 up to epoch 7, then 28×28"),
        ([0.4, 0.3], 2, "images are 16×16 up to epoch 1, then 28×28"),
        ([0.4, 0.3], 1, "images are 28×28 from the start: no part of data.image.schedule is a whole epoch"),
        ([0.4, 0.3], None, "images are 8×8, 16×16, then 28×28"),
    ],
)
def test_only_parts_that_have_an_epoch_are_said(lengths, epochs, text):
    schedule = [SmallerImages(epochs=length, size=size) for length, size in zip(lengths, (8, 16), strict=True)]
    assert sizes_text(schedule, epochs, (28, 28, 1)) == text
