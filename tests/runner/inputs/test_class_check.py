"""Class names that weights, splits and people use are held against those of the images where a training starts."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.data.samples import ImageData, Samples
from cnncli.errors import DataError, SpecError
from cnncli.runner.inputs.class_check import require_fitting_spec, require_known_classes, unused_splits
from cnncli.spec import load
from cnncli.spec.schema import Split

LAYERS = ("Flatten", "Dense: {units: classes}")


def spec(class_weight=None, layers=LAYERS):
    """A spec of photographs, whose size and classes it does not say."""
    lines = "".join(f"\n    - {layer}" for layer in layers)
    text = f"data: {{source: {{folder: {{path: pets}}}}}}\nmodel:\n  layers:{lines}\n"
    return load(text, {} if class_weight is None else {"train.class_weight": class_weight}).spec


def source(names=("cat", "dog"), foreign=None, **labels) -> ImageData[Samples]:
    splits = {
        split: Samples.numbered(np.zeros((len(of), 1, 1, 1), np.uint8), np.array(of)) for split, of in labels.items()
    }
    return ImageData(names, splits, (), foreign or {})


def test_a_class_that_training_lacks_is_refused_where_it_is_used():
    data = source(train=[0, 1], validation=[0, 1], foreign={"validation": {"wolf": 1}})
    with pytest.raises(DataError, match="the validation images have the class wolf, which the training images") as told:
        require_known_classes(data, ["train", "validation"])
    assert "data.classes" in told.value.hint
    assert "data.split.validation: 0" in told.value.hint
    require_known_classes(data, ["train"])


def test_names_that_differ_by_case_alone_can_be_merged():
    data = source(train=[0, 1], test=[0, 1], foreign={"test": {"Cat": 1, "Dog": 2}})
    with pytest.raises(DataError, match="have the classes Cat, Dog") as told:
        require_known_classes(data, ["train", "test"])
    assert "set data.classes: {cat: cat, dog: dog, Cat: cat, Dog: dog}" in told.value.hint


@pytest.mark.parametrize(("validation", "unused"), [(0, ("validation",)), (0.1, ()), ("test", ())])
def test_validation_images_that_are_not_wanted_are_not_judged(validation, unused):
    assert unused_splits(Split(validation=validation)) == unused


@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"Cat": 50.0}, "no class is called 'Cat'; did you mean 'cat'?"),
        ({"cat": 1.0, "wolves": 2.0}, "no class is called 'wolves'; the classes are cat, dog"),
        ({"cat": 0.0, "dog": 0.0}, "the weight of every class is 0"),
        ({"cat": 0.0, "dog": 1e-60}, "the weight of every class is 0"),
        ({"cat": 1e39}, "is too large"),
    ],
)
def test_weights_that_cannot_be_meant(weights, words):
    with pytest.raises(SpecError) as caught:
        require_fitting_spec(spec(weights), (8, 8, 3), ("cat", "dog"))
    assert words in str(caught.value)
    assert caught.value.problems[0].path[:2] == ("train", "class_weight")


@pytest.mark.parametrize("weights", [None, "balanced", {"cat": 50.0}, {"cat": 0.0}, {"cat": 0.0, "dog": 1e-40}])
def test_weights_that_can(weights):
    require_fitting_spec(spec(weights), (8, 8, 3), ("cat", "dog"))


@pytest.mark.parametrize(
    ("layers", "at", "words"),
    [
        (("Flatten", "Dense: {units: 1}"), "model.layers[1].Dense.units", "the model has 1 output for 2 classes"),
        (("MaxPooling2D: {pool_size: 9}", *LAYERS), "model.layers[0]", "its window of 9×9 is larger than its input"),
        (("ZeroPadding2D", LAYERS[1]), "model.layers[1]", "the output is still spread over 10×10 places"),
    ],
)
def test_a_network_that_does_not_fit_the_images_is_refused_at_the_layer(layers, at, words):
    with pytest.raises(SpecError, match=words) as caught:
        require_fitting_spec(spec(layers=layers), (8, 8, 3), ("cat", "dog"))
    assert [problem.key for problem in caught.value.problems] == [at]
