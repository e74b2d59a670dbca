"""The first layer's filters, computed from training images."""

import numpy as np
import pytest

from cnncli.data.samples import Samples
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.model.whitening import whiten, whitening_filters
from cnncli.runner.preflight.overfit import build_for_memorising
from cnncli.runner.training.preparation import prepare_phases
from cnncli.spec import parse
from cnncli.spec.reader import read

EPSILON = 1e-6


def spec(kernel="kernel_size: 2, filters: 24", data="standardize: featurewise"):
    text = f"""\
data: {{source: {{folder: {{path: a}}}}, image: {{size: 14}}, {data}}}
model:
  layers:
    - Conv2D: {{{kernel}, kernel_initializer: {{Whitening: {{epsilon: {EPSILON}}}}}, trainable: false, name: first}}
    - ReLU
    - GlobalAveragePooling2D
    - Dense: {{units: classes, activation: softmax}}
"""
    return parse(read(text, "a.yaml")).spec


def images(count=60, channels=3):
    """Smooth pictures, whose neighbouring pixels and channels are alike."""
    random = np.random.default_rng(1)
    noise = random.normal(0, 60, (count, 14, 14, channels)).cumsum(1).cumsum(2) / 4 + random.normal(
        0, 20, (count, 14, 14, 1)
    )
    return np.clip(noise + 128, 0, 255).astype(np.uint8)


def splits(channels=3):
    pictures = images(channels=channels)
    return Splits(("one", "two"), {"train": Samples(pictures, np.arange(60) % 2, tuple(map(str, range(60))))})


def whitened(text, given):
    inputs = given.input_spec(text.data)
    phases = prepare_phases(text, given, inputs)
    dense = [weight.numpy() for weight in phases.model.layers[-1].weights]
    whiten(phases.model, text.model.nodes, given.samples["train"])
    assert all(map(np.array_equal, dense, phases.model.layers[-1].get_weights()))
    return phases.model


def results(model, given):
    """What the first layer makes of all training images: `(places, filters)`."""
    from cnncli.startup import keras

    first = keras.Model(model.input, model.get_layer("first").output)
    answers = np.asarray(first(given.samples["train"].images, training=False))
    return answers.reshape(-1, answers.shape[-1])


@pytest.mark.parametrize(
    ("kernel", "filters"),
    [("kernel_size: 2, filters: 24", 12), ("kernel_size: [1, 3], filters: 9, padding: same", 9),
     ("kernel_size: 2, filters: 12, dilation_rate: 2", 12)],
)  # fmt: skip
@pytest.mark.slow
@pytest.mark.representatives("24")
def test_results_on_the_training_images_are_uncorrelated_and_of_variance_one(kernel, filters):
    given = splits()
    answers = results(whitened(spec(kernel), given), given)
    assert np.abs(np.cov(answers[:, :filters].T) - np.eye(filters)).max() < 0.25  # patches without overlap were counted
    assert np.array_equal(answers[:, filters:], -answers[:, : answers.shape[1] - filters])


def test_filters_are_in_the_order_of_the_variances_and_limited_by_epsilon():
    filters = whitening_filters(np.diag([0.0, 4.0, 1.0]), 0.25)
    assert np.allclose(filters[:, :3].T, [[0, 1 / np.sqrt(4.25), 0], [0, 0, 1 / np.sqrt(1.25)], [2, 0, 0]])
    assert np.array_equal(filters[:, 3:], -filters[:, :3])


@pytest.mark.slow
def test_a_batch_is_memorised_behind_the_same_filters(tmp_path):
    given, text = splits(channels=1), spec("kernel_size: 3, filters: 18", "scale: [-1, 1]")
    model, _ = build_for_memorising(text, given, tmp_path, print)
    kernel = whitened(text, given).get_layer("first").kernel.numpy()
    assert np.array_equal(model.get_layer("first").kernel.numpy(), kernel)
    assert np.array_equal(kernel[..., 9:], -kernel[..., :9])
