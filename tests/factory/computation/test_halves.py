"""Batches in halves: Keras' results but for the last digits, where no layer looks at the whole batch."""

import numpy as np
import pytest

from cnncli.catalog import Entry

pytestmark = pytest.mark.slow


ACCUMULATED = {"gradient_accumulation_steps": 2, "clipnorm": 0.1}
BINARY = {"end": "sigmoid", "loss": "BinaryCrossentropy"}


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """TensorFlow as in a small network, on two cores."""
    from cnncli.factory.computation import choices
    from cnncli.startup import tf

    monkeypatch.setattr(choices, "usable_cores", lambda: 2)
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 1)


def model_of(*between, loss="CategoricalCrossentropy", end="softmax", dtype="float32", **optimizer):
    """A compiled network with some layers between its convolution and its end."""
    import keras

    from cnncli.factory.training import compile_model

    keras.utils.set_random_seed(0)
    layers = [keras.Input((8, 8, 1)), keras.layers.Conv2D(4, 3, kernel_regularizer="l2", dtype=dtype), *between]
    model = keras.Sequential([*layers, keras.layers.Flatten(), keras.layers.Dense(3, end, dtype=dtype)])
    metrics = [Entry("metric", "accuracy", {})]
    compile_model(
        model, Entry("optimizer", "Adam", {"learning_rate": 0.01, **optimizer}), Entry("loss", loss), metrics, 3, 1
    )
    return model


def trained(model, sizes=(6, 7, 1), weighted=False):
    """Weights and metrics of steps with batches of these sizes, and the metrics of a validation of them."""
    import tensorflow as tf

    from cnncli.factory.metrics import create_variables
    from cnncli.runner.execution.execution import OneDevice
    from cnncli.runner.execution.steps import metrics_of

    create_variables(model, np.eye(3, dtype="float32")[:1], (3,))
    random, device = np.random.default_rng(0), OneDevice()
    steps, results = [device.training_step(model, False), device.validation_step(model)], []
    batches = [
        (random.normal(size=(size, 8, 8, 1)).astype("float32"), np.eye(3, dtype="float32")[random.integers(0, 3, size)])
        for size in sizes
    ]
    any_size = [tf.TensorSpec((None, *each)) for each in ((8, 8, 1), (3,), ())]
    for step, parts in zip(steps, (2 + weighted, 2), strict=True):
        model.reset_metrics()
        traced = tf.function(step, any_size[:parts], autograph=False)  # once, as within the loops of a training
        for images, targets in batches:
            traced(*[images, targets, np.linspace(0.5, 2, len(images), dtype="float32")][:parts])
        results.append(metrics_of(model))
    return model.get_weights(), results


def assert_close(first, second, tolerance=1e-5):
    for a, b in zip(first[0], second[0], strict=True):
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    for a, b in zip(first[1], second[1], strict=True):
        assert a == pytest.approx(b, rel=tolerance * 10)


@pytest.mark.representatives("at once")
@pytest.mark.parametrize(
    ("arguments", "weighted"),
    [({}, True), (ACCUMULATED, False), (BINARY, False), (ACCUMULATED | BINARY, True)],
    ids=["weighted", "accumulated", "binary", "all at once"],
)
def test_training_and_validation_give_the_results_of_keras(arguments, weighted):
    from cnncli.factory.computation.choices import choices_of
    from cnncli.factory.computation.halves import takes_halves

    assert takes_halves(model_of(**arguments))
    halved = trained(model_of(**arguments), weighted=weighted)
    with choices_of({}):
        plain = trained(model_of(**arguments), weighted=weighted)
    assert_close(halved, plain)
    assert halved[1][0]["loss"] > 0


def test_in_bfloat16_they_are_as_close_as_its_digits():
    from cnncli.factory.computation.choices import choices_of

    halved = trained(model_of(dtype="mixed_bfloat16"))
    with choices_of({}):
        assert_close(halved, trained(model_of(dtype="mixed_bfloat16")), 0.05)


def test_each_half_draws_its_own_numbers_and_the_next_training_the_same():
    import keras

    from cnncli.factory.computation.halves import in_halves

    images = np.ones((2, 8, 8, 1), np.float32)
    first, second = in_halves(model_of(keras.layers.Dropout(0.5, seed=1)), images, training=True).numpy()
    assert not np.array_equal(first, second)
    weights = [trained(model_of(keras.layers.Dropout(0.5, seed=1)))[0] for _ in range(2)]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


def test_the_answers_of_an_evaluation_are_computed_so_too():
    import tensorflow as tf

    from cnncli.factory.computation import halves
    from cnncli.runner.execution.steps import Answering

    model = model_of()
    images = np.random.default_rng(0).normal(size=(7, 8, 8, 1)).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices((images, np.eye(3, dtype="float32")[np.arange(7) % 3])).batch(3)
    answers = Answering(model)(batches)
    expected = model.evaluate(batches, verbose=0)[0]
    np.testing.assert_allclose(answers.outputs, model(images), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(tf.nn.softmax(answers.logits), answers.outputs, rtol=1e-5)
    assert answers.loss == pytest.approx(expected, rel=1e-5)
    assert halves.takes_halves(model)


def test_what_looks_at_the_whole_batch_takes_it_whole(monkeypatch):
    import keras
    import tensorflow as tf

    from cnncli.factory.computation import choices
    from cnncli.factory.computation.choices import choices_of
    from cnncli.factory.computation.halves import takes_halves
    from cnncli.factory.layers import BatchNormalization

    class OfAPackage(keras.layers.Layer):
        def call(self, image):
            return image - keras.ops.mean(image)

    whole = [
        BatchNormalization(),
        keras.layers.SpectralNormalization(keras.layers.Conv2D(2, 3)),
        keras.layers.ActivityRegularization(l2=0.1),
        keras.layers.Conv2D(2, 3, activity_regularizer="l2"),
        keras.Sequential([keras.Input((6, 6, 4)), BatchNormalization()]),
        OfAPackage(),
    ]
    assert [takes_halves(model_of(layer)) for layer in whole] == [False] * len(whole)
    model = model_of(keras.layers.LayerNormalization(), keras.layers.Dropout(0.1))
    assert takes_halves(model)
    with choices_of({"updates": "once"}):
        assert not takes_halves(model)
    monkeypatch.setattr(choices, "usable_cores", lambda: 1)
    assert not takes_halves(model)
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 0)
    monkeypatch.setattr(choices, "usable_cores", lambda: 2)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "1")
    assert takes_halves(model)
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "2")
    assert not takes_halves(model)
    monkeypatch.delenv("TF_NUM_INTRAOP_THREADS")
    monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 1)
    monkeypatch.setattr(choices, "usable_cores", lambda: 1)
    with choices_of({"batches": "halves"}):  # begun on two cores
        assert takes_halves(model)
        monkeypatch.setattr(tf.config.threading, "get_intra_op_parallelism_threads", lambda: 2)
        assert not takes_halves(model)
