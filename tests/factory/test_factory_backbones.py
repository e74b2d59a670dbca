"""Backbones are Keras' own networks, given the pixels that they want, and frozen when they are to be."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from cnncli.catalog.backbones import BACKBONES
from cnncli.errors import SpecError
from cnncli.spec.graph import snake

HEAD = ["GlobalAveragePooling2D", {"Dense": {"units": "classes", "activation": "softmax"}}]


@pytest.mark.slow
class TestPixels:
    @pytest.mark.representatives("MobileNetV2", "VGG16", "ConvNeXtTiny")
    @pytest.mark.parametrize("name", BACKBONES)
    @pytest.mark.parametrize("channels", [3, 1])
    def test_a_backbone_is_given_what_its_preprocess_input_makes(self, entry, name, channels):
        import keras

        from cnncli.factory.backbones import pixels_for

        image = keras.Input((16, 16, channels))
        model = keras.Model(image, pixels_for(entry("layer", name), image, "seen"))
        pixels = np.random.default_rng(0).permuted(np.tile(np.arange(256), (3, 1)), axis=1).T.reshape(1, 16, 16, 3)
        pixels = pixels[..., :channels].astype(np.float32)  # each of 0…255 in every channel
        rgb = np.repeat(pixels, 3 // channels, axis=-1)
        module = sys.modules[getattr(keras.applications, name).__module__]
        expected = module.preprocess_input(rgb.copy())
        # a product in place of a quotient: the last bit of a float32
        np.testing.assert_allclose(model(pixels), expected, rtol=3e-7, atol=3e-7)

    def test_others_than_the_backbone_get_pixels_as_the_spec_says(self, build):
        model = build(
            {"MobileNet": {"weights": None, "alpha": 0.25, "name": "seen", "pooling": "avg"}},
            {"Conv2D": {"filters": 2, "kernel_size": 3, "inputs": "input"}},
            {"GlobalAveragePooling2D": {"name": "own"}},
            {"Concatenate": {"inputs": ["seen", "own"]}},
            HEAD[1],
            shape=(32, 32, 1),
        )
        assert {"scale", "seen.rgb", "seen.pixels"} <= {layer.name for layer in model.layers}
        assert model.get_layer("conv2d_1").input.shape == (None, 32, 32, 1)
        assert model.get_layer("seen").input_shape == (None, 32, 32, 3)

    def test_a_backbone_below_another_layer_gets_what_that_gives(self, build):
        first = {"Conv2D": {"filters": 5, "kernel_size": 1}}
        model = build(first, {"MobileNet": {"weights": None, "alpha": 0.25}}, *HEAD, shape=(32, 32, 3))
        assert [layer.name for layer in model.layers][:4] == ["image", "scale", "conv2d_1", "mobile_net_1"]
        assert model.layers[3].input_shape == (None, 32, 32, 5)


def image(seed=0, size=32):
    return np.random.default_rng(seed).integers(0, 256, (4, size, size, 3)).astype(np.float32)


@pytest.mark.slow
class TestNetwork:
    @pytest.mark.representatives("MobileNet-")  # the one with the fewest layers
    @pytest.mark.parametrize(
        ("name", "published"),
        [
            ("MobileNet", 3_228_864),
            ("ResNet50", 23_587_712),
            ("MobileNetV2", 2_257_984),
            ("EfficientNetB0", 4_049_571),
            ("EfficientNetV2B0", 5_919_312),
            ("DenseNet121", 7_037_504),
            ("NASNetMobile", 4_269_716),
            ("ConvNeXtTiny", 27_820_128),
        ],
    )
    def test_it_has_as_many_parameters_as_keras_own(self, build, name, published):
        import keras

        own = build({name: {"weights": None}}, *HEAD, shape=(32, 32, 3)).layers[-3]
        theirs = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(32, 32, 3))
        assert own.name == f"{snake(name)}_1"
        assert own.count_params() == theirs.count_params() == published == BACKBONES[name].parameters
        assert [w.shape for w in own.trainable_weights] == [w.shape for w in theirs.trainable_weights]
        theirs.set_weights(own.get_weights())
        assert np.array_equal(own(image()), theirs(image()))

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("name", ["MobileNetV2", "ResNet50V2"])
    def test_a_step_changes_it_as_keras_own(self, build, name):
        import keras

        from cnncli.factory import layers

        own = build({name: {"weights": None}}, *HEAD, shape=(64, 64, 3)).layers[-3]
        theirs = getattr(keras.applications, name)(weights=None, include_top=False, input_shape=(64, 64, 3))
        theirs.set_weights(own.get_weights())
        normalisations = [layer for layer in own.layers if isinstance(layer, keras.layers.BatchNormalization)]
        assert normalisations
        assert all(isinstance(layer, layers.BatchNormalization) for layer in normalisations)
        assert not any(isinstance(layer, layers.BatchNormalization) for layer in theirs.layers)
        before = own.get_weights()
        for model in (own, theirs):
            model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=True)  # whose graphs take long
            model.train_on_batch(image(size=64), np.zeros((4, 2, 2, own.output_shape[-1])))
        changes = {True: ([], []), False: ([], [])}  # by gradients, and of the statistics
        for weight, found, expected, old in zip(
            own.weights, own.get_weights(), theirs.get_weights(), before, strict=True
        ):
            for change, new in zip(changes[weight.trainable], (found, expected), strict=True):
                change.append((new - old).ravel())
        for found, expected in changes.values():
            difference = np.concatenate(found) - np.concatenate(expected)
            assert np.linalg.norm(difference) < 3e-2 * np.linalg.norm(np.concatenate(expected))

    @pytest.mark.exhaustive
    def test_the_same_seed_gives_the_same_weights_and_names(self, build):
        layers = [{"EfficientNetB0": {"weights": None}}, *HEAD]  # Keras numbers some of its layers by process
        first, second = (build(*layers, shape=(32, 32, 3), seed=3) for _ in range(2))
        assert [weight.path for weight in first.weights] == [weight.path for weight in second.weights]
        assert all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))

    @pytest.mark.exhaustive
    def test_what_is_built_after_it_draws_the_same_seeds_as_after_keras_own(self, build, monkeypatch):
        from cnncli.factory import layers

        network = [{"EfficientNetB0": {"weights": None}}, "GlobalAveragePooling2D", {"Dropout": {"rate": 0.5}}, HEAD[1]]
        ours = build(*network, shape=(32, 32, 3), seed=3)
        monkeypatch.setattr(layers, "computed_here", lambda model: model)
        theirs = build(*network, shape=(32, 32, 3), seed=3)
        assert [weight.path for weight in ours.weights] == [weight.path for weight in theirs.weights]
        assert len(ours.variables) == len(theirs.variables) > len(ours.weights)  # states of random generators
        for own, other in zip(ours.variables, theirs.variables, strict=True):
            assert np.array_equal(own, other), own.path

    @pytest.mark.exhaustive
    def test_building_never_loads_anything(self, build, monkeypatch):
        """What is evaluated or resumed must need no file, whatever the spec says its weights were."""
        import keras

        def refuse(*arguments, **more):
            raise AssertionError("asked for a file")

        monkeypatch.setattr(sys.modules[keras.utils.get_file.__module__], "get_file", refuse)
        for weights in ("imagenet", "gone.weights.h5", {"run": "gone"}):
            build({"MobileNet": {"weights": weights, "alpha": 0.25}}, *HEAD, shape=(32, 32, 3))

    def test_it_computes_in_the_precision_of_the_spec_and_leaves_keras_own_as_it_was(self, build):
        import keras

        model = build({"MobileNet": {"weights": None}}, *HEAD, shape=(32, 32, 3), precision="mixed_bfloat16")
        backbone = model.get_layer("mobile_net_1")
        assert {layer.dtype_policy.name for layer in backbone.layers} == {"mixed_bfloat16"}
        assert model.layers[-1].compute_dtype == "float32"
        assert keras.config.dtype_policy().name == "float32"

    def test_images_that_turn_out_to_be_too_small_are_a_located_problem(self, build):
        with pytest.raises(SpecError) as caught:
            build({"Xception": {"weights": None}}, *HEAD, shape=(32, 32, 3))
        (problem,) = caught.value.problems
        assert problem.path == ("model", "layers", 0, "Xception")
        assert problem.message.startswith("Xception: it takes images of 71×71 or more, and is given 32×32;")


@pytest.mark.slow
class TestFrozen:
    @pytest.mark.representatives("False")
    @pytest.mark.parametrize("trainable", [False, True])
    def test_a_step_changes_neither_weights_nor_statistics(self, build, trainable):
        layer = {"MobileNet": {"weights": None, "alpha": 0.25, "trainable": trainable}}
        model = build(layer, *HEAD, shape=(32, 32, 3))
        backbone, head = model.get_layer("mobile_net_1"), model.layers[-1]
        before = {weight.path: weight.numpy() for weight in (*backbone.weights, head.bias)}
        model.compile("sgd", "sparse_categorical_crossentropy", run_eagerly=True)
        model.train_on_batch(image(), np.array([0, 1, 2, 3]))
        same = {weight.path: np.array_equal(weight, before[weight.path]) for weight in (*backbone.weights, head.bias)}
        assert not same.pop(head.bias.path)
        statistics = [path for path in same if "moving_" in path]
        assert statistics
        assert all(same.values()) != trainable
        assert any(same[path] for path in statistics) != trainable

    def test_its_parameters_are_not_among_the_trained_ones(self, build, network):
        from cnncli.factory.summary import summarize

        layers = [{"MobileNet": {"weights": None, "alpha": 0.25, "trainable": False}}, *HEAD]
        summary = summarize(build(*layers, shape=(32, 32, 3)), network(*layers))
        (row,) = [row for row in summary.rows if row.kind == "MobileNet"]
        assert (row.parameters, row.trainable, row.frozen) == (218_544, 0, 218_544)
        assert summary.trainable == 256 * 10 + 10
