"""Every layer and activation of the catalogue in every format: it agrees with Keras, or is refused by name."""

import json

import numpy as np
import pytest

from cnncli.catalog import parse
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.export_formats import EXPORT_FORMATS
from cnncli.catalog.names import FAMILIES
from cnncli.export.refusals import REFUSALS

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

CONVOLUTIONS = [
    {"Conv2D": {"filters": 4, "kernel_size": 3, "groups": 2}},
    {"Conv2D": {"filters": 4, "kernel_size": [5, 2], "strides": [2, 3], "padding": "same"}},
    {"Conv2D": {"filters": 4, "kernel_size": 3, "dilation_rate": [1, 3], "use_bias": False}},
    {"Conv2D": {"filters": 4, "kernel_size": 3, "groups": 4, "dilation_rate": 2}},
    {"Conv2DTranspose": {"filters": 4, "kernel_size": 3, "strides": 2}},
    {"Conv2DTranspose": {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 1}},
    {"Conv2DTranspose": {"filters": 4, "kernel_size": 3, "dilation_rate": 2}},
    {"DepthwiseConv2D": {"kernel_size": 3, "depth_multiplier": 2}},
    {"DepthwiseConv2D": {"kernel_size": 3, "strides": 2, "padding": "same"}},
    {"SeparableConv2D": {"filters": 4, "kernel_size": 3}},
]
OTHERS = [
    *(
        {name: {"pool_size": size, "padding": pad}}
        for name in ("MaxPooling2D", "AveragePooling2D")
        for size in (2, 3)
        for pad in ("same", "valid")
    ),
    "GlobalMaxPooling2D",
    "GlobalAveragePooling2D",
    {"AdaptiveMaxPooling2D": {"output_size": 4}},
    {"AdaptiveAveragePooling2D": {"output_size": [5, 3]}},
    {"Dense": {"units": 3}},
    {"ReLU": {"max_value": 6, "negative_slope": 0.1, "threshold": 0.5}},
    {"LeakyReLU": {"negative_slope": 0.2}},
    "PReLU",
    {"PReLU": {"shared_axes": [1, 2]}},
    "ELU",
    "Softmax",
    "BatchNormalization",
    "LayerNormalization",
    {"GroupNormalization": {"groups": 2}},
    "RMSNormalization",
    "UnitNormalization",
    {"SpectralNormalization": {"layer": {"Dense": {"units": 3}}}},
    *({name: {"rate": 0.3}} for name in ("Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout")),
    {"GaussianNoise": {"stddev": 0.3}},
    "ActivityRegularization",
    "Flatten",
    {"Reshape": {"target_shape": [15, 17, 4]}},
    {"Permute": {"dims": [3, 1, 2]}},
    {"ZeroPadding2D": {"padding": [[1, 0], [2, 3]]}},
    {"Cropping2D": {"cropping": 2}},
    *({"UpSampling2D": {"interpolation": each}} for each in ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")),
    "Identity",
]
MERGES = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"]
ACTIVATIONS = [{"Activation": {"activation": name}} for name in FAMILIES["activation"]]
CASES = [*CONVOLUTIONS, *OTHERS, *MERGES, *ACTIVATIONS]


def name_of(case):
    return case if isinstance(case, str) else next(iter(case))


def entry_of(case):
    problems = []
    parsed = parse("layer", case, (), problems)
    assert not problems
    return parsed


def exported(network, form, folder):
    """What the exported file makes of images, for networks whose outputs have any names."""
    from cnncli.export.onnx_file import _cured

    path = folder / EXPORT_FORMATS[form].file
    if form == "onnx":
        import onnxruntime

        with _cured(network):
            network.export(str(path), format="onnx", verbose=False)
        session = onnxruntime.InferenceSession(path)
        return lambda images: dict(
            zip([o.name for o in session.get_outputs()], session.run(None, {"image": images}), strict=True)
        )
    if form == "litert":
        from ai_edge_litert.interpreter import Interpreter

        network.export(str(path), format="litert", verbose=False)
        runner = Interpreter(str(path)).get_signature_runner()
        return lambda images: runner(image=images)
    import openvino

    network.export(str(path), format="openvino", verbose=False)
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda images: {
        name: value for output, value in compiled({"image": images}).items() for name in output.get_names()
    }


def test_every_layer_and_activation_is_tried():
    tried = {name_of(case) for case in CASES}
    assert tried >= set(FAMILIES["layer"]) - set(BACKBONES)


@pytest.mark.parametrize("form", ["onnx", "litert", "openvino"])
def test_every_layer_agrees_or_is_refused(form, tmp_path):
    from cnncli.factory.objects import construct
    from cnncli.startup import keras

    keras.utils.set_random_seed(0)
    inputs, outputs, kept = keras.Input((17, 15, 4), name="image"), {}, {}
    for number, case in enumerate(CASES):
        entry = entry_of(case)
        if any(form in each.formats and each.applies(entry) for each in REFUSALS):
            continue
        layer = construct(entry)
        given = [inputs, keras.layers.Rescaling(0.7)(inputs)] if name_of(case) in MERGES else inputs
        output = layer(given, training=False) if "Dropout" in name_of(case) else layer(given)
        # by factors of their own, so that no two are the same: OpenVINO would give both one name
        outputs[f"case_{number}"] = keras.layers.Rescaling(1 + (number + 1) / 1024)(output)
        kept[f"case_{number}"] = case
    network = keras.Model(inputs, outputs)
    draws = np.random.default_rng(1)
    network.set_weights([draws.uniform(0.1, 0.5, each.shape).astype(np.float32) for each in network.get_weights()])
    still = keras.Model(inputs, network(inputs, training=False))
    still.predict_on_batch(np.zeros((1, 17, 15, 4)))  # Keras exports no model that was never called
    run = exported(still, form, tmp_path)
    for images in (draws.normal(size=(count, 17, 15, 4)).astype(np.float32) for count in (1, 3)):
        expected, found = network.predict_on_batch(images), run(images)
        wrong = {
            json.dumps(kept[name]): float(np.abs(found[name] - value).max() / max(1.0, np.abs(value).max()))
            for name, value in expected.items()
        }
        assert {name: error for name, error in wrong.items() if not error <= 1e-5} == {}
