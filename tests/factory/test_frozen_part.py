"""Where a network divides: after the last frozen layer that all paths pass through, wherever that is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow

SHAPE = (12, 12, 3)


@pytest.fixture(scope="module")
def keras() -> Any:
    from cnncli.startup import keras

    return keras


def network(keras: Any, *layers: Any, frozen: int) -> Any:
    """A chain of layers, the first of them frozen."""
    keras.utils.set_random_seed(0)
    tensor = image = keras.Input(SHAPE)
    for number, layer in enumerate(layers):
        layer.trainable = number >= frozen
        tensor = layer(tensor)
    return keras.Model(image, tensor)


def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (4, *SHAPE), dtype=np.uint8)


def divided(model: Any) -> tuple[str, Any]:
    """The name of the last frozen layer, and the part; the two parts together answer as the whole does."""
    from cnncli.factory.frozen_part import frozen_part

    part = frozen_part(model)
    assert part is not None
    np.testing.assert_array_equal(part.head(part.outputs(images()), training=False), model(images(), training=False))
    assert [id(each) for each in part.head.trainable_variables] == [id(each) for each in model.trainable_variables]
    return part.last, part


def conv(keras: Any, name: str, **more: Any) -> Any:
    return keras.layers.Conv2D(4, 3, name=name, **more)


def test_layers_without_weights_after_the_frozen_ones_belong_to_them(keras):
    pool = keras.layers.GlobalAveragePooling2D(name="pool")
    last, part = divided(network(keras, conv(keras, "a"), pool, keras.layers.Dense(3), frozen=1))
    assert (last, part.shape, part.macs) == ("pool", (4,), 3 * 3 * 3 * 4 * 10 * 10)


@pytest.mark.parametrize("kind", ["Dropout", "GaussianNoise", "SpatialDropout2D"])
def test_what_is_drawn_in_every_step_stays_in_the_training_even_if_frozen(keras, kind):
    layers = conv(keras, "a"), getattr(keras.layers, kind)(0.5), conv(keras, "b"), keras.layers.Flatten()
    assert divided(network(keras, *layers, keras.layers.Dense(3), frozen=4))[0] == "a"


def test_a_dropout_that_drops_nothing_is_passed(keras):
    layers = conv(keras, "a"), keras.layers.Dropout(0.0), conv(keras, "b"), keras.layers.Flatten(name="flat")
    assert divided(network(keras, *layers, keras.layers.Dense(3), frozen=4))[0] == "flat"


def test_a_batch_normalization_is_passed_only_when_it_is_frozen(keras):
    def layers() -> tuple[Any, ...]:
        return conv(keras, "a"), keras.layers.BatchNormalization(name="bn"), keras.layers.Flatten(name="flat")

    assert divided(network(keras, *layers(), keras.layers.Dense(3), frozen=2))[0] == "flat"
    assert divided(network(keras, *layers(), keras.layers.Dense(3), frozen=1))[0] == "a"


def test_penalties_on_activations_are_computed_in_every_step(keras):
    layers = conv(keras, "a"), conv(keras, "b", activity_regularizer="l2"), keras.layers.Flatten()
    assert divided(network(keras, *layers, keras.layers.Dense(3), frozen=3))[0] == "a"


def test_a_frozen_spectral_normalization_changes_with_every_step(keras):
    wrapped = keras.layers.SpectralNormalization(conv(keras, "inner"))
    layers = conv(keras, "a"), wrapped, keras.layers.Flatten()
    assert divided(network(keras, *layers, keras.layers.Dense(3), frozen=3))[0] == "a"


def test_a_network_divides_where_its_branches_have_met(keras):
    image = keras.Input(SHAPE)
    left, right = (conv(keras, name, trainable=False)(image) for name in ("left", "right"))
    both = keras.layers.Add(name="both")([left, right])
    learns = conv(keras, "learns")(both)
    skipped = keras.layers.Concatenate()([learns, keras.layers.Cropping2D(1)(both)])
    output = keras.layers.Dense(3)(keras.layers.Flatten()(skipped))
    assert divided(keras.Model(image, output))[0] == "both"


@pytest.mark.parametrize("name", ["left", "right"])
def test_a_branch_from_the_image_that_learns_leaves_no_frozen_part(keras, name):
    from cnncli.factory.frozen_part import first_that_changes, frozen_part

    image = keras.Input(SHAPE)
    left, right = (conv(keras, each, trainable=each == name)(image) for each in ("left", "right"))
    output = keras.layers.Dense(3)(keras.layers.Flatten()(keras.layers.Add()([left, right])))
    model = keras.Model(image, output)
    assert frozen_part(model) is None
    assert first_that_changes(model).name == name


def test_layers_without_weights_alone_are_no_frozen_part(keras):
    from cnncli.factory.frozen_part import frozen_part

    model = network(keras, keras.layers.MaxPooling2D(), keras.layers.Flatten(), keras.layers.Dense(3), frozen=2)
    assert frozen_part(model) is None


def test_a_backbone_of_which_some_layers_learn_divides_inside(keras):
    inner = keras.Input((10, 10, 4))
    first = conv(keras, "first", trainable=False)(inner)
    backbone = keras.Model(inner, conv(keras, "second")(first), name="backbone")
    pool = keras.layers.GlobalMaxPooling2D()
    model = network(keras, conv(keras, "a"), backbone, pool, keras.layers.Dense(3), frozen=1)
    backbone.get_layer("first").trainable = False
    assert divided(model)[0] == "first"


def test_the_fingerprint_follows_weights_arguments_and_connections(keras):
    from cnncli.factory.frozen_part import frozen_part

    def print_of(change: Any = lambda model: None, **more: Any) -> str:
        flat = keras.layers.Flatten()
        model = network(keras, conv(keras, "a", **more), conv(keras, "b"), flat, keras.layers.Dense(3), frozen=2)
        change(model)
        part = frozen_part(model)
        assert part is not None
        return part.fingerprint()

    def nudge(model: Any) -> None:
        kernel = model.get_layer("b").kernel
        kernel.assign(kernel + 1e-7)

    def nudge_head(model: Any) -> None:
        model.layers[-1].bias.assign([1.0, 0.0, 0.0])

    assert print_of() == print_of() == print_of(nudge_head)
    assert len({print_of(), print_of(nudge), print_of(activation="relu"), print_of(strides=2)}) == 4
