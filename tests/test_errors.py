"""The tree of errors says what it is, and every error carries what a person needs."""

import pickle
import re
import traceback

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


def test_an_interruption_says_what_is_left_and_how_to_continue():
    error = Interrupted("runs/my cats-001", 130, 1, "there is no report yet", " --rank 0")
    assert str(error) == "interrupted after 1 epoch; results so far are in runs/my cats-001; there is no report yet"
    assert error.hint == "to continue: cnncli resume 'runs/my cats-001' --rank 0"
    assert str(Interrupted("a-001")) == "interrupted after 0 epochs; results so far are in a-001"


@pytest.mark.parametrize("error", [DataError("no images", "put them here"), Interrupted("a-001"), DataError("none")])
def test_a_traceback_shows_the_hint_below_the_message(error):
    lines = "".join(traceback.format_exception(pickle.loads(pickle.dumps(error)))).splitlines()
    assert [line for line in lines if line in (str(error), error.hint)][-1:] == [error.hint][: bool(error.hint)]
    assert sum(error.hint in line for line in lines if error.hint) <= 1


def test_a_hint_that_is_replaced_is_shown_once():
    error = DataError("no images in copies/1", "see copies/1")
    error.hint = "see s3://bucket"
    assert error.__notes__ == ["see s3://bucket"]
    error.hint = ""
    assert error.__notes__ == []


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
    assert error.message == "train.epochs: expected a whole number; two documents in one file"


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


def test_several_problems_of_a_spec_have_a_line_each_in_python():
    problems = [Problem(("train", "epoch"), "unknown key; did you mean 'epochs'?"), Problem((), "'data' is missing")]
    error = pickle.loads(pickle.dumps(SpecError(problems, "a.yaml")))
    lines = ["train.epoch: unknown key; did you mean 'epochs'?", "'data' is missing"]
    shown = "".join(traceback.format_exception(error)).splitlines()
    assert [shown[-2].removeprefix("cnncli.errors.SpecError: "), shown[-1]] == lines
    assert error.message == "; ".join(lines)
    assert (error.problems, error.source) == (tuple(problems), "a.yaml")
