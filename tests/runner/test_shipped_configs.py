"""Every spec that comes with cnncli builds, learns a step, and is the same after its weights were saved and loaded."""

import numpy as np
import pytest

from cnncli.data.samples import Samples
from cnncli.factory.weights import load_weights, save_weights
from cnncli.runner.inputs.splits import Splits, load_input_spec
from cnncli.runner.model.build import build_model
from cnncli.runner.training.preparation import prepare_phases
from cnncli.spec import load
from cnncli.spec.shipped import shipped

pytestmark = pytest.mark.slow

IMAGES = 4
SMALL = (f"train.batch_size={IMAGES}",)
# Nothing is downloaded: the backbone begins with new weights, and three classes stand for those of a person's folder.
INSTEAD = {"transfer_mobilenet": ("model.layers[0].MobileNetV2.weights=null", "data.classes=[one, two, three]")}


def pictures(shape, classes):
    """Noise, a few images of it, no two the same."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, *shape)).astype(np.uint8)  # (images, height, width, channels)
    labels = np.arange(IMAGES) % classes
    return Samples(images, labels, tuple(map(str, range(IMAGES))))


def outputs_of(model, samples):
    return np.asarray(model(samples.read(np.arange(IMAGES)), training=False))  # (images, classes)


@pytest.mark.representatives("mnist/tutorial")
@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_a_shipped_spec_builds_learns_and_is_the_same_once_reloaded(one, tmp_path):
    assert not load(one.file).warnings
    spec = load(one.file, [*SMALL, *INSTEAD.get(one.name, ())]).spec
    inputs = load_input_spec(spec.data)
    samples = pictures(inputs.shape, len(inputs.class_names))
    splits = Splits(inputs.class_names, {"train": samples})
    phases = prepare_phases(spec, splits, inputs)  # refuses what 'check --build' refuses
    batch = next(iter(phases.batches.training(0)))
    for number in range(phases.first, phases.last + 1):
        model = phases.start(number).model
        before = [weight.numpy() for weight in model.trainable_weights]
        loss = model.train_step(batch)["loss"]  # without a graph of it, which takes half a minute to make
        assert np.isfinite(loss)
        assert not all(map(np.array_equal, before, model.trainable_weights))
    save_weights(model, tmp_path / "saved.weights.h5")
    again = build_model(spec.model.nodes, inputs, spec.train.precision, spec.seed, spec.name)
    learnt = outputs_of(model, samples)
    assert not np.array_equal(outputs_of(again, samples), learnt)
    load_weights(again, tmp_path / "saved.weights.h5")
    assert np.array_equal(outputs_of(again, samples), learnt)
