"""A model begins with weights of another one: by the names of its layers, whole backbones, those of ImageNet."""

from __future__ import annotations

import sys

import h5py
import numpy as np
import pytest

from cnncli.errors import DataError

BACKBONE = "MobileNet"  # the one with the fewest layers among those with normalization
SMALL = {BACKBONE: {"weights": None, "alpha": 0.25, "pooling": "avg", "name": "seen"}}
OF_IMAGENET = {"MobileNetV3Small": {"weights": None, "alpha": 0.75, "pooling": "avg", "name": "seen"}}
DENSE = {"Dense": {"units": "classes", "activation": "softmax"}}
NETWORK = [
    {"Conv2D": {"filters": 4, "kernel_size": 3}},
    "BatchNormalization",
    {"Dropout": {"rate": 0.5}},
    "Flatten",
    {"Dense": {"units": 8}},
    DENSE,
]


def entry_of(entry, **more):
    return entry("layer", {BACKBONE: {**SMALL[BACKBONE], **more}})


def images(channels=3, size=32):
    return np.random.default_rng(0).integers(0, 256, (2, size, size, channels)).astype(np.float32)


def save_old(model, path):
    """As Keras 2 saved weights, and as those of ImageNet are."""
    from keras.src.legacy.saving import legacy_h5_format

    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, model)
    return path


def stem(network):
    """What the first convolution of an EfficientNet makes of images."""
    import keras

    return keras.Model(network.inputs, network.get_layer("stem_conv").output)(images(size=48))


def same(first, second):
    return all(np.array_equal(a, b) for a, b in zip(first.get_weights(), second.get_weights(), strict=True))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("weights")


@pytest.mark.slow
class TestLayers:
    def test_each_layer_of_the_same_name_and_shape_is_loaded_and_all_are_told(self, build, folder):
        from cnncli.factory.pretrained import load_layers
        from cnncli.factory.weights import save_weights

        extra = {"Dense": {"units": 3, "name": "gone"}}
        other = build(*NETWORK[:-1], extra, DENSE, shape=(9, 9, 1), classes=5, seed=1)
        new = {"Dense": {"units": 8, "name": "new"}}
        model = build(*NETWORK[:-2], {"Dense": {"units": 8}}, new, DENSE, shape=(9, 9, 1), classes=7, seed=2)
        path = folder / "other.weights.h5"
        save_weights(other, path)
        seeds = [v.numpy() for layer in model.layers for v in layer.variables if "seed" in v.path]
        before = {name: model.get_layer(name).get_weights() for name in ("new", "dense_2")}
        layers, unused = load_layers(model, path)
        assert [(layer.name, layer.parameters, layer.why) for layer in layers] == [
            ("conv2d_1", 40, ""),
            ("batch_normalization_1", 16, ""),
            ("dense_1", 1576, ""),
            ("new", 72, "there is no layer of this name"),
            ("dense_2", 63, "it is 8×7, there 3×5"),
        ]
        assert unused == ("gone",)
        for name in ("conv2d_1", "batch_normalization_1", "dense_1"):
            assert same(model.get_layer(name), other.get_layer(name))
        for name, arrays in before.items():
            assert all(np.array_equal(*pair) for pair in zip(model.get_layer(name).get_weights(), arrays, strict=True))
        after = [v.numpy() for layer in model.layers for v in layer.variables if "seed" in v.path]
        assert np.array_equal(seeds, after)
        assert seeds

    def test_layers_whose_outputs_are_other_classes_are_left(self, build, folder):
        from cnncli.factory.pretrained import load_layers
        from cnncli.factory.weights import save_weights

        other, model = (build(*NETWORK, shape=(9, 9, 1), seed=seed) for seed in (1, 2))
        save_weights(other, folder / "same.weights.h5")
        layers, _ = load_layers(model, folder / "same.weights.h5", ["dense_2"])
        assert [layer.name for layer in layers if layer.why] == ["dense_2"]
        assert not same(model.get_layer("dense_2"), other.get_layer("dense_2"))

    @pytest.mark.exhaustive
    def test_a_backbone_is_one_layer(self, build, folder):
        from cnncli.factory.pretrained import load_layers
        from cnncli.factory.weights import save_weights

        other, model = (build(SMALL, DENSE, shape=(32, 32, 3), classes=n, seed=n) for n in (3, 4))
        save_weights(other, folder / "whole.weights.h5")
        layers, _ = load_layers(model, folder / "whole.weights.h5")
        assert [(layer.name, layer.why) for layer in layers] == [("seen", ""), ("dense_1", "it is 256×4, there 256×3")]
        assert same(model.get_layer("seen"), other.get_layer("seen"))

    def test_a_file_that_no_layer_fits_is_an_error_that_says_why(self, build, folder):
        from cnncli.factory.pretrained import load_layers
        from cnncli.factory.weights import save_weights

        save_weights(build("Flatten", DENSE, shape=(9, 9, 1)), folder / "flat.weights.h5")
        model = build(*NETWORK[:-1], shape=(9, 9, 1))
        before = model.get_weights()
        with pytest.raises(DataError) as caught:
            load_layers(model, folder / "flat.weights.h5")
        assert "no layer of this model is in" in caught.value.message
        assert "dense_1: it is 196×8, there 81×10; there is dense_1" in caught.value.hint
        assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


def broken(path, kind):
    """A file of weights that something is wrong with."""
    if kind == "a link":
        with h5py.File(path, "r+") as file:
            file["layers/evil"] = h5py.ExternalLink("/etc/passwd", "/")
    elif kind == "no number":
        with h5py.File(path, "r+") as file:
            file["layers/dense/vars/0"][0, 0] = np.nan
    elif kind == "a piece":
        path.write_bytes(path.read_bytes()[:3000])
    elif kind == "text":
        path.write_text("weights")
    elif kind == "compressed":
        with h5py.File(path, "r+") as file:
            del file["layers/dense/vars/0"]
            file.create_dataset("layers/dense/vars/0", data=np.zeros((81, 10), np.float32), compression="gzip")
    return path


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["a link", "no number", "a piece", "text", "compressed"])
def test_a_file_that_something_is_wrong_with_is_refused_in_a_sentence(build, folder, tmp_path, kind):
    from cnncli.factory.pretrained import load_layers
    from cnncli.factory.weights import save_weights

    model = build("Flatten", DENSE, shape=(9, 9, 1))
    path = tmp_path / "bad.weights.h5"
    save_weights(model, path)
    before = model.get_weights()
    broken(path, kind)
    with pytest.raises(DataError, match=r"bad\.weights\.h5'"):
        load_layers(model, path)
    assert all(np.array_equal(*pair) for pair in zip(before, model.get_weights(), strict=True))


@pytest.fixture(scope="module")
def files(folder, network):
    """The weights of one network in every form that they come in."""
    from cnncli.factory.model import Preprocessing, build_model
    from cnncli.factory.weights import save_weights

    nodes = network({BACKBONE: {**SMALL[BACKBONE], "name": "other"}}, DENSE)
    whole = build_model(nodes, (48, 48, 3), 3, Preprocessing(), "float32", 1, "whole")
    backbone = whole.get_layer("other")
    save_weights(whole, folder / "in_a_model.weights.h5")
    whole.save(folder / "model.keras")
    save_weights(backbone, folder / "alone.weights.h5")
    save_old(backbone, folder / "old.h5")
    (folder / "linked.weights.h5").symlink_to(folder / "alone.weights.h5")
    return folder, backbone


@pytest.fixture(scope="module")
def model(build):
    """A model with the backbone, whose weights tests change."""
    return build(SMALL, DENSE, shape=(32, 32, 1), seed=9)


def a_kernel(file):
    """The first kernel of a convolution in a file of weights."""
    arrays = []
    file.visititems(lambda _, each: arrays.append(each) if isinstance(each, h5py.Dataset) else None)
    return next(each for each in arrays if each.ndim == 4)


@pytest.mark.slow
class TestBackbone:
    @pytest.mark.representatives("model.keras")
    @pytest.mark.parametrize(
        "name",
        [
            "in_a_model.weights.h5",
            "alone.weights.h5",
            "model.keras",
            "old.h5",
            "linked.weights.h5",
        ],
    )
    def test_it_is_found_in_every_form(self, model, entry, files, name):
        from cnncli.factory.pretrained import load_backbone

        where, network = files
        backbone = model.get_layer("seen")
        for weight in backbone.weights:  # another test may have loaded the same
            weight.assign(weight + 1)
        layer = load_backbone(model, "seen", entry_of(entry), where / name)
        assert (layer.name, layer.why, layer.parameters) == ("seen", "", network.count_params())
        assert same(backbone, network)

    @pytest.mark.parametrize("name", ["in_a_model.weights.h5", "old.h5"])
    def test_the_weights_of_another_network_are_refused(self, model, entry, files, tmp_path, name):
        """One whose layers have the same names, and one of them other weights."""
        from cnncli.factory.pretrained import load_backbone

        path = tmp_path / name
        path.write_bytes((files[0] / name).read_bytes())
        with h5py.File(path, "r+") as file:
            kernel = a_kernel(file)
            place, narrower = kernel.name, kernel[..., :-1]
            del file[place]
            file[place] = narrower
        with pytest.raises(DataError, match="does not hold the weights of MobileNet"):
            load_backbone(model, "seen", entry_of(entry), path)

    @pytest.mark.exhaustive
    def test_a_whole_model_in_the_older_layout_is_refused_with_the_way_to_save_it_again(self, build, entry, tmp_path):
        from cnncli.factory.pretrained import load_backbone

        whole = build({BACKBONE: {**SMALL[BACKBONE], "name": "other"}}, DENSE, shape=(32, 32, 3))
        path = save_old(whole, tmp_path / "whole.h5")
        model = build(SMALL, DENSE, shape=(32, 32, 3))
        with pytest.raises(DataError, match="does not hold the weights of MobileNet") as raised:
            load_backbone(model, "seen", entry_of(entry), path)
        assert "load_model('my.h5').save('my.keras')" in raised.value.hint

    @pytest.mark.exhaustive
    @pytest.mark.parametrize("name", ["in_a_model.weights.h5", "old.h5"])
    def test_numbers_that_are_not_finite_are_refused(self, model, entry, files, tmp_path, name):
        from cnncli.factory.pretrained import load_backbone

        path = tmp_path / name
        path.write_bytes((files[0] / name).read_bytes())
        with h5py.File(path, "r+") as file:
            a_kernel(file)[0, 0, 0, 0] = np.nan
        with pytest.raises(DataError, match="not finite numbers"):
            load_backbone(model, "seen", entry_of(entry), path)


@pytest.mark.slow
class TestImageNet:
    @pytest.mark.exhaustive
    def test_keras_is_asked_for_the_weights_and_downloads_nothing_itself(self, build, entry, folder):
        import keras

        from cnncli.factory.pretrained import load_imagenet

        asked = []

        def fetch(name, url, digest):
            asked.append((name, url.rpartition("/")[2], len(digest)))
            theirs = keras.applications.MobileNetV3Small(
                weights=None, include_top=False, input_shape=(224, 224, 3), alpha=0.75
            )
            return save_old(theirs, folder / name)

        model = build(OF_IMAGENET, DENSE, shape=(40, 32, 1))
        before = keras.utils.get_file
        layer = load_imagenet(model, "seen", entry("layer", OF_IMAGENET), fetch)
        name = "weights_mobilenet_v3_small_224_0.75_float_no_top_v2.h5"
        assert asked == [(name, name, 32)]
        assert (layer.parameters, layer.why) == (583_160, "")
        with h5py.File(folder / name) as file:
            stored = file["conv/conv/kernel"][...]
        assert np.array_equal(model.get_layer("seen").get_layer("conv").kernel, stored)
        assert keras.utils.get_file is before

    @pytest.mark.exhaustive
    def test_a_damaged_file_is_told_with_what_to_do(self, build, entry, tmp_path):
        from cnncli.factory.pretrained import load_imagenet

        def fetch(name, url, digest):
            (tmp_path / name).write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(1000))
            return tmp_path / name

        with pytest.raises(DataError, match="is not the ImageNet weights of MobileNetV3Small") as caught:
            load_imagenet(build(OF_IMAGENET, DENSE, shape=(32, 32, 3)), "seen", entry("layer", OF_IMAGENET), fetch)
        assert caught.value.hint == f"delete '{next(tmp_path.iterdir())}', and it is downloaded again"

    @pytest.mark.exhaustive
    @pytest.mark.filterwarnings("ignore:The structure of `inputs`")  # Keras 3.15 of every network with one input
    def test_efficientnet_computes_what_keras_own_does_though_it_has_one_layer_less(self, entry, build, folder):
        """Keras builds another network when it is for ImageNet; and statistics live on in a checkpoint."""
        import keras

        from cnncli.factory.pretrained import load_backbone, load_imagenet
        from cnncli.runner.training.variables import assign, values_of

        plain = keras.applications.EfficientNetB0(weights=None, include_top=False, input_shape=(224, 224, 3))
        (normalization,) = [layer for layer in plain.layers if isinstance(layer, keras.layers.Normalization)]
        normalization.adapt_mean.assign([0.485, 0.456, 0.406])
        normalization.adapt_variance.assign([0.229, 0.224, 0.225])  # as the published file has it
        file = save_old(plain, folder / "efficientnet.h5")

        layer = {"EfficientNetB0": {"name": "seen"}}
        model = build(layer, "GlobalAveragePooling2D", DENSE, shape=(48, 48, 3))
        load_imagenet(model, "seen", entry("layer", layer), lambda *asked: file)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys.modules[keras.utils.get_file.__module__], "get_file", lambda *a, **b: str(file))
            theirs = keras.applications.EfficientNetB0(include_top=False, input_shape=(48, 48, 3))
        own = model.get_layer("seen")
        np.testing.assert_allclose(stem(own), stem(theirs), rtol=1e-4, atol=1e-4)
        assert np.abs(stem(own)).max() > 0.5
        assert same(own.get_layer("top_conv"), theirs.get_layer("top_conv"))

        again = build(layer, "GlobalAveragePooling2D", DENSE, shape=(48, 48, 3), seed=5)
        load_backbone(again, "seen", entry("layer", layer), file)
        assert same(again.get_layer("seen"), own)
        assert np.array_equal(stem(again.get_layer("seen")), stem(own))

        # a checkpoint holds the mended variance, which is not mended twice
        for each in (model, again):
            each.compile("sgd", "sparse_categorical_crossentropy")
        again.set_weights([array + 1 for array in again.get_weights()])
        assign(again, values_of(model, None), None)
        assert np.array_equal(again(images(size=48)), model(images(size=48)))
