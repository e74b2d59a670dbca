"""The section `data.split` of a spec: what it accepts, and what has no effect where the source is divided already."""

import pytest
from cases import each

from cnncli.errors import SpecError, path_text
from cnncli.spec import parse
from cnncli.spec.reader import read

MODEL = "model: {layers: [GlobalAveragePooling2D, {Dense: {units: classes, activation: softmax}}]}\n"


def spec_of(split, source="{folder: {path: a}}"):
    return parse(read(f"data:\n  source: {source}\n  split: {split}\n{MODEL}", "a.yaml")).spec


def problems_of(split, source="{folder: {path: a}}"):
    with pytest.raises(SpecError) as caught:
        spec_of(split, source)
    return caught.value.problems


@pytest.mark.parametrize(
    ("split", "own", "unused"),
    [
        ("{test: 0.2}", ("train", "test"), ["data.split.test"]),  # also when it says what is the default
        ("{validation: 0.1}", ("train", "test"), []),  # taken from the training images
        ("{test: 0.2, validation: 0.1}", ("train",), []),
        ("{test: 0.2}", ("train", "validation"), []),
        ("{validation: 0.1}", ("train", "validation"), ["data.split.validation"]),
        ("{validation: test}", ("train", "validation", "test"), ["data.split.validation"]),
        ("{test: validation}", ("train", "validation", "test"), ["data.split.test"]),
        ("{validation: 0}", ("train", "validation", "test"), []),  # none of them is used
        ("{validation: 9, test: 9}", ("train", "validation", "test"), ["data.split.validation", "data.split.test"]),
        ("{stratify: false}", ("train", "validation", "test"), []),
        ("{}", ("train", "validation", "test"), []),  # defaults ask for nothing
    ],
)
def test_the_parts_that_the_source_has_already_have_no_effect(split, own, unused):
    problems = list(spec_of(split).data.split.not_used(own, "photos"))
    assert [path_text(problem.path) for problem in problems] == unused


def test_what_has_no_effect_is_said_with_its_value():
    (problem,) = spec_of("{test: 0.2}").data.split.not_used(("train", "test"), "photos")
    assert problem.message == "photos has its own test images, and they are used: data.split.test: 0.2 has no effect"


@each(
    "split, source, place, words",
    [
        ("{test: validation, validation: 0}", "{folder: {path: a}}", "data.split.test", "no validation images to test"),
        ("{test: validation, validation: test}", "mnist", "data.split.test", "no validation images to test"),
        ("{test: 0}", "{folder: {path: a}}", "data.split.test", "write 'validation' to test on the validation images"),
        ("{folder: {a: test}}", "{folder: {path: p}}", "data.split.folder", "none of the folders is 'train'"),
        ("{folder: {a: train}}", "mnist", "data.split.folder", "only the source folder has folders of splits"),
        ("{folder: {a: train}}", "{table: {path: a.csv}}", "data.split.folder", "use data.source.table.split_column"),
        ("{folder: {a: learn}}", "{folder: {path: a}}", "data.split.folder.a", "one of train, validation, test"),
        ("{group: {column: a}}", "{folder: {path: a}}", "data.split.group.column", "write 'pattern' for file names"),
        ("{group: {pattern: '(a)'}}", "mnist", "data.split.group.pattern", "mnist has none"),
        ("{group: {dicom: PatientID}}", "mnist", "data.split.group.dicom", "mnist has none"),
        ("{group: {dicom: PatientName}}", "{folder: {path: a}}", "data.split.group.dicom", "one of PatientID"),
        ("{group: {pattern: 'a'}}", "{folder: {path: a}}", "data.split.group.pattern", "got none"),
        ("{group: {patern: '(a)'}}", "{folder: {path: a}}", "data.split.group.patern", "did you mean 'pattern'"),
        ("{group: patient}", "{folder: {path: a}}", "data.split.group", "expected {column: NAME}"),
        ("{group: {column: ' '}}", "{table: {path: a.csv}}", "data.split.group.column", "expected a word"),
    ],
)
def test_what_contradicts_itself_or_the_source_is_refused(split, source, place, words):
    (problem,) = problems_of(split, source)
    assert path_text(problem.path) == place
    assert words in problem.message


def test_another_split_that_stands_in_has_no_images_of_its_own():
    split = spec_of("{test: validation, validation: 0.3}").data.split
    assert (split.held_out("validation"), split.held_out("test")) == (0.3, 0)
