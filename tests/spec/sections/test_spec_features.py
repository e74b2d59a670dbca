"""`train.features`: its values, and what contradicts a number of views."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnncli.errors import SpecError
from cnncli.spec import load

SPEC = """\
name: head
data: {source: cifar10, image: {size: 96}}
augment: [RandomFlip]
model:
  layers:
    - MobileNetV2: {trainable: false, name: backbone}
    - GlobalAveragePooling2D
    - Dense: {units: classes, activation: softmax}
train:
  loss: CategoricalCrossentropy
"""


@pytest.fixture
def problems(tmp_path: Path):
    file = tmp_path / "head.yaml"
    file.write_text(SPEC)

    def problems(*overrides: str) -> list[str]:
        try:
            load(file, overrides)
        except SpecError as error:
            return [problem.message for problem in error.problems]
        return []

    return problems


STAGES = "train.stages=[{epochs: 1, freeze: [backbone]}, {epochs: 1, thaw: ['backbone/block_16*']}]"


@pytest.mark.parametrize("value", ["auto", "0", "1", "20"])
def test_auto_never_and_a_number_of_views_are_accepted(problems, value):
    assert problems(f"train.features={value}") == []
    assert problems(f"train.features={value}", "model.layers.0.MobileNetV2.trainable=true", STAGES) == []


@pytest.mark.parametrize("value", ["-1", "2.5", "all", "true", "[1]"])
def test_anything_else_is_refused(problems, value):
    assert len(problems(f"train.features={value}")) == 1


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        (["augment=[]"], "nothing is augmented"),
        (["augment=[RandomFlip, {MixUp: {alpha: 0.2}}]"], "MixUp mixes other images"),
        (["augment=[CutMix]"], "CutMix mixes other images"),
        (["train.devices=[CPU:0, CPU:1]"], "one device"),
        (["train.devices=all"], "one device"),
        (["model.layers.0.MobileNetV2.trainable=true"], "no layer is frozen"),
    ],
)
def test_what_contradicts_a_number_of_views_is_said(problems, overrides, words):
    assert [words in message for message in problems("train.features=3", *overrides)] == [True]
    assert problems("train.features=auto", *overrides) == problems("train.features=0", *overrides) == []
