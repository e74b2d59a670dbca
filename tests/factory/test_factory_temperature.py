"""A temperature divides the logits of a network, whatever it ends in."""

import numpy as np
import pytest
from scipy.special import expit, softmax

pytestmark = pytest.mark.slow

ENDS = {
    "a dense layer": [{"Dense": {"units": 3, "activation": "softmax"}}],
    "an activation of its own": [{"Dense": {"units": 3}}, {"Activation": {"activation": "softmax"}}],
    "the layer Softmax": [{"Dense": {"units": 3}}, "Softmax"],
    "a layer in a wrapper": [{"SpectralNormalization": {"layer": {"Dense": {"units": 3, "activation": "softmax"}}}}],
    "a layer behind": [{"Dense": {"units": 3, "activation": "softmax"}}, {"Reshape": {"target_shape": [3]}}],
    "several softmaxes": [
        {"Dense": {"units": 3, "activation": "softmax", "name": "one", "inputs": "flat"}},
        {"Dense": {"units": 3, "activation": "softmax", "name": "other", "inputs": "flat"}},
        {"Average": {"inputs": ["one", "other"]}},
    ],
}


SPARSE = "SparseCategoricalCrossentropy"


def built(layers, classes=3):
    """A model, and images."""
    from cnncli.factory.model import Preprocessing, build_model
    from cnncli.spec.graph import read_network

    problems = []
    network = read_network({}, [{"Flatten": {"name": "flat"}}, *layers], problems)
    assert not problems
    images = np.random.default_rng(0).integers(0, 256, (40, 4, 5, 1)).astype(np.uint8)
    return build_model(network.nodes, (4, 5, 1), classes, Preprocessing(), "float32", 0, "run"), images


def outputs_of(model, images, temperature, loss=SPARSE, **arguments):
    """What a model says, and what it says with a temperature."""
    from cnncli.catalog import Entry
    from cnncli.factory.temperature import with_temperature

    calibrated = with_temperature(model, temperature, Entry("loss", loss, arguments), 3)
    return [np.asarray(each(images, training=False), np.float64) for each in (model, calibrated)]


@pytest.mark.parametrize("end", ENDS)
def test_probabilities_are_those_of_the_divided_logits(end):
    plain, cooled = outputs_of(*built(ENDS[end]), 3.0)
    assert np.allclose(cooled, softmax(np.log(plain) / 3, axis=1), atol=1e-6)
    assert np.array_equal(cooled.argmax(axis=1), plain.argmax(axis=1))


def test_logits_stay_logits():
    plain, cooled = outputs_of(*built([{"Dense": {"units": 3}}]), 3.0, from_logits=True)
    assert np.allclose(cooled, plain / 3, atol=1e-6)


def test_of_one_unit_the_logit_counts_not_the_saturated_probability():
    model, images = built([{"Dense": {"units": 1, "activation": "sigmoid"}}], classes=2)
    last = model.layers[-1]
    last.set_weights([0 * last.get_weights()[0], np.array([30.0])])
    plain, cooled = outputs_of(model, images, 5.0, "BinaryCrossentropy")
    assert (plain == 1).all()
    assert np.allclose(cooled, expit(6), atol=1e-6)
