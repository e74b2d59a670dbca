"""Weights that learn faster or slower than the others."""

import numpy as np
import pytest

from cnncli.catalog import Entry
from cnncli.errors import SpecError

pytestmark = pytest.mark.slow

FACTORS = {"first/bias": 3.0, "first/*": 0.5, "inner/*/kernel": 0.0625}


@pytest.fixture
def changes():
    """How much each weight of a network changes in one step, by name."""
    import keras
    import tensorflow as tf

    from cnncli.factory.freezing import all_weights
    from cnncli.factory.training import compile_model
    from cnncli.factory.twins import twin

    def measure(factors, name="SGD", twins=False, frozen=(), **arguments):
        keras.utils.set_random_seed(0)
        inner = keras.Sequential(
            [keras.Input((5,)), keras.layers.Dense(3, activation="tanh", name="hidden")], name="inner"
        )
        inputs = keras.Input((4,))
        outputs = inner(keras.layers.Dense(5, activation="tanh", bias_initializer="ones", name="first")(inputs))
        model = keras.Model(inputs, keras.layers.Dense(2, name="last")(outputs))
        for layer in frozen:
            model.get_layer(layer).trainable = False
        optimizer = Entry("optimizer", name, {"learning_rate": 0.5, **arguments})
        compile_model(model, optimizer, Entry("loss", "MeanSquaredError"), [], 2, 1, rate_factors=factors)
        if twins:
            model.optimizer = twin(model.optimizer, model.trainable_variables)
        before = {name: weight.numpy() for name, weight in all_weights(model).items()}
        random = np.random.default_rng(0)
        model.train_step((tf.constant(random.normal(size=(8, 4)), tf.float32), tf.zeros((8, 2))))
        return {name: weight.numpy() - before[name] for name, weight in all_weights(model).items()}

    return measure


@pytest.mark.parametrize("arguments", [{}, {"momentum": 0.9, "nesterov": True}, {"twins": True}, {"name": "Adam"}])
def test_a_weight_moves_by_its_factor(changes, arguments):
    plain, multiplied = changes(None, **arguments), changes(FACTORS, **arguments)
    expected = {"first/bias": 3, "first/kernel": 0.5, "inner/hidden/kernel": 0.0625}
    assert plain.keys() == multiplied.keys() > expected.keys()
    for name, change in plain.items():
        assert np.allclose(multiplied[name], change * expected.get(name, 1), rtol=1e-4, atol=1e-6), name


def test_weight_decay_and_frozen_layers_stay_as_they_are(changes):
    plain = changes(None, weight_decay=0.1, frozen=["last"])
    still = changes({"first/*": 1e-30, "last/*": 5}, weight_decay=0.1, frozen=["last"])
    assert np.allclose(still["first/bias"], -0.05)
    assert not still["last/kernel"].any()
    assert np.array_equal(still["inner/hidden/kernel"], plain["inner/hidden/kernel"])


def test_a_pattern_of_no_weight_is_an_error(changes):
    with pytest.raises(SpecError, match=r"no weight is called 'first/bais'; did you mean 'first/bias'\?"):
        changes({"first/bais": 2})
    with pytest.raises(SpecError, match=r"no weight is called 'a/b'; the first are first/kernel, first/bias, inner/"):
        changes({"a/b": 2})
