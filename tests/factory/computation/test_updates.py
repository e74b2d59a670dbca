"""Updates by one operation: those of Keras, to the last bit or the last digits."""

import numpy as np
import pytest

from cnncli.catalog import Entry

pytestmark = pytest.mark.slow

NESTEROV = {"momentum": 0.9, "nesterov": True, "clipnorm": 0.5}
DECAYED = {"momentum": 0.8, "weight_decay": 0.01}


@pytest.fixture
def choices_of():
    from cnncli.factory.computation.choices import choices_of

    return choices_of


@pytest.fixture
def updates():
    from cnncli.factory.computation import updates

    return updates


def trained(name, steps=5, **arguments):
    """The weights after some steps, and how often the optimizer counts to have updated them."""
    import keras
    import tensorflow as tf

    from cnncli.factory.metrics import create_variables
    from cnncli.factory.training import compile_model

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((40,)), keras.layers.Dense(30, activation="tanh"), keras.layers.Dense(7)])
    optimizer = Entry("optimizer", name, {"learning_rate": 0.1, **arguments})
    compile_model(model, optimizer, Entry("loss", "MeanSquaredError"), [], 2, 1)
    create_variables(model, np.zeros((1, 7), np.float32), (7,))
    step = tf.function(lambda *batch: model.train_step(batch), autograph=False)
    random = np.random.default_rng(0)
    for _ in range(steps):
        step(tf.constant(random.normal(size=(8, 40)), tf.float32), tf.constant(random.normal(size=(8, 7)), tf.float32))
    return model.get_weights(), model.optimizer


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.representatives("arguments0")
@pytest.mark.parametrize("arguments", [NESTEROV, DECAYED])
def test_sgd_gives_the_bits_of_keras(choices_of, arguments):
    fused, optimizer = trained("SGD", **arguments)
    assert optimizer.update_step.__module__ == "cnncli.factory.computation.updates"
    with choices_of({}):
        plain, optimizer = trained("SGD", **arguments)
    assert optimizer.update_step.__module__.startswith("keras.")
    assert same(fused, plain)


@pytest.mark.parametrize("name", ["Adam", pytest.param("AdamW", marks=pytest.mark.exhaustive)])
def test_adam_passes_once_over_each_variable(updates, choices_of, monkeypatch, name):
    """Last digits differ; earlier trainings did so for large variables alone."""
    with choices_of({}):
        plain, _ = trained(name)
    with choices_of({"updates": "once"}):
        assert same(plain, trained(name)[0])
        monkeypatch.setattr(updates, "LARGE", 30 * 40)
        large, _ = trained(name)
    first, _ = trained(name, steps=1)
    fused, optimizer = trained(name)
    assert int(optimizer.iterations) == 5
    for other in (large, fused):
        assert not np.array_equal(other[0], plain[0])
        for a, b in zip(other, plain, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-5)
    assert not same(large, fused)
    assert not same(first, fused)


@pytest.mark.representatives("arguments0")
@pytest.mark.parametrize("arguments", [{"gradient_accumulation_steps": 2}, {"clipnorm": 0.5, "weight_decay": 0.01}])
def test_adam_computes_its_powers_once_in_a_step_and_anew_in_the_next(choices_of, arguments):
    import tensorflow as tf

    after, powers = [], []
    for choices in ({"updates": "once"}, {}):
        with choices_of(choices):
            weights, optimizer = trained("Adam", **arguments)
        step = tf.function(lambda *gradients: optimizer.apply(gradients), autograph=False)  # noqa: B023
        gradients = [tf.ones(variable.shape) for variable in optimizer._trainable_variables]
        graph = step.get_concrete_function(*gradients).graph.as_graph_def()
        inside = [node for function in graph.library.function for node in function.node_def]  # of a branch
        every = [node.op for node in (*graph.node, *inside)]
        after.append(weights)
        powers.append(every.count("Pow"))
    assert powers[0] == 2 < powers[1]
    assert same(*after)


def test_others_are_keras_own(updates, monkeypatch):
    monkeypatch.setattr(updates, "LARGE", 1)
    for name, arguments in (("Adam", {"amsgrad": True}), ("SGD", {}), ("RMSprop", {})):
        _, optimizer = trained(name, steps=0, **arguments)
        assert optimizer.update_step.__module__.startswith("keras."), name
