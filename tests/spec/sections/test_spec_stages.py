"""The stages of a training, as they are read: patterns, epochs, learning rates, and what is wrong with them."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec import Spec, parse
from cnncli.spec.reader import read
from cnncli.spec.sections.stages import FROZEN, PARTLY, TRAINS, StageSpec, learning_in, matches

BACKBONE = "MobileNetV2: {weights: null, name: eyes}"


def text_of(*stages, first=BACKBONE, train="batch_size: 8"):
    lines = [
        "data: {source: mnist, image: {size: 96}}",
        "model:",
        "  layers:",
        *(f"    - {layer}" for layer in (first, "Flatten", "Dense: {units: classes, activation: softmax}")),
        "train:",
        f"  {train}",
        "  stages:",
        *(f"    - {stage}" for stage in stages),
    ]
    return "\n".join(lines)


def spec_of(*stages, **more):
    return parse(read(text_of(*stages, **more), "a.yaml")).spec


TWO = ("{epochs: 2, freeze: [eyes], learning_rate: 0.01}", "{epochs: 3, thaw: ['eyes/block_1[4-6]*', flatten_1]}")


def test_the_epochs_are_those_of_the_stages_together():
    spec = spec_of(*TWO)
    assert spec.train.epochs == 5
    assert spec_of(*TWO, train="epochs: 5").train.epochs == 5
    assert spec.train.stages[0] == StageSpec(epochs=2, freeze=["eyes"], learning_rate=0.01)
    assert Spec.read(spec.plain(), (), []) == spec


def test_a_stage_has_the_optimizer_of_the_training_with_its_own_learning_rate():
    decay = "{CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}"
    stages = ("{epochs: 1}", f"{{epochs: 2, learning_rate: {decay}}}")
    first, second = spec_of(*stages, train="optimizer: {SGD: {momentum: 0.9}}").train.phases
    assert (first.epochs, first.optimizer.plain()) == (1, {"SGD": {"momentum": 0.9}})
    assert first.rate == ("train", "optimizer", "SGD", "learning_rate")
    assert second.optimizer.arguments["momentum"] == 0.9
    assert second.optimizer.arguments["learning_rate"].name == "CosineDecay"
    assert second.rate == ("train", "stages", 1, "learning_rate")


def test_a_training_without_stages_has_one_part():
    train = parse(read(text_of().replace("  stages:", "  epochs: 4"), "a.yaml")).spec.train
    (phase,) = train.phases
    assert (phase.epochs, phase.optimizer) == (4, train.optimizer)


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("dense_1", "dense_1", True),
        ("dense_1", "dense_10", False),
        ("dense_*", "dense_10", True),
        ("eyes", "eyes/conv_1", True),
        ("eyes/*", "eyes/conv_1", True),
        ("eyes/conv_[2-9]", "eyes/conv_1", False),
        ("conv_1", "eyes/conv_1", False),
        ("*", "eyes/conv_1", True),
        ("*/conv_1", "eyes/conv_1", True),
        ("*/conv_1", "conv_1", False),
        ("Dense_1", "dense_1", False),
    ],
)
def test_a_pattern_means_layers_as_in_a_shell(pattern, name, meant):
    assert matches(pattern, name) is meant


def test_a_stage_goes_on_from_what_the_one_before_it_froze():
    frozen = BACKBONE.replace("null", "null, trainable: false")
    spec = spec_of("{epochs: 1}", "{epochs: 1, thaw: [eyes], freeze: ['eyes/*_BN']}", "{epochs: 1}", first=frozen)
    states = [state["eyes"] for state in learning_in(spec.train.stages, spec.model.nodes)]
    assert states == [FROZEN, FROZEN, PARTLY, PARTLY]
    spec = spec_of("{epochs: 1, freeze: [eyes]}", "{epochs: 1, thaw: ['*'], freeze: [dense_1]}")
    last = list(learning_in(spec.train.stages, spec.model.nodes))[-1]
    assert last == {"eyes": TRAINS, "flatten_1": TRAINS, "dense_1": FROZEN}


WRONG = {
    "{epochs: 0}": ("stages[0].epochs", "expected a whole number of 1 or more, got 0"),
    "{freeze: [eyes]}": ("stages[0]", "'train.stages[0]' needs 'epochs': passes over the training images at most"),
    "5": ("stages[0]", "expected the keys epochs, freeze, thaw, learning_rate; got 5"),
    "{epochs: 1, frezze: [eyes]}": ("stages[0].frezze", "unknown key; did you mean 'freeze'?"),
    "{epochs: 1, lr: 1}": ("stages[0].lr", "unknown key; known are epochs, freeze, thaw, learning_rate"),
    "{epochs: 1, freeze: eyes}": ("stages[0].freeze", "expected a list of names of layers, got 'eyes'"),
    "{epochs: 1, learning_rate: 0}": (
        "stages[0].learning_rate",
        "expected a number above 0 or a learning-rate schedule, got 0",
    ),
    "{epochs: 1, freeze: [eyes, eye]}": (
        "stages[0].freeze[1]",
        "no layer is called 'eye'; did you mean 'eyes'?",
    ),
    "{epochs: 1, thaw: ['block_*']}": (
        "stages[0].thaw[0]",
        "no layer is called 'block_*'; the layers are eyes, flatten_1, dense_1; what is inside a backbone is called "
        "'eyes/…'",
    ),
    "{epochs: 1, thaw: [dense_1/kernel]}": (
        "stages[0].thaw[0]",
        "'dense_1' is a single layer; only a backbone has layers inside",
    ),
    "{epochs: 1, freeze: ['*']}": ("stages[0]", "every layer is frozen, so nothing learns in this stage"),
}


@pytest.mark.parametrize("stage", WRONG)
def test_what_is_wrong_is_located(stage):
    with pytest.raises(SpecError) as caught:
        spec_of(stage)
    (problem,) = caught.value.problems
    where, message = WRONG[stage]
    assert (str(caught.value).split(": ")[0], problem.message) == (f"train.{where}", message)
    assert problem.place.line == 10


@pytest.mark.parametrize(
    ("train", "message"),
    [
        ("epochs: 4", "the stages have 5 epochs in total; leave out 'epochs', or write 5"),
        (
            "callbacks: [ReduceLROnPlateau]",
            "the optimizer's schedule sets the learning rate already; leave out this callback or the schedule",
        ),
    ],
)
def test_what_contradicts_the_stages_is_told(train, message):
    decay = "{ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 9, decay_rate: 0.9}}"
    with pytest.raises(SpecError) as caught:
        spec_of("{epochs: 2}", f"{{epochs: 3, learning_rate: {decay}}}", train=train)
    (problem,) = caught.value.problems
    assert (problem.message, problem.place.line) == (message, 8)
