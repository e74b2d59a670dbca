"""Every network that comes with cnncli, and backbones with new weights, show where their evidence is.

CNNCLI_BACKBONES names other backbones, or `all`.
"""

import os

import numpy as np
import pytest

from cnncli.catalog.backbones import BACKBONES
from cnncli.insight.heatmap import Logit, grad_cam, layer_cams
from cnncli.spec import load
from cnncli.spec.shipped import shipped

pytestmark = pytest.mark.slow

# Nothing is downloaded, and three classes stand for those of a person's folder
INSTEAD = {"transfer_mobilenet": ("model.layers[0].MobileNetV2.weights=null", "data.classes=[one, two, three]")}
# One of each kind: gated, branches, dense connections, nested models
CHOSEN = ("MobileNetV2", "MobileNetV3Small", "InceptionV3", "DenseNet121", "ConvNeXtTiny")
HEAD = ["GlobalAveragePooling2D", {"Dense": {"units": "classes", "activation": "softmax"}}]


def backbones():
    asked = os.environ.get("CNNCLI_BACKBONES", "").split()
    return tuple(BACKBONES) if asked == ["all"] else tuple(asked) or CHOSEN


def require_evidence(model):
    """Draws maps of one image; answers and logits must agree, and the evidence be somewhere for one class at least."""
    from cnncli.insight.feature_maps import Network

    network = Network(model)
    image = np.random.default_rng(0).integers(0, 256, model.input_shape[1:]).astype(np.uint8)
    maps = network.last_feature_maps()
    assert maps
    assert all(each.place.is_learned for each in maps)
    answers = np.asarray(model(image[None], training=False))  # (1, units)
    logits = np.asarray(network.logits_from(maps, network.features(image[None], maps)))
    raised = np.exp(logits - logits.max())
    np.testing.assert_allclose(raised / raised.sum(), answers, atol=1e-5)
    classes = [Logit.of(label, answers.shape[1]) for label in range(3)]
    found = [*layer_cams(network, np.stack([image] * 3), classes), grad_cam(network, image, classes[0])]
    evidence = sum(each.values for each in found)
    assert evidence.shape == image.shape[:2]
    assert np.isfinite(evidence).all()
    assert 0 <= evidence.min() < evidence.max()
    return maps


@pytest.mark.representatives("mnist/tutorial", "inception_small")
@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.name)
def test_every_shipped_network_shows_evidence(one):
    from cnncli.runner.inputs.splits import load_input_spec
    from cnncli.runner.model.build import build_model

    spec = load(one.file, INSTEAD.get(one.name, ())).spec
    require_evidence(build_model(spec.model.nodes, load_input_spec(spec.data), "float32", spec.seed, spec.name))


SMALL = {"MobileNet": {"weights": None, "alpha": 0.25}}  # the one with the fewest layers that are not large


@pytest.mark.representatives("small")
@pytest.mark.parametrize(
    ("backbone", "side"), [(SMALL, 64), *(({name: {"weights": None}}, 96) for name in backbones())],
    ids=["small", *backbones()],
)  # fmt: skip
def test_every_backbone_shows_evidence(build, monkeypatch, backbone, side):
    from keras.src.applications import convnext

    if "CNNCLI_BACKBONES" not in os.environ:  # each stage of a ConvNeXt with one block, and narrow
        few = {"depths": [1] * 4, "projection_dims": [8, 16, 24, 32], "default_size": 224}
        monkeypatch.setitem(convnext.MODEL_CONFIGS, "tiny", few)
    maps = require_evidence(build(backbone, *HEAD, shape=(side, side, 3), classes=4))
    assert all(min(each.cells) >= 7 for each in maps)
