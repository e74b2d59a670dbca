"""What a format cannot express is refused by name, and everything else is exported rightly."""

import pytest

import cnncli
from cnncli.export.refusals import REFUSALS, refused

SPEC = {
    "name": "one",
    "data": {"source": "mnist"},
    "train": {"epochs": 1},
}


def nodes(*layers):
    whole = {**SPEC, "model": {"layers": [*layers, "GlobalAveragePooling2D", {"Dense": {"units": "classes"}}]}}
    whole["train"] = {"epochs": 1, "loss": {"CategoricalCrossentropy": {"from_logits": True}}}
    return cnncli.load_spec(whole).model.nodes


@pytest.mark.parametrize(
    ("layer", "formats"),
    [
        ({"Conv2D": {"filters": 4, "kernel_size": 3, "activation": "celu"}}, {"onnx"}),
        ({"Conv2DTranspose": {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 1}}, {"onnx"}),
        ({"Conv2DTranspose": {"filters": 4, "kernel_size": 3, "dilation_rate": 2}}, {"litert"}),
        ({"UpSampling2D": {"interpolation": "bicubic"}}, {"litert", "openvino"}),
        ({"UpSampling2D": {"interpolation": "lanczos3"}}, {"onnx", "litert", "openvino"}),
        ({"Conv2D": {"filters": 4, "kernel_size": 3, "activation": "gelu"}}, set()),
    ],
)
def test_a_layer_that_a_format_cannot_express_is_named(layer, formats):
    names = {name for name in ("onnx", "litert", "openvino", "saved_model", "keras") if refused(name, nodes(layer))}
    assert names == formats
    for name in formats:
        assert next(iter(layer)) in refused(name, nodes(layer))[0] or "celu" in refused(name, nodes(layer))[0]


def test_every_refusal_has_words_and_a_format():
    assert all(each.words and each.formats for each in REFUSALS)
