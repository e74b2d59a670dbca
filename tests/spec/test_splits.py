"""A source that divides its images itself, and a spec that asks for another division."""

import pytest

from cnncli.errors import SpecError, path_text
from cnncli.spec import parse
from cnncli.spec.reader import read

MODEL = "model: {layers: [GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}]}\n"


def spec_of(split, source="{folder: {path: a}}"):
    return parse(read(f"data:\n  source: {source}\n  split: {split}\n{MODEL}", "a.yaml")).spec


@pytest.mark.parametrize(
    ("split", "own", "refused"),
    [
        ("{test: 0.2}", ("train", "test"), ["data.split.test"]),  # also when it says what is the default
        ("{validation: 0.1}", ("train", "test"), []),  # taken from the training images
        ("{test: 0.2, validation: 0.1}", ("train",), []),
        ("{test: 0.2}", ("train", "validation"), []),
        ("{validation: 0.1}", ("train", "validation"), ["data.split.validation"]),
        ("{validation: test}", ("train", "validation", "test"), ["data.split.validation"]),
        ("{validation: 0}", ("train", "validation", "test"), []),  # none of them is wanted
        ("{validation: 9, test: 9}", ("train", "validation", "test"), ["data.split.test", "data.split.validation"]),
        ("{stratify: false}", ("train", "validation", "test"), []),
        ("{}", ("train", "validation", "test"), []),  # defaults ask for nothing
    ],
)
def test_a_part_that_the_source_has_already_is_refused(split, own, refused):
    found = spec_of(split).data.split.contradictions(own)
    assert sorted(path_text(problem.path) for problem in found) == refused


def test_of_a_builtin_it_is_known_beforehand_and_located():
    with pytest.raises(SpecError) as caught:
        spec_of("{test: 0.3, validation: 0.1}", "mnist")
    (problem,) = caught.value.problems
    assert (problem.place.line, problem.place.column) == (3, 17)
    assert problem.message == "the source has test images of its own, and they are used; leave 'test' out"
