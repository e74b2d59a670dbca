"""A network with weights of ImageNet: only for photographs that are few, and never downloaded unasked."""

import numpy as np
import pytest

from cnncli.data.quality.survey import Survey
from cnncli.draft import USUAL, Budget, draft
from cnncli.draft.pretrained import _FILE
from cnncli.spec import parse
from cnncli.spec.reader import read


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The folder that Keras keeps weights in, empty."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def cached(cache):
    (cache / _FILE).parent.mkdir()
    (cache / _FILE).write_bytes(b"weights")
    return cache


def drafted(pretrained=None, per_class=40, size=(200, 300), grey=False, budget=USUAL):
    """The spec for a folder of two classes, and what is said about it."""
    labels = {"train": np.repeat([0, 1], per_class)}
    sizes, greys = np.full((2 * per_class, 2), size), np.full(2 * per_class, grey)
    images = Survey("folder", {"path": "photos"}, ("cat", "dog"), labels, sizes, greys, {"JPEG": len(sizes)}, {}, ())
    notices = []
    loaded = parse(read(draft(images, "photos.yaml", budget, notices.append, pretrained), "photos.yaml"))
    assert loaded.warnings == ()
    return loaded.spec, notices


def has_backbone(spec):
    return any(node.entry.name == "MobileNetV2" for node in spec.model.nodes)


def test_nothing_is_downloaded_unasked(cache):
    spec, notices = drafted()
    assert not has_backbone(spec)
    assert notices == [
        "on so few photographs a network pretrained on ImageNet is nearly always better; to draft one, add "
        "--pretrained; its weights are downloaded by the first training (9 MB from storage.googleapis.com)"
    ]


def test_weights_in_the_cache_are_used(cached):
    spec, notices = drafted()
    assert has_backbone(spec)
    assert spec.data.image.size == [160, 160]
    assert [stage.epochs for stage in spec.train.stages] == [15, 15]
    assert str(cached) in notices[0]
    assert not has_backbone(drafted(pretrained=False)[0])


def test_a_time_limit_goes_with_the_stages(cached):
    spec, _ = drafted(budget=Budget(max_time="10m"))
    assert spec.train.max_time == "10m"
    assert [stage.epochs for stage in spec.train.stages] == [15, 15]


def test_weights_that_are_not_there_are_announced(cache):
    spec, notices = drafted(pretrained=True)
    assert has_backbone(spec)
    assert notices == ["the first training downloads the weights of MobileNetV2 (9 MB from storage.googleapis.com)"]


@pytest.mark.parametrize(
    "more",
    [
        {"grey": True},  # such as X-rays
        {"size": (32, 32)},
        {"per_class": 400},  # enough to learn from
    ],
)
def test_other_images_get_no_backbone(cached, more):
    spec, notices = drafted(**more)
    assert not has_backbone(spec)
    assert notices == []


def test_no_advice_to_those_who_decided(cache):
    assert drafted(pretrained=False)[1] == []
