"""The last feature maps and the logits of every kind of network that a spec can describe."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

CONVOLUTION = {"Conv2D": {"filters": 6, "kernel_size": 3, "padding": "same", "activation": "relu"}}
SOFTMAX = {"Dense": {"units": "classes", "activation": "softmax"}}
HEAD = ["GlobalAveragePooling2D", SOFTMAX]


def network_of(build, *layers, shape=(24, 24, 1), **more):
    from cnncli.insight.feature_maps import Network

    model = build(*layers, shape=shape, **more)
    return model, Network(model)


def images_of(model, count=2):
    return np.random.default_rng(0).integers(0, 256, (count, *model.input_shape[1:])).astype(np.uint8)


def cells_of(network):
    return [each.cells for each in network.last_feature_maps()]


def softmax(logits):
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


ENDS = {
    "a dense layer": HEAD,
    "an activation of its own": ["Flatten", {"Dense": {"units": "classes"}}, {"Activation": {"activation": "softmax"}}],
    "the layer Softmax": ["GlobalMaxPooling2D", {"Dense": {"units": "classes"}}, "Softmax"],
    "scores without a dense layer": [
        {"Conv2D": {"filters": "classes", "kernel_size": 1}},
        "GlobalAveragePooling2D",
        {"Activation": {"activation": "softmax"}},
    ],
    "a layer in a wrapper": ["Flatten", {"SpectralNormalization": {"layer": SOFTMAX}}],
    "something after it": ["Flatten", SOFTMAX, {"Reshape": {"target_shape": [3]}}, "Identity"],
}


@pytest.mark.parametrize("end", ENDS)
def test_logits_are_what_the_softmax_is_taken_of(build, end):
    model, network = network_of(build, CONVOLUTION, *ENDS[end], classes=3)
    images = images_of(model)
    logits = np.asarray(network.logits(images))
    np.testing.assert_allclose(softmax(logits), model(images, training=False), atol=1e-6)
    assert not np.allclose(logits.sum(axis=1), 1)
    maps = network.last_feature_maps()
    np.testing.assert_allclose(network.logits_from(maps, network.features(images, maps)), logits, atol=1e-5)
    np.testing.assert_array_equal(model(images, training=False), model.predict(images, verbose=0))


def test_one_unit_gives_the_logit_of_its_sigmoid(build):
    sigmoid = {"Dense": {"units": 1, "activation": "sigmoid"}}
    model, network = network_of(build, CONVOLUTION, "Flatten", sigmoid, classes=2)
    images = images_of(model)
    np.testing.assert_allclose(1 / (1 + np.exp(-network.logits(images))), model(images, training=False), atol=1e-6)


def test_what_gives_logits_already_stays(build):
    model, network = network_of(build, CONVOLUTION, "GlobalAveragePooling2D", {"Dense": {"units": "classes"}})
    images = images_of(model)
    np.testing.assert_array_equal(network.logits(images), model(images, training=False))


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_is_left_at_once(build, precision):
    model, network = network_of(build, CONVOLUTION, CONVOLUTION, *HEAD, precision=precision)
    images, maps = images_of(model), network.last_feature_maps()
    assert {str(value.dtype.name) for value in network.features(images, maps)} == {"float32"}
    np.testing.assert_allclose(softmax(np.asarray(network.logits(images))), model(images, training=False), atol=1e-6)


def test_it_is_the_last_with_seven_cells_on_each_side(build):
    _, network = network_of(build, *[CONVOLUTION, "MaxPooling2D"] * 3, CONVOLUTION, *HEAD, shape=(64, 64, 1))
    assert cells_of(network) == [(8, 8)]
    _, network = network_of(build, *[CONVOLUTION, "MaxPooling2D"] * 4, CONVOLUTION, *HEAD, shape=(64, 64, 1))
    assert cells_of(network) == [(8, 8)]


def test_where_none_has_seven_it_has_as_many_as_there_are(build):
    _, network = network_of(build, {"MaxPooling2D": {"pool_size": 8}}, CONVOLUTION, *HEAD, shape=(40, 48, 1))
    assert cells_of(network) == [(5, 6)]


def test_each_branch_gives_its_own(build):
    _, network = network_of(
        build,
        {"Conv2D": {"filters": 4, "kernel_size": 3, "name": "coarse", "strides": 2, "padding": "same"}},
        {"GlobalAveragePooling2D": {"name": "first"}},
        {"Conv2D": {"filters": 4, "kernel_size": 5, "name": "fine", "inputs": "input"}},
        {"Flatten": {"name": "second"}},
        {"Concatenate": {"inputs": ["first", "second"]}},
        SOFTMAX,
    )
    assert sorted(cells_of(network)) == [(12, 12), (20, 20)]


def test_gates_over_channels_are_no_feature_map(build):
    """Squeeze and excitation (Hu et al., 2018) looks at every map, and none of them is the last."""
    _, network = network_of(
        build,
        {"Conv2D": {"filters": 8, "kernel_size": 3, "name": "seen"}},
        {"GlobalAveragePooling2D": {"keepdims": True}},
        {"Dense": {"units": 8, "activation": "sigmoid", "name": "gate"}},
        {"Multiply": {"inputs": ["seen", "gate"]}},
        {"MaxPooling2D": {"pool_size": 2}},
        *HEAD,
    )
    assert cells_of(network) == [(11, 11)]


@pytest.mark.parametrize("layers", [["Flatten"], [{"MaxPooling2D": {"pool_size": 2}}, "Flatten"]])
def test_a_network_without_kernels_over_places_has_none(build, layers):
    _, network = network_of(build, *layers, SOFTMAX)
    assert cells_of(network) == []


def test_a_network_that_is_trained_by_the_clock_is_copied_without_its_schedule(build):
    """Keras cannot make such a schedule again, and would, with the whole optimizer, for a copy of a compiled model."""
    from cnncli.catalog import Entry
    from cnncli.factory.training import compile_model
    from cnncli.insight.feature_maps import Network

    model = build(CONVOLUTION, *HEAD, shape=(24, 24, 1))
    schedule = Entry("schedule", "CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": "total_steps"})
    compile_model(
        model,
        Entry("optimizer", "SGD", {"learning_rate": schedule}),
        Entry("loss", "SparseCategoricalCrossentropy"),
        [],
        3,
        None,
    )
    assert cells_of(Network(model)) == [(24, 24)]
