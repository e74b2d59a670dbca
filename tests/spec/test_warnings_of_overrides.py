"""Warnings on a spec of which some values are set by hand: those that the file alone does not give."""

import pytest

from cnncli.spec import load
from cnncli.spec.lint import lint_images
from cnncli.spec.static_data_info import StaticDataInfo

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, Dense: {units: classes, activation: softmax}]}
train:
  epochs: 40
  callbacks:
    - EarlyStopping: {monitor: val_loss, patience: 13}
    - ReduceLROnPlateau: {monitor: val_loss, patience: 5}
"""


def codes(*overrides, text=SPEC):
    return [one.code for one in load(text, overrides).warnings]


@pytest.mark.parametrize("override", ["train.epochs=2", "train.epochs=1", "train={epochs: 2}"])
def test_a_value_of_the_file_is_not_scolded_for_one_that_was_set_by_hand(override):
    assert codes() == []
    assert codes(override) == []


def test_a_schedule_of_the_file_that_a_trial_never_reaches():
    schedule = "{PiecewiseConstantDecay: {boundaries: [5000], values: [0.1, 0.01]}}"
    text = SPEC.replace("train:\n", f"train:\n  optimizer: {{SGD: {{learning_rate: {schedule}}}}}\n")
    text = text.replace("    - ReduceLROnPlateau: {monitor: val_loss, patience: 5}\n", "")
    assert codes(text=text) == []
    assert codes("train.epochs=2", text=text) == []


def test_what_is_wrong_in_the_file_is_told_as_before():
    text = SPEC.replace("epochs: 40", "epochs: 4")
    assert codes(text=text) == ["patience-too-long", "patience-too-long"]
    assert codes("train.epochs=2", text=text) == ["patience-too-long", "patience-too-long"]


def test_a_value_that_is_odd_by_itself_is_told():
    assert codes("train.optimizer={Adam: {learning_rate: 10}}") == ["learning-rate"]
    assert codes("data.split.validation=test") == ["validation-is-test"]


OWN_IMAGES = SPEC.replace("source: mnist", "source: {folder: {path: photos}}, image: {size: 8}").replace(
    "    - ReduceLROnPlateau: {monitor: val_loss, patience: 5}\n",
    "  optimizer: {SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 4000}}}}\n",
)


def found_with_images(*overrides):
    spec = load(OWN_IMAGES, overrides).spec
    return [one.code for one in lint_images(spec, StaticDataInfo((8, 8, 3), ("cat", "dog"), 3200, 320))]


@pytest.mark.parametrize("override", ["train.epochs=2", "train.epochs=3", "data.source.folder.path=others"])
def test_what_the_number_of_images_shows_is_not_scolded_either(override):
    assert found_with_images() == []
    assert found_with_images(override) == []


def test_a_value_that_is_odd_for_these_images_is_told():
    assert found_with_images("train.optimizer.SGD.learning_rate.CosineDecay.decay_steps=100") == ["decay-steps"]
