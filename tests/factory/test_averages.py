"""Averages of weights count updates, however many batches make one."""

from itertools import pairwise

import numpy as np
import pytest

from cnncli.catalog import Entry

pytestmark = pytest.mark.slow

BATCHES, UPDATES, MOMENTUM = 3, 4, 0.5


def trained(precision="float32", name="SGD", **arguments):
    """A model after some updates of several batches each, and its weights after each batch."""
    import keras
    import tensorflow as tf

    from cnncli.factory.metrics import create_variables
    from cnncli.factory.training import compile_model

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype=precision)])
    averaging = {"use_ema": True, "ema_momentum": MOMENTUM, "gradient_accumulation_steps": BATCHES, **arguments}
    optimizer = Entry("optimizer", name, {"learning_rate": 0.1, **averaging})
    compile_model(model, optimizer, Entry("loss", "MeanSquaredError"), [], 2, 1)
    create_variables(model, np.zeros((1, 2), np.float32), (2,))
    step = tf.function(lambda *batch: model.train_step(batch), autograph=False)
    random, weights = np.random.default_rng(0), []
    for _ in range(BATCHES * UPDATES):
        step(tf.constant(random.normal(size=(4, 3)), tf.float32), tf.constant(random.normal(size=(4, 2)), tf.float32))
        weights.append(model.get_weights()[0])
    return model, weights


def averages(model):
    return next(v.numpy() for v in model.optimizer.variables if v.path.endswith("kernel_average"))


@pytest.mark.representatives("SGD")
@pytest.mark.parametrize(("name", "precision"), [("SGD", "float32"), ("Nadam", "float32"), ("AdamW", "mixed_float16")])
def test_an_average_moves_once_per_update(name, precision):
    model, weights = trained(precision, name)
    # Batches whose gradient overflows in float16 do not count, so updates are where the weights change
    updated = [after for before, after in pairwise(weights) if not np.array_equal(before, after)]
    assert len(updated) >= UPDATES - 1
    expected = updated[0]
    for each in updated[1:]:
        expected = MOMENTUM * expected + (1 - MOMENTUM) * each
    np.testing.assert_allclose(averages(model), expected, rtol=1e-6)


@pytest.mark.exhaustive
def test_weights_are_replaced_by_their_average_only_at_an_update():
    model, weights = trained(ema_overwrite_frequency=2)
    for number in range(UPDATES):  # batches within an update leave the weights alone
        before = weights[number * BATCHES - 1] if number else weights[0]
        assert all(np.array_equal(before, each) for each in weights[number * BATCHES :][: BATCHES - 1])
    np.testing.assert_array_equal(weights[-1], averages(model))  # the fourth update replaces them
    assert not np.array_equal(weights[BATCHES - 1], weights[-1])


@pytest.mark.exhaustive
def test_the_weights_become_their_averages_at_the_end():
    model, _ = trained()
    model.optimizer.finalize_variable_values(model.trainable_variables)
    np.testing.assert_array_equal(model.get_weights()[0], averages(model))
