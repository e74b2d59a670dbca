"""A list of layers becomes a model that can be repeated to the last weight, from pixels to float32 outputs."""

from __future__ import annotations

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import yaml

from cnncli.errors import SpecError
from cnncli.factory import model as factory
from cnncli.factory.model import Preprocessing, heads
from cnncli.spec import parse
from cnncli.spec.reader import Document, read

CONV = {"Conv2D": {"filters": 4, "kernel_size": 3}}
DENSE = {"Dense": {"units": "classes", "activation": "softmax"}}


@pytest.mark.slow
class TestNames:
    def test_names_do_not_depend_on_what_was_built_before(self, build):
        first, second = (build(CONV, "Flatten", DENSE, name="my-net.v2") for _ in range(2))
        assert [layer.name for layer in first.layers] == ["image", "scale", "conv2d_1", "flatten_1", "dense_1"]
        assert [layer.name for layer in second.layers] == [layer.name for layer in first.layers]
        assert first.name == "my_net_v2"

    def test_a_spec_cannot_use_the_names_that_every_model_uses(self, build):
        for layer in build("Flatten").layers[:2]:
            text = (
                f"data: {{source: mnist}}\nmodel: {{layers: [Flatten: {{name: {layer.name}}}, Dense: {{units: 10}}]}}"
            )
            document: Document = read(text.encode(), "spec.yaml")
            with pytest.raises(SpecError) as caught:
                parse(document)
            assert [problem.path[-1] for problem in caught.value.problems] == ["name"]


@pytest.mark.slow
def test_models_that_are_built_in_two_threads_at_a_time_have_the_weights_of_one(build, monkeypatch):
    apply, met = factory._apply, threading.Barrier(2)

    def apply_together(*arguments, **more):
        with contextlib.suppress(threading.BrokenBarrierError):
            met.wait(0.2)  # in vain if only one is built at a time
        return apply(*arguments, **more)

    alone = build(CONV, "Flatten", DENSE, seed=3).get_weights()
    monkeypatch.setattr(factory, "_apply", apply_together)
    with ThreadPoolExecutor() as threads:
        models = threads.map(lambda seed: build(CONV, "Flatten", DENSE, seed=seed).get_weights(), (3, 4))
    for weights, expected in zip(next(models), alone, strict=True):
        np.testing.assert_array_equal(weights, expected)


@pytest.mark.slow
class TestPreprocessing:
    @pytest.mark.parametrize("scale", [(0, 1), (-0.5, 0.5), (-1, 1), (0, 255)])
    def test_the_model_itself_maps_pixels_to_the_range(self, build, scale):
        low, high = scale
        model = build("Flatten", shape=(1, 3, 1), preprocessing=Preprocessing(((high - low) / 255,), (low,)))
        pixels = np.array([[[[0], [51], [255]]]], np.uint8)  # (1, 1, 3, 1)
        expected = [[low, low + 0.2 * (high - low), high]]
        np.testing.assert_allclose(model(pixels).numpy(), expected, rtol=1e-6, atol=1e-6)

    def test_each_channel_has_a_scale_and_an_offset_of_its_own(self, build):
        model = build("Flatten", shape=(1, 2, 3), preprocessing=Preprocessing((1.0, 0.5, 0.1), (0.0, -1.0, 2.0)))
        pixels = np.array([[[[10, 10, 10], [0, 200, 255]]]], np.uint8)  # (1, 1, 2, 3)
        np.testing.assert_allclose(model(pixels).numpy(), [[10, 4, 3, 0, 99, 27.5]], rtol=1e-6)

    @pytest.mark.parametrize("precision", ["float32", "mixed_bfloat16"])
    def test_each_image_can_be_given_mean_0_and_deviation_1(self, build, precision):
        import keras

        random = np.random.default_rng(0)
        pixels = random.integers(0, 256, (3, 8, 9, 3)).astype(np.uint8)  # (3, 8, 9, 3)
        pixels[1] //= 8  # a dark one
        pixels[2] = 77  # nothing but one brightness has no deviation
        model = build("Flatten", shape=(8, 9, 3), preprocessing=Preprocessing(samplewise=True), precision=precision)
        scaled = keras.Model(model.input, model.get_layer("scale").output)(pixels).numpy()  # (3, 8, 9, 3)
        flat = pixels[:2].reshape(2, -1).astype(np.float64)
        expected = (flat - flat.mean(1, keepdims=True)) / flat.std(1, keepdims=True)
        assert scaled.dtype == np.float32
        np.testing.assert_allclose(scaled[:2].reshape(2, -1), expected, atol=1e-4)
        assert not scaled[2].any()

    def test_no_preprocessing_has_weights(self, build):
        for preprocessing in (Preprocessing(), Preprocessing(samplewise=True), Preprocessing((1.0,) * 3, (0.0,) * 3)):
            assert build("Flatten", shape=(4, 4, 3), preprocessing=preprocessing).weights == []


@pytest.mark.slow
class TestSeed:
    def test_the_same_seed_gives_the_same_weights_whatever_was_built_before(self, build):
        first = build(CONV, "Flatten", DENSE, seed=3)
        build({"Conv2D": {"filters": 2, "kernel_size": 5}})
        again, other = build(CONV, "Flatten", DENSE, seed=3), build(CONV, "Flatten", DENSE, seed=4)
        assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), again.get_weights(), strict=True))
        assert not np.array_equal(first.get_weights()[0], other.get_weights()[0])

    def test_the_same_seed_drops_the_same_units(self, build):
        pixels = np.full((2, 28, 28, 1), 255, np.uint8)
        layers = "Flatten", {"Dropout": {"rate": 0.5}}
        dropped = [build(*layers, seed=seed)(pixels, training=True).numpy() for seed in (3, 3, 4)]
        assert np.array_equal(dropped[0], dropped[1])
        assert not np.array_equal(dropped[0], dropped[2])
        assert 0.3 < (dropped[0] == 0).mean() < 0.7


@pytest.mark.slow
class TestPrecision:
    LAYERS = (CONV, "BatchNormalization", "ReLU", "Flatten", {"Dense": {"units": "classes"}}, "Softmax")

    @pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16"])
    def test_layers_compute_in_it_and_weights_and_outputs_stay_float32(self, build, precision):
        model = build(*self.LAYERS, precision=precision)
        computing = {layer.name: layer.compute_dtype for layer in model.layers[1:]}
        low = precision.removeprefix("mixed_")
        assert computing == {
            "scale": "float32",
            "conv2d_1": low,
            "batch_normalization_1": low,
            "re_lu_1": low,
            "flatten_1": low,
            "dense_1": "float32",
            "softmax_1": "float32",
        }
        assert {weight.dtype for weight in model.weights} == {"float32"}
        assert model(np.zeros((1, 28, 28, 1), np.uint8)).dtype == "float32"

    def test_float32_is_float32_everywhere(self, build):
        assert {layer.compute_dtype for layer in build(*self.LAYERS).layers[1:]} == {"float32"}


@pytest.mark.slow
class TestMisfits:
    @pytest.mark.parametrize(
        ("layers", "path", "message"),
        [
            (["Flatten", CONV], (1, "Conv2D"), "Keras cannot apply Conv2D to 784: .*expected min_ndim=4"),
            (["Flatten", "GlobalAveragePooling2D"], (1,), "Keras cannot apply GlobalAveragePooling2D to 784: "),
            ([{"MaxPooling2D": {"pool_size": 40}}], (0, "MaxPooling2D"), "to 28×28×1: .*would be zero or negative"),
            ([{"Cropping2D": {"cropping": 14}}], (0, "Cropping2D"), "to 28×28×1: Values in `cropping`"),
            ([{"Reshape": {"target_shape": [3, 3]}}], (0, "Reshape"), "to 28×28×1: The total size"),
            ([{"Conv2D": {"filters": 3, "kernel_size": 3, "groups": 2}}], (0, "Conv2D"), "divisible"),
        ],
    )  # fmt: skip
    def test_the_layer_is_named_with_its_place_the_shape_before_it_and_the_reason(self, build, layers, path, message):
        with pytest.raises(SpecError, match=message) as caught:
            build(*layers)
        (problem,) = caught.value.problems
        assert problem.path == ("model", "layers", *path)
        assert problem.at_key
        assert problem.message.isprintable()  # one line, without Keras' escape sequences
        assert "Exception encountered" not in problem.message
        assert "Arguments received" not in problem.message


def test_the_head_is_all_that_has_a_number_for_each_class():
    layers = ["BatchNormalization", "Flatten", {"Dense": {"units": "classes"}}, "BatchNormalization", "Softmax"]
    text = yaml.safe_dump({"data": {"source": "mnist"}, "model": {"layers": layers}})
    spec = parse(read(text.encode(), "spec.yaml")).spec
    assert heads(spec.model.nodes) == ("dense_1", "batch_normalization_2", "softmax_1")
