"""Whole networks in every format: those of the specs that come with cnncli, and backbones with new weights.

CNNCLI_BACKBONES names other backbones, or `all`, which are whole.
"""

import os

import numpy as np
import pytest

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.export_formats import EXPORT_FORMATS
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.samples import Samples
from cnncli.spec import load
from cnncli.spec.shipped import shipped

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

IMAGES = 5
FORMATS = ("onnx", "litert", "openvino", "saved_model")
# Fewer features, which make the files large and change nothing else
SMALLER = {
    "cifar10": (*(f"model.layers[{at}].Conv2D.filters=32" for at in (7, 9, 11)), "model.layers[15].Dense.units=64")
}
# Depthwise and squeezed; others are made of layers that are tested one by one. The blocks behind this layer have the
# same layers in the same order as those before, and take as long again.
CHOSEN = {"MobileNetV3Small": "expanded_conv_6_expand_bn"}
TRANSFER = next(one for one in shipped() if one.name == "transfer_mobilenet")


def networks():
    """The smallest shipped specs in which every layer comes behind every other behind which it comes in any of them."""
    chosen = {one: load(one.file).spec.model.nodes for one in reversed(shipped()) if one != TRANSFER}
    for one in sorted(chosen, key=lambda one: -len(chosen[one])):
        if pairs(chosen[one]) <= {pair for other, nodes in chosen.items() if other != one for pair in pairs(nodes)}:
            del chosen[one]
    return chosen


def pairs(nodes):
    """The kinds of layers that follow one another."""
    kinds = [node.entry.name for node in nodes]
    return {
        (kinds[at] if at >= 0 else "image", kind) for node, kind in zip(nodes, kinds, strict=True) for at in node.inputs
    }


def backbones():
    asked = os.environ.get("CNNCLI_BACKBONES", "").split()
    chosen = BACKBONES if asked == ["all"] else asked
    return [(each, None) for each in chosen] or [*CHOSEN.items()]


def some(shape):
    """Images of noise, each of another brightness."""
    draws = np.random.default_rng(1)
    levels = np.linspace(40, 255, IMAGES).reshape(-1, 1, 1, 1)
    return (draws.uniform(0, 1, (IMAGES, *shape)) * levels).astype(np.uint8)


def awaken(model):
    """Makes every layer of a new model matter: most backbones answer the same to all images at first."""
    from cnncli.startup import keras

    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0  # so that one batch sets mean and variance
        elif type(layer).__name__ == "LayerScale":
            layer.set_weights([np.full(each.shape, 0.5) for each in layer.get_weights()])
    model(some(model.input_shape[1:]).astype(np.float32), training=True)


def require_every_format(network, classes, folder):
    """Exports a network, and compares what the program beside each file answers with it, as an export does."""
    import json

    from cnncli.export import program, writer_of
    from cnncli.export.check import Reference
    from cnncli.export.description import DESCRIPTION, PROGRAM, description

    shape = network.input_shape[1:]
    reference = Reference.of(network, Samples.numbered(some(shape), np.zeros(IMAGES, np.int64)), None)
    assert np.ptp(reference.probabilities, axis=0).max() > 1e-3  # the answers depend on the image
    for name in FORMATS:
        form, image, target = EXPORT_FORMATS[name], InputFormat(*shape), folder / name
        target.mkdir()
        writer = writer_of(form)
        writer.write(network, target / form.file, classes)
        facts = description(form, "spec", classes, image, int8=False)
        (target / DESCRIPTION).write_text(json.dumps(facts))
        (target / PROGRAM).write_text(program.program(writer.RUNTIME, form.needs, image))
        reference.require_equal(name, reference.compared_with(program.opened(target)))


@pytest.mark.parametrize("one", networks(), ids=lambda one: one.name)
def test_a_shipped_network_answers_the_same_in_every_format(one, tmp_path):
    require_same_answers(tmp_path, one, *SMALLER.get(one.name, ()))


def kinds_behind(model):
    """The kinds of layers that follow one another in a model of Keras."""
    return {
        (type(tensor._keras_history.operation), type(layer))
        for layer in model.layers
        for tensor in layer._inbound_nodes[0].input_tensors
    }


def first_blocks(whole, last):
    """A network up to the activation behind one of its layers, with all pairs of layers of the whole one."""
    from cnncli.startup import keras

    at = [layer.name for layer in whole.layers].index(last) + 1
    cut = keras.Model(whole.input, whole.layers[at].output)
    assert kinds_behind(cut) == kinds_behind(whole)
    return cut


@pytest.mark.parametrize(("backbone", "last"), backbones())
def test_a_backbone_answers_the_same_in_every_format(backbone, last, tmp_path, monkeypatch):
    """Nothing is downloaded, and three classes stand for those of a person's folder."""
    from cnncli.factory import backbones

    whole = backbones.network
    if last:
        monkeypatch.setattr(backbones, "network", lambda *arguments: first_blocks(whole(*arguments), last))
    layer = f"model.layers[0]={{{backbone}: {{weights: null}}}}"
    require_same_answers(
        tmp_path, TRANSFER, layer, "train.stages=null", "data.classes=[one, two, three]", "data.image.size=96"
    )


def require_same_answers(folder, one, *changes):
    from cnncli.export.network import with_probabilities
    from cnncli.runner.inputs.splits import load_input_spec
    from cnncli.runner.model.build import build_model, encoding_for

    spec = load(one.file, changes).spec
    inputs = load_input_spec(spec.data)
    classes = inputs.class_names
    model = build_model(spec.model.nodes, inputs, "float32", 0, "network")
    awaken(model)
    encoding = encoding_for(spec.train, model, len(classes))
    network = with_probabilities(model, spec.train.loss, encoding, len(classes), "network")
    require_every_format(network, classes, folder)
