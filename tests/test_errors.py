"""The tree of errors says what it is, and every error carries what a person needs."""

import re

import pytest

from cnncli import errors
from cnncli.errors import CnncliError, DataError, Interrupted, Place, Problem, SpecError, path_text

EXIT_CODES = {
    "SpecError": 2,
    "DataError": 3,
    "TrainingError": 4,
    "ResourceError": 5,
    "RunError": 6,
    "ThresholdMissed": 7,
    "NotExported": 7,
    "NotReproduced": 8,
    "Interrupted": 130,
}


def test_exit_codes_are_the_documented_ones():
    assert {name: getattr(errors, name).exit_code for name in EXIT_CODES} == EXIT_CODES


def test_the_drawing_in_the_docstring_is_the_tree_there_is():
    drawn = dict(re.findall(r"[├└]─ (\w+) +(\d+)", errors.__doc__))
    assert {name: int(code) for name, code in drawn.items()} == EXIT_CODES
    assert {error.__name__ for error in CnncliError.__subclasses__()} == set(drawn) - {"Interrupted"}


def test_an_interruption_passes_whoever_handles_failures():
    assert not issubclass(Interrupted, CnncliError)
    assert Interrupted("runs/mnist-001").exit_code == 130
    assert Interrupted("runs/mnist-001", 143).exit_code == 143


def test_an_error_is_its_message_and_keeps_its_hint():
    error = DataError("no images in 'photos'", "put them in one folder per class")
    assert str(error) == error.message == "no images in 'photos'"
    assert error.hint == "put them in one folder per class"
    assert DataError("no images").hint == ""


def test_a_spec_error_keeps_every_problem():
    problems = [
        Problem(("train", "epochs"), "expected a whole number", Place("bad.yaml", 3, 11)),
        Problem((), "two documents in one file"),
    ]
    error = SpecError(problems, "bad.yaml")
    assert error.problems == tuple(problems)
    assert error.source == "bad.yaml"
    assert str(error) == "train.epochs: expected a whole number; two documents in one file"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("train",), "train"),
        (("model", "layers", 0, "Conv2D", "filters"), "model.layers[0].Conv2D.filters"),
        (("data", "scale", 1), "data.scale[1]"),
        ((2, 0), "[2][0]"),
    ],
)
def test_a_path_reads_as_people_write_it(path, text):
    assert path_text(path) == text
