"""Labels as the loss takes them, outputs as probabilities, and a model compiled as the spec says."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.errors import SpecError
from cnncli.factory.training import build_callbacks, compile_model, label_encoding, probabilities


class TestLabelEncoding:
    @pytest.mark.parametrize(
        ("loss", "units", "classes", "encoding"),
        [
            ("SparseCategoricalCrossentropy", 10, 10, "sparse"),
            ("SparseCategoricalCrossentropy", 12, 10, "sparse"),  # classes that never occur do no harm
            ("CategoricalCrossentropy", 10, 10, "one_hot"),
            ("CategoricalFocalCrossentropy", 2, 2, "one_hot"),
            ("BinaryCrossentropy", 1, 2, "binary"),
            ("BinaryFocalCrossentropy", 1, 2, "binary"),
            ("BinaryCrossentropy", 2, 2, "one_hot"),
            ("MeanSquaredError", 10, 10, "one_hot"),
        ],
    )
    def test_follows_the_loss_and_the_outputs(self, entry, loss, units, classes, encoding):
        assert label_encoding(entry("loss", loss), (units,), classes) == encoding

    @pytest.mark.parametrize(
        ("loss", "shape", "message"),
        [
            ("SparseCategoricalCrossentropy", (9,), "9 outputs for 10 classes; write 'units: classes'"),
            ("CategoricalCrossentropy", (12,), "12 outputs for 10 classes"),
            ("BinaryCrossentropy", (1,), "1 output for 10 classes"),
            (
                "SparseCategoricalCrossentropy",
                (26, 26, 10),
                "spread over 26×26 places; add Flatten or Global",
            ),
        ],
    )
    def test_outputs_that_cannot_be_compared_with_the_labels_are_refused(self, entry, loss, shape, message):
        with pytest.raises(SpecError, match=message) as caught:
            label_encoding(entry("loss", loss), shape, 10)
        assert caught.value.problems[0].path == ("model", "layers")


class TestProbabilities:
    LOGITS = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0]], np.float32)
    SOFTMAX = np.array([np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum(), [1, 0, 0]])

    def test_a_softmax_layer_gave_them_already(self, entry):
        outputs = np.array([[0.25, 0.75]], np.float32)
        shown = probabilities(outputs, entry("loss", "CategoricalCrossentropy"), "one_hot", 2)
        assert shown.tolist() == outputs.tolist()

    @pytest.mark.parametrize("loss", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
    def test_logits_go_through_a_softmax_however_large_they_are(self, entry, loss):
        shown = probabilities(self.LOGITS, entry("loss", {loss: {"from_logits": True}}), "one_hot", 3)
        np.testing.assert_allclose(shown, self.SOFTMAX, rtol=1e-6)
        assert shown.dtype == np.float32

    def test_one_output_for_two_classes_is_the_second_one(self, entry):
        outputs = np.array([[0.25], [1.0]], np.float32)
        shown = probabilities(outputs, entry("loss", "BinaryCrossentropy"), "binary", 2)
        assert shown.tolist() == [[0.75, 0.25], [0, 1]]
        assert shown.dtype == np.float32

    def test_one_logit_goes_through_a_sigmoid_however_large_it_is(self, entry):
        outputs = np.array([[0.0], [np.log(3)], [-1000.0], [1000.0]], np.float32)
        shown = probabilities(outputs, entry("loss", {"BinaryCrossentropy": {"from_logits": True}}), "binary", 2)
        np.testing.assert_allclose(shown, [[0.5, 0.5], [0.25, 0.75], [1, 0], [0, 1]], rtol=1e-6)

    def test_units_beyond_the_classes_are_left_out(self, entry):
        outputs = np.array([[0.5, 0.25, 0.25]], np.float32)
        shown = probabilities(outputs, entry("loss", "SparseCategoricalCrossentropy"), "sparse", 2)
        assert shown.tolist() == [[0.5, 0.25]]


@pytest.mark.slow
class TestCompile:
    DENSE = {"Dense": {"units": "classes", "activation": "softmax"}}  # noqa: RUF012

    def compiled(self, build, entry, optimizer="Adam", loss="CategoricalCrossentropy", metrics=("accuracy",)):
        model = build("Flatten", self.DENSE)
        built = [entry("metric", metric) for metric in metrics]
        compile_model(model, entry("optimizer", optimizer), entry("loss", loss), built, 10, total_steps=100)
        return model

    def test_everything_is_what_the_spec_says(self, build, entry):
        import keras

        schedule = {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps"}}
        model = self.compiled(
            build,
            entry,
            {"SGD": {"learning_rate": schedule, "momentum": 0.9, "clipnorm": 1.0}},
            {"CategoricalCrossentropy": {"label_smoothing": 0.1}},
        )
        assert isinstance(model.optimizer, keras.optimizers.SGD)
        assert (model.optimizer.momentum, model.optimizer.clipnorm) == (0.9, 1.0)
        assert model.optimizer._learning_rate.decay_steps == 100
        assert isinstance(model.loss, keras.losses.CategoricalCrossentropy)
        assert model.loss.label_smoothing == 0.1

    @pytest.mark.parametrize(
        ("loss", "targets"),
        [("CategoricalCrossentropy", np.eye(10)[[0, 1]]), ("SparseCategoricalCrossentropy", np.array([0, 1]))],
    )
    def test_accuracy_and_other_metrics_suit_the_labels(self, build, entry, loss, targets):
        top = "SparseTopKCategoricalAccuracy" if loss.startswith("Sparse") else "TopKCategoricalAccuracy"
        model = self.compiled(build, entry, loss=loss, metrics=["accuracy", {top: {"k": 10, "name": "top_10"}}])
        images = np.zeros((2, 28, 28, 1), np.uint8)  # every class equally probable: the first is taken
        measured = model.evaluate(images, targets, verbose=0, return_dict=True)
        assert measured == pytest.approx({"accuracy": 0.5, "top_10": 1.0, "loss": np.log(10)}, rel=1e-5)

    @pytest.mark.parametrize(
        ("policy", "wanted"), [("mixed_float16", "LossScaleOptimizer"), ("mixed_bfloat16", "Adam"), ("float32", "Adam")]
    )
    def test_small_gradients_survive_in_float16(self, build, entry, policy, wanted):
        model = build("Flatten", {"Dense": {"units": 8, "dtype": policy}}, self.DENSE)
        loss = entry("loss", "CategoricalCrossentropy")
        compile_model(model, entry("optimizer", {"Adam": {"learning_rate": 0.5}}), loss, [], 10, total_steps=1)
        assert type(model.optimizer).__name__ == wanted
        assert float(model.optimizer.learning_rate) == 0.5

    @pytest.mark.parametrize(
        ("arguments", "path", "message"),
        [
            ({"optimizer": {"Adam": {"clipnorm": 1.0, "clipvalue": 1.0}}}, ("train", "optimizer", "Adam"), "clipnorm"),
            ({"metrics": ["accuracy", {"AUC": {"num_labels": 3}}]}, ("train", "metrics", 1, "AUC"), "multi_label"),
        ],
    )
    def test_what_only_keras_can_refuse_is_told_with_its_place(self, build, entry, arguments, path, message):
        with pytest.raises(SpecError, match=f"Keras cannot make this {path[-1]}: .*{message}") as caught:
            self.compiled(build, entry, **arguments)
        assert caught.value.problems[0].path == path


@pytest.mark.slow
def test_callbacks_are_built_in_order(entry):
    stop = {"EarlyStopping": {"monitor": "val_accuracy", "patience": 5}}
    built = build_callbacks(
        [entry("callback", stop), entry("callback", "TerminateOnNaN")], [entry("metric", "accuracy")]
    )
    assert [type(callback).__name__ for callback in built] == ["EarlyStopping", "TerminateOnNaN"]
    assert (built[0].monitor, built[0].patience) == ("val_accuracy", 5)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        ({"monitor": "val_false_negatives"}, "min"),
        ({"monitor": "val_recall"}, "max"),
        ({"monitor": "val_loss"}, "min"),
        ({"monitor": "val_recall", "mode": "min"}, "min"),
    ],
)
def test_callbacks_are_told_which_way_is_up(entry, arguments, mode):
    metrics = [entry("metric", "FalseNegatives"), entry("metric", "Recall")]
    (built,) = build_callbacks([entry("callback", {"EarlyStopping": arguments})], metrics)
    assert built.mode == mode


SCHEDULES = (
    {"CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps"}},
    {
        "CosineDecay": {
            "initial_learning_rate": 0.0,
            "decay_steps": "total_steps",
            "warmup_target": 0.1,
            "warmup_steps": 20,
        }
    },
    {"CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": "total_steps"}},
    {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps", "decay_rate": 0.5}},
    {"InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps", "decay_rate": 0.5}},
    {"PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps", "cycle": True}},
    {"PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": "total_steps"}},
)


@pytest.mark.slow
class TestPacedSchedule:
    @pytest.mark.representatives("schedule1", "schedule2", "schedule5")  # the last three are one formula each
    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_once_it_has_its_total_it_is_the_schedule_of_keras_at_its_own_pace(self, build, entry, schedule):
        import tensorflow as tf

        optimizer, loss = entry("optimizer", {"SGD": {"learning_rate": schedule}}), entry("loss", "MeanSquaredError")
        rates = {}
        for total in (None, 120):
            model = build("Flatten")
            paced = compile_model(model, optimizer, loss, [], 10, total)
            rate = tf.function(model.optimizer._learning_rate)
            if total is None:
                assert float(rate(tf.constant(50))) == float(rate(tf.constant(0)))
                paced.set_line(120, (30, 40.0, 2.0))  # at step 30 it is at its step 40, and takes two at a time
            else:
                assert paced is None
            steps = (30, 31, 45, 70) if total is None else (40, 42, 70, 120)
            rates[total] = [float(rate(tf.constant(step, tf.int64))) for step in steps]
        assert rates[None] == pytest.approx(rates[120], rel=1e-6)

    def test_a_schedule_in_steps_of_its_own_and_a_constant_rate_stay_as_they_are(self, build, entry):
        schedule = {"ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 7, "decay_rate": 0.5}}
        for rate in (schedule, 0.1):
            optimizer = entry("optimizer", {"SGD": {"learning_rate": rate}})
            assert compile_model(build("Flatten"), optimizer, entry("loss", "MeanSquaredError"), [], 10, None) is None
