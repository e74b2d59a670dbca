"""What counts as the same answer: rounding does, however sharp the network; a wrong network never."""

from types import SimpleNamespace

import numpy as np
import pytest

from cnncli import NotExported
from cnncli.data.samples import Samples
from cnncli.export.check import Reference
from cnncli.export.description import BOUND

pytestmark = pytest.mark.slow

IMAGES = 60


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (IMAGES, 48, 48, 3)).astype(np.uint8)


def reference_of(images, kernel):
    """The network `softmax(pixels · kernel)` and what it says of the images."""
    from cnncli.startup import keras

    image = keras.Input((48, 48, 3), name="image")
    dense = keras.layers.Dense(kernel.shape[1], activation="softmax", use_bias=False)
    network = keras.Model(image, {"probabilities": dense(keras.layers.Flatten()(image))})
    dense.set_weights([kernel])
    samples = Samples(images, np.zeros(IMAGES, np.int64), tuple(map(str, range(IMAGES))))
    return Reference.of(network, samples, None)


def one_after_the_other(kernel):
    """A runtime that adds the products of each sum in their order, in float32, as LiteRT does."""

    def classify(pixels):
        flat = pixels.reshape(len(pixels), -1)
        units = [np.cumsum(flat * column, axis=1, dtype=np.float32)[:, -1] for column in kernel.T]
        logits = np.stack(units, axis=1)
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    return SimpleNamespace(classify=classify)


def sharp(classes):
    """Weights of sure answers that depend on the image, to which each of 6,912 inputs contributes little."""
    kernel = np.random.default_rng(1).normal(size=(48 * 48 * 3, classes)) * 2e-3
    return (kernel - kernel.mean(axis=0)).astype(np.float32)


@pytest.mark.parametrize("classes", [10, 100])
def test_rounding_is_no_other_answer(images, classes):
    reference = reference_of(images, sharp(classes))
    found = reference.compared_with(one_after_the_other(sharp(classes)))
    assert found["largest_difference"] > BOUND  # or the network is not sharp enough to show anything
    reference.require_equal("litert", found)
    assert (found["changed_answers"], found["bound"] < 1e-3) == (0, True)


def test_weights_of_less_precision_are_another_network(images):
    reference = reference_of(images, sharp(10))
    halved = sharp(10).astype(np.float16).astype(np.float32)
    found = reference.compared_with(one_after_the_other(halved))
    with pytest.raises(NotExported, match=r"the largest difference of a probability is \d\.\de-0[1-4] and may be"):
        reference.require_equal("litert", found)


def test_two_weights_in_each_others_place_are_another_network(images):
    reference, swapped = reference_of(images, sharp(10)), sharp(10)
    swapped[[100, 101], 0] = swapped[[101, 100], 0]
    with pytest.raises(NotExported):
        reference.require_equal("litert", reference.compared_with(one_after_the_other(swapped)))


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_another_answer(images, wrong):
    reference = reference_of(images, sharp(10))
    found = reference.compared_with(SimpleNamespace(classify=lambda pixels: np.full((len(pixels), 10), wrong)))
    with pytest.raises(NotExported):
        reference.require_equal("litert", found)


def test_a_tie_is_no_changed_answer(images):
    kernel = sharp(10)
    kernel[:, 1] = kernel[:, 0]
    reference = reference_of(images, kernel)
    nudged = np.eye(1, 10, 1) * 1e-7

    def classify(pixels):
        return reference.network.predict_on_batch(pixels)["probabilities"] + nudged

    found = reference.compared_with(SimpleNamespace(classify=classify))
    assert found["changed_answers"] == 0
    assert found["ties"] == (reference.probabilities.argmax(axis=1) == 0).sum() > 0
    reference.require_equal("onnx", found)
