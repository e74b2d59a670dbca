"""The loops give Keras' own numbers, however many steps they take at once."""

from __future__ import annotations

from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from cnncli.data.samples import Samples
from cnncli.runner.training.loop import NotFinite

pytestmark = pytest.mark.slow

IMAGES, BATCH, STEPS, CLASSES = 60, 8, 8, 3


@pytest.fixture(scope="module")
def loop() -> ModuleType:
    from cnncli.runner.training import loop

    return loop


@pytest.fixture(scope="module")
def measure() -> ModuleType:
    from cnncli.runner.execution import steps

    return steps


def one_device() -> Any:
    from cnncli.runner.execution.execution import OneDevice

    return OneDevice()


@pytest.fixture(scope="module")
def samples() -> Samples:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (IMAGES, 6, 6, 1), np.uint8)
    return Samples.numbered(images, random.integers(0, CLASSES, IMAGES))


def make_model(metrics=("accuracy",), dropout: float = 0.5) -> Any:
    """A model with everything that keeps a state: moving averages, a random generator, an optimizer."""
    import keras

    from cnncli.factory.metrics import create_variables

    keras.utils.set_random_seed(1)
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=list(metrics))
    create_variables(model, np.eye(CLASSES, dtype=np.float32)[:1], (CLASSES,))
    return model


def drawing(samples: Samples, weights: np.ndarray | None = None) -> Any:
    from cnncli.data.pipeline import Reader, training_batch

    targets = np.eye(CLASSES, dtype=np.float32)[samples.labels]
    return training_batch(Reader(samples), np.arange(IMAGES), targets, weights, BATCH, 0)


def training(samples: Samples, weights: np.ndarray | None = None, epochs: int = 2) -> Any:
    from cnncli.data.pipeline import training_batches

    return training_batches(drawing(samples, weights), range(epochs * STEPS))


def ordered(samples: Samples) -> Any:
    from cnncli.data.pipeline import Reader, ordered_batches

    return ordered_batches(Reader(samples), np.eye(CLASSES, dtype=np.float32)[samples.labels], BATCH)


def same_weights(first: Any, second: Any) -> bool:
    """Whether two models, or lists of their weights, have the same bits."""
    first, second = (each if isinstance(each, list) else each.get_weights() for each in (first, second))
    return all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


WEIGHTS = np.linspace(0, 2, IMAGES, dtype=np.float32)


@pytest.fixture(scope="module")
def stepwise(loop, samples):
    """What two epochs of one step at a time make of a model, with weights of the images or without.

    The model's weights and the metrics after each epoch, and the progress that was told.
    """

    @cache
    def stepwise(weighted: bool) -> SimpleNamespace:
        model, found = make_model(), SimpleNamespace(weights=[], metrics=[], told=[])
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("cnncli.runner.execution.steps.SECONDS_PER_CALL", 0)
            looped = loop.TrainingLoop(model, training(samples, WEIGHTS if weighted else None), one_device())
            for _ in range(2):
                found.metrics.append(looped.epoch(STEPS, lambda done, steps: found.told.append((done, steps))))
                found.weights.append(model.get_weights())
        return found

    return stepwise


class TestTrainingLoop:
    @pytest.mark.representatives("True")
    @pytest.mark.parametrize("weighted", [False, True])
    def test_weights_and_metrics_are_those_of_fit(self, stepwise, samples, weighted):
        expected = make_model()
        batches = training(samples, WEIGHTS if weighted else None)
        history = expected.fit(batches, epochs=2, steps_per_epoch=STEPS, shuffle=False, verbose=0).history
        found = stepwise(weighted)
        assert same_weights(found.weights[1], expected)
        assert not same_weights(found.weights[1], make_model())
        assert [epoch["accuracy"] for epoch in found.metrics] == history["accuracy"]
        assert [epoch["loss"] for epoch in found.metrics] == history["loss"]

    def test_the_numbers_do_not_depend_on_the_steps_of_a_call(self, loop, stepwise, samples, monkeypatch):
        monkeypatch.setattr("cnncli.runner.execution.steps.SECONDS_PER_CALL", 1e9)  # more in each call
        model, told, expected = make_model(), [], stepwise(True)
        looped = loop.TrainingLoop(model, training(samples, WEIGHTS), one_device())
        measured = [looped.epoch(STEPS, lambda done, steps: told.append((done, steps))) for _ in range(2)]
        assert expected.told == [(done, STEPS) for done in range(1, STEPS + 1)] * 2
        assert len(told) < len(expected.told)
        assert told.count((STEPS, STEPS)) == 2  # no call goes over the end of an epoch
        assert same_weights(model, expected.weights[1])
        assert measured == expected.metrics

    def test_batches_that_the_loop_makes_itself_train_to_the_same_bits(self, loop, stepwise, samples):
        """Also where an epoch is continued at a step in its middle."""
        from cnncli.runner.execution.steps import Drawn

        drawn, draw, expected = make_model(), drawing(samples, WEIGHTS), stepwise(True)
        looped = loop.TrainingLoop(drawn, Drawn(draw, 0), one_device())
        measured = [looped.epoch(STEPS, lambda done, steps: None)]
        looped.epoch(3, lambda done, steps: None)
        looped.continue_with(Drawn(draw, STEPS + 3))
        measured.append(looped.epoch(STEPS, lambda done, steps: None, done=3))
        assert measured == expected.metrics
        assert same_weights(drawn, expected.weights[1])

    @pytest.mark.exhaustive
    def test_the_rest_of_an_epoch_is_trained_as_if_it_had_been_one(self, loop, samples):
        whole, parts = make_model(), make_model()
        expected = loop.TrainingLoop(whole, training(samples), one_device()).epoch(STEPS, lambda done, steps: None)
        looped = loop.TrainingLoop(parts, training(samples), one_device())
        looped.epoch(3, lambda done, steps: None)
        assert looped.epoch(STEPS, lambda done, steps: None, done=3) == expected
        assert same_weights(whole, parts)

    def test_it_is_told_of_every_multiple_and_ends_between_two_steps_when_that_raises(self, loop, samples):
        model, told = make_model(), []

        def stop(done, steps):
            told.append(done)
            if done == 6:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            loop.TrainingLoop(model, training(samples), one_device()).epoch(STEPS, stop, pauses=[3])
        assert [done for done in told if done % 3 == 0] == [3, 6]
        assert int(model.optimizer.iterations) == 6

    def test_a_loss_that_is_no_number_says_among_which_steps_it_became_so(self, loop, samples, monkeypatch):
        monkeypatch.setattr("cnncli.runner.execution.steps.SECONDS_PER_CALL", 0)  # one step at a time
        weights = np.zeros(IMAGES, np.float32)
        weights[np.arange(IMAGES)] = 1e38  # twice that is infinite, and the mean of a batch adds
        with pytest.raises(NotFinite) as caught:
            loop.TrainingLoop(make_model(), training(samples, weights), one_device()).epoch(
                STEPS, lambda done, steps: None
            )
        assert caught.value.steps == range(0, 1)
        assert not np.isfinite(caught.value.loss)

    @pytest.mark.exhaustive
    def test_a_step_made_into_one_program_learns_the_same(self, loop, measure, samples):
        plain, program = make_model(dropout=0), make_model(dropout=0)  # XLA has random numbers of its own
        for model, jit_compile in ((plain, False), (program, True)):
            loop.TrainingLoop(model, training(samples), one_device(), jit_compile).epoch(
                STEPS, lambda done, steps: None
            )
        before, after = (measure.outputs_of(model, ordered(samples)) for model in (plain, program))
        np.testing.assert_allclose(before, after, atol=1e-3)

    def test_steps_and_batches_come_from_the_execution(self, loop, stepwise, samples):
        """A toy execution of its own, in one class: it counts, and leaves the step to one device."""
        from cnncli.runner.execution.execution import OneDevice

        class Counting(OneDevice):
            def __init__(self):
                super().__init__()
                self.traced, self.distributed = [], 0

            def distribute(self, batches):
                self.distributed += 1
                return batches

            def training_step(self, model, jit_compile):
                step = super().training_step(model, jit_compile)

                def counted(*batch):
                    self.traced.append(len(batch))
                    step(*batch)

                return counted

        counting, model = Counting(), make_model()
        loop.TrainingLoop(model, training(samples, WEIGHTS), counting).epoch(STEPS, lambda done, steps: None)
        assert (counting.distributed, set(counting.traced)) == (1, {3})
        assert same_weights(model, stepwise(True).weights[0])


class TestValidationLoop:
    def test_measures_what_evaluate_measures_and_changes_nothing(self, loop, stepwise, samples):
        model = make_model()
        model.set_weights(stepwise(True).weights[0])
        before = [weight.copy() for weight in model.get_weights()]
        validation = loop.ValidationLoop(model, ordered(samples), one_device())
        first, again = validation.measure(), validation.measure()
        assert first == again == model.evaluate(ordered(samples), verbose=0, return_dict=True)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))

    def test_a_training_in_between_is_seen_and_its_own_metrics_are_not(self, loop, samples):
        model = make_model()
        validation = loop.ValidationLoop(model, ordered(samples), one_device())
        looped = loop.TrainingLoop(model, training(samples), one_device())
        before = validation.measure()
        looped.epoch(STEPS, lambda done, steps: None)
        after = validation.measure()
        assert after != before
        assert after == model.evaluate(ordered(samples), verbose=0, return_dict=True)


def test_outputs_are_those_of_predict_in_the_order_of_the_images(measure, samples):
    model = make_model()
    outputs = measure.outputs_of(model, ordered(samples))
    assert outputs.shape == (IMAGES, CLASSES)
    assert outputs.dtype == np.float32
    np.testing.assert_allclose(outputs, model.predict(samples.images, verbose=0), rtol=1e-5)


def test_the_loss_is_that_of_keras_with_what_layers_add_and_however_sure_a_model_is(measure, samples):
    import keras

    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 1)),  # of 0…255: most probabilities are 0 or 1 in float32
            layers.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", activity_regularizer="l1"),
            layers.Flatten(),
            layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(loss="categorical_crossentropy")
    outputs, logits, loss = measure.Answering(model)(ordered(samples))
    exact = np.exp(logits - logits.max(axis=1, keepdims=True))
    assert np.allclose(exact / exact.sum(axis=1, keepdims=True), outputs, atol=1e-6)
    assert (outputs == 0).any()  # whose logits no logarithm gives back
    assert np.array_equal(outputs, measure.outputs_of(model, ordered(samples)))
    assert loss == pytest.approx(model.evaluate(ordered(samples), verbose=0), rel=1e-6)
    assert loss > 17  # more than a probability of 0 costs, which Keras takes for 1e-7


def test_several_splits_share_what_is_traced_and_have_answers_of_their_own(measure, samples, monkeypatch):
    model, traces = make_model(), []
    of_keras = model.compute_loss
    monkeypatch.setattr(
        model, "compute_loss", lambda *batch, **keys: (traces.append(batch), of_keras(*batch, **keys))[1]
    )
    answering = measure.Answering(model)
    first, second = (
        answering(ordered(images)) for images in (samples, Samples.numbered(samples.images[::3], samples.labels[::3]))
    )
    assert len(traces) == 1
    assert first.outputs[::3] == pytest.approx(second.outputs, abs=1e-6)
    assert len(second.logits) == IMAGES / 3


def test_a_metric_with_a_value_for_each_class_is_reported_as_their_mean(loop, measure, samples):
    import keras

    model = make_model([keras.metrics.F1Score(average=None, name="f1")])
    loop.ValidationLoop(model, ordered(samples), one_device()).measure()
    per_class = np.asarray(model.get_metrics_result()["f1"])
    assert per_class.shape == (CLASSES,)
    assert measure.metrics_of(model)["f1"] == pytest.approx(per_class.mean())
