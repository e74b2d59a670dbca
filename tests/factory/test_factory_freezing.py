"""What learns in each stage, in a model with a backbone: frozen and thawed layer by layer, statistics included."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.errors import SpecError
from cnncli.factory.freezing import freeze, frozen_in_stages, layers_that_learn
from cnncli.spec.sections.stages import StageSpec

pytestmark = pytest.mark.slow

LAYERS = (
    {"MobileNetV2": {"weights": None, "alpha": 0.35, "name": "eyes", "trainable": False}},
    "GlobalAveragePooling2D",
    {"BatchNormalization": {"trainable": False}},
    {"Dense": {"units": "classes", "activation": "softmax"}},
)


@pytest.fixture(scope="module")
def model(build):
    """For tests that change nothing in it."""
    return build(*LAYERS, shape=(32, 32, 3))


def stage(**keys):
    return StageSpec(epochs=1, **keys)


def test_stages_freeze_and_thaw_inside_a_backbone(model):
    learning = layers_that_learn(model)
    inside = {name for name in learning if name.startswith("eyes/")}
    assert learning.keys() - inside == {"batch_normalization_1", "dense_1"}
    assert len(inside) == 104  # 52 convolutions, each with its normalisation
    stages = (
        stage(),
        stage(thaw=["eyes/block_16_*", "eyes/Conv_1*"], freeze=["*/*_BN", "*/*_bn"]),
        stage(thaw=["*"], freeze=["dense_1"]),
    )
    before, *frozen = (names & learning.keys() for names in frozen_in_stages(model, stages))
    assert before == frozen[0] == inside | {"batch_normalization_1"}
    thawed = {"eyes/block_16_expand", "eyes/block_16_depthwise", "eyes/block_16_project", "eyes/Conv_1"}
    assert before - frozen[1] == thawed
    assert frozen[2] == {"dense_1"}


@pytest.mark.exhaustive
def test_what_is_frozen_keeps_its_weights_and_statistics_and_what_is_thawed_learns(build):
    model = build(*LAYERS, shape=(32, 32, 3))
    (_, frozen) = frozen_in_stages(model, [stage(thaw=["eyes/block_1[4-6]_*"], freeze=["eyes/block_16_project_BN"])])
    freeze(model, frozen)
    assert {name for name, layer in layers_that_learn(model).items() if not layer.trainable} <= frozen
    model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
    layers = {f"eyes/{layer.name}": layer for layer in model.get_layer("eyes").layers}
    layers |= {layer.name: layer for layer in model.layers if layer.name != "eyes"}
    before = {name: layer.get_weights() for name, layer in layers.items()}
    pixels = np.random.default_rng(0).integers(0, 255, (16, 32, 32, 3)).astype(np.float32)
    model.train_on_batch(pixels, np.arange(16) % 10)
    changed = {
        name
        for name, layer in layers.items()
        if any(not np.array_equal(old, new) for old, new in zip(before[name], layer.get_weights(), strict=True))
    }
    assert changed == {name for name in layers_that_learn(model) if name not in frozen}
    assert "eyes/block_15_expand_BN" in changed  # its statistics as well
    assert not {"eyes/block_16_project_BN", "eyes/Conv_1_bn", "batch_normalization_1"} & changed
    freeze(model, frozenset(layers) - {"dense_1"})
    assert [weight.path.split("/")[0] for weight in model.trainable_weights] == ["dense_1", "dense_1"]


def test_a_pattern_that_means_nothing_inside_is_told_with_what_there_is(model):
    stages = [stage(thaw=["eyes/block_61_expand"]), stage(freeze=["eyes/zzz*"], thaw=["*"])]
    with pytest.raises(SpecError) as caught:
        frozen_in_stages(model, stages)
    first, second = caught.value.problems
    assert first.path == ("train", "stages", 0, "thaw", 0)
    assert first.message.startswith("no layer inside 'eyes' is called 'block_61_expand'; did you mean 'block_")
    assert second.path == ("train", "stages", 1, "freeze", 0)
    assert "no layer inside 'eyes' is called 'zzz*'; 'cnncli summary --expand' lists them all" in second.message


def test_a_stage_in_which_nothing_with_weights_learns_is_refused(model):
    with pytest.raises(SpecError) as caught:
        frozen_in_stages(model, [stage(), stage(freeze=["dense_1"])])
    (problem,) = caught.value.problems
    assert problem.path == ("train", "stages", 1)
    assert "nothing trains in this stage" in problem.message
