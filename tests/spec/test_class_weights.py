"""Class weights and losses with which a training would learn nothing."""

import pytest

from cnncli.catalog.entries import Entry
from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.class_weights import weightless_loss, wrong_class_weights

SPEC = {
    "data": {"source": {"folder": {"path": "pets"}}, "image": {"size": 8}},
    "model": {"layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]},
}


def problems(classes, weights) -> list[str]:
    spec = {**SPEC, "data": {**SPEC["data"], "classes": classes}, "train": {"class_weight": weights}}
    try:
        load(spec)
    except SpecError as error:
        return [problem.message for problem in error.problems]
    return []


@pytest.mark.parametrize("classes", [["cat", "dog"], {"c": "cat", "d": "dog"}])
@pytest.mark.parametrize(
    ("weights", "words"),
    [
        ({"Cat": 2}, "no class is called 'Cat'; did you mean 'cat'?"),
        ({"c": 2}, "no class is called 'c'"),
        ({"cat": 0, "dog": 0}, "the weight of every class is 0"),
        ({"cat": 0, "dog": 1e-50}, "the weight of every class is 0"),
    ],
)
def test_what_a_spec_alone_tells_is_found_by_the_check(classes, weights, words):
    assert any(words in message for message in problems(classes, weights))


def test_where_the_images_decide_the_names_the_check_does_not_judge():
    assert problems(None, {"Cat": 2}) == []
    assert problems(["cat", "dog"], {"cat": 0}) == []


def test_a_misspelt_name_is_not_called_weightless_too():
    (one,) = wrong_class_weights({"Cat": 0, "cat": 0, "dog": 0}, ("cat", "dog"))
    assert "no class is called" in one.message


@pytest.mark.parametrize(
    ("name", "arguments", "wrong"),
    [
        ("CategoricalFocalCrossentropy", {"alpha": 0.0}, 1),
        ("CategoricalFocalCrossentropy", {"alpha": 0.25}, 0),
        ("CategoricalFocalCrossentropy", {}, 0),
        ("Tversky", {"alpha": 0.0, "beta": 0.0}, 1),
        ("Tversky", {"alpha": 0.0, "beta": 0.5}, 0),
        ("CategoricalCrossentropy", {}, 0),
    ],
)
def test_losses_that_are_0_for_every_image(name, arguments, wrong):
    assert len(list(weightless_loss(Entry("loss", name, arguments)))) == wrong
