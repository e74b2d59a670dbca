"""A heat map is hottest where the evidence is: pictures are made in which that is known."""

import numpy as np
import pytest

from cnncli.insight.heatmap import METHODS, Evidence, Logit, Occlusion, checked_by_covering, without
from cnncli.insight.probabilities import log_odds

pytestmark = pytest.mark.slow


def convolution(filters, **more):
    return {"Conv2D": {"filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu", **more}}


SOFTMAX = {"Dense": {"units": "classes", "activation": "softmax"}}
POOLED = [convolution(8), "MaxPooling2D", convolution(12), "MaxPooling2D", convolution(16), "GlobalMaxPooling2D"]
STRIDED = [
    convolution(12, strides=2, name="before"),
    convolution(12, name="change"),
    {"Add": {"inputs": ["before", "change"]}},
    convolution(16, strides=2),
    "GlobalAveragePooling2D",
]
BRANCHED = [
    convolution(8),
    "MaxPooling2D",
    convolution(12, name="both"),
    "MaxPooling2D",
    convolution(16),
    {"GlobalMaxPooling2D": {"name": "one"}},
    convolution(12, strides=2, inputs="both"),
    {"GlobalAveragePooling2D": {"name": "other"}},
    {"Concatenate": {"inputs": ["one", "other"]}},
]
NETWORKS = {
    # layers, precision, and how many of ten hottest places lie in the bar at least
    "pooled": (POOLED, "mixed_bfloat16", 9),
    "strided": (STRIDED, "float32", 9),
    "branched": (BRANCHED, "float32", 7),
}


def network_of(model):
    from cnncli.insight.feature_maps import Network

    return Network(model)


@pytest.fixture(scope="module")
def pictures(marked):
    return marked(2000, 0), marked(100, 1)


def train(model, images, labels):
    loss = "binary_crossentropy" if model.output_shape[-1] == 1 else "sparse_categorical_crossentropy"
    model.compile("adam", loss)
    model.optimizer.learning_rate = 0.005
    model.fit(images, labels, batch_size=32, epochs=8, verbose=0)


def maps_of(model, method, images, labels):
    network, units = network_of(model), model.output_shape[-1]
    return [
        METHODS[method](network, image, Logit.of(int(label), units)).values
        for image, label in zip(images, labels, strict=True)
    ]


def hits(maps, corners):
    """The share of maps whose hottest place lies in the bar, or 2 pixels beside it: half a cell."""
    hottest = np.array([np.unravel_index(each.argmax(), each.shape) for each in maps])  # (images, 2)
    beyond = hottest - corners
    return ((beyond >= -2) & (beyond <= 9)).all(axis=1).mean()


def alike(some, others):
    """The mean correlation of two maps of the same image."""
    return np.mean([np.corrcoef(one.ravel(), other.ravel())[0, 1] for one, other in zip(some, others, strict=True)])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", NETWORKS)
def test_the_hottest_place_lies_in_the_evidence_and_for_random_weights_elsewhere(build, pictures, name):
    """As in Adebayo et al., "Sanity Checks for Saliency Maps" (2018)."""
    layers, precision, tenths = NETWORKS[name]
    untrained, model = (build(*layers, SOFTMAX, shape=(42, 42, 1), classes=3, precision=precision) for _ in range(2))
    trained = build(*layers, SOFTMAX, shape=(42, 42, 1), classes=3)  # halves have no hurry on many a processor
    train(trained, *pictures[0][:2])
    model.set_weights(trained.get_weights())
    images, labels, corners = pictures[1]
    predicted = np.asarray(model(images, training=False)).argmax(axis=1)
    chosen = np.flatnonzero((predicted == labels) & (labels < 2))[:24]
    assert len(chosen) == 24
    images, labels, corners = images[chosen], labels[chosen], corners[chosen]
    found = maps_of(model, "layercam", images, labels)
    assert hits(found, corners) >= tenths / 10
    assert hits(maps_of(model, "gradcam", images, labels), corners) >= tenths / 10
    assert hits(maps_of(model, "occlusion", images[:10], labels[:10]), corners[:10]) >= 0.6
    random = maps_of(untrained, "layercam", images, labels)
    assert hits(random, corners) < 0.4
    assert alike(found, random) < 0.6
    assert np.mean([_is_confirmed(model, *one) for one in zip(images, labels, found, strict=True)]) >= 0.9
    last = model.layers[-1]
    last.set_weights([1000 * weight for weight in last.get_weights()])
    assert (np.asarray(model(images, training=False)).max(axis=1) == 1).all()
    assert alike(maps_of(model, "layercam", images, labels), found) > 0.999  # no gradient passes such a softmax


@pytest.mark.exhaustive
def test_each_class_of_one_unit_has_evidence_of_its_own(build, pictures):
    (images, labels, _), (others, truth, corners) = pictures
    model = build(*STRIDED, {"Dense": {"units": 1, "activation": "sigmoid"}}, shape=(42, 42, 1), classes=2)
    train(model, images[labels < 2], labels[labels < 2])
    predicted = np.asarray(model(others, training=False))[:, 0] > 0.5
    chosen = np.flatnonzero((predicted == truth) & (truth < 2))
    others, truth, corners = others[chosen], truth[chosen], corners[chosen]
    found = maps_of(model, "layercam", others, truth)
    assert hits(found, corners) >= 0.7
    opposite = maps_of(model, "layercam", others, 1 - truth)
    assert hits(opposite, corners) < 0.3
    assert alike(found, opposite) < 0.3


def _is_confirmed(model, image, label, values):
    """Whether the answer suffers more from covering the hottest part than from covering as much elsewhere."""
    network, logit = network_of(model), Logit.of(int(label), model.output_shape[-1])
    covered, *others = np.asarray(logit(network.logits(checked_by_covering(image, Evidence(values, (1, 1))))))
    return covered < np.mean(others)


def test_occlusion_asks_each_part_in_turn(build):
    model = build("Flatten", SOFTMAX, shape=(28, 20, 1), classes=2)
    kernel = np.zeros((28, 20, 2), np.float32)
    kernel[20:24, 3:6, 1] = 1  # only these pixels count, for the second class
    model.layers[-1].set_weights([kernel.reshape(-1, 2), np.zeros(2)])
    image = np.random.default_rng(0).integers(0, 60, (28, 20, 1)).astype(np.uint8)
    image[20:24, 3:6] = 255
    evidence = METHODS["occlusion"](network_of(model), image, Logit.of(1, 2))
    assert evidence.cells == (7, 7)
    row, column = np.unravel_index(evidence.values.argmax(), evidence.values.shape)
    assert 18 <= row <= 25
    assert 2 <= column <= 7
    assert not METHODS["occlusion"](network_of(model), image, Logit.of(0, 2)).values.any()
    windows = Occlusion(image)
    answers = np.asarray(model(np.stack([image, *map(windows.covered, range(len(windows)))]), training=False))
    odds = log_odds(answers, 1)  # of two classes, by which their logits differ
    assert np.allclose(windows.evidence(odds[0], odds[1:]).values, evidence.values, atol=1e-3)


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (6, 40)])
def test_occlusion_works_for_images_of_few_pixels(build, size):
    model = build("Flatten", SOFTMAX, shape=(*size, 3), classes=2)
    image = np.random.default_rng(0).integers(0, 256, (*size, 3)).astype(np.uint8)
    evidence = METHODS["occlusion"](network_of(model), image, Logit.of(0, 2))
    assert evidence.values.shape == size
    assert np.isfinite(evidence.values).all()


def test_the_first_class_of_one_unit_has_the_opposite_logit():
    logits = np.array([[2.0], [-3.0]])
    assert Logit.of(1, 1)(logits).tolist() == [2, -3]
    assert Logit.of(0, 1)(logits).tolist() == [-2, 3]
    assert Logit.of(1, 2)(np.array([[1.0, 5.0]])).tolist() == [5]


def test_what_is_covered_has_the_mean_colour_and_as_much_elsewhere():
    image = np.random.default_rng(0).integers(0, 256, (20, 30, 3)).astype(np.uint8)
    values = np.zeros((20, 30), np.float32)
    values[2:8, 5:15] = np.arange(1, 61).reshape(6, 10)
    covered = checked_by_covering(image, Evidence(values, (7, 7)))
    mean = np.rint(image.mean(axis=(0, 1)))
    changed = (covered != image).any(axis=-1)  # (4, 20, 30)
    assert (covered[0, 2:8, 5:15] == mean).all()
    assert (covered[3, 12:18, 20:30] == mean).all()
    assert [int(each.sum()) for each in changed] == [60] * 4
    assert (without(image, np.zeros((1, 20, 30), bool))[0] == image).all()
