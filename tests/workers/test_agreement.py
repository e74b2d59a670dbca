"""What processes must have in common, and the sentence on what they have not."""

from __future__ import annotations

import copy

import pytest

from cnncli.errors import DataError, ResourceError, SpecError
from cnncli.workers.addresses import Workers
from cnncli.workers.agreement import Difference, difference, digest, facts_of

WORKERS = Workers(("a:1", "b:1", "c:1"), 0)
SPEC = {"train": {"optimizer": {"SGD": {"momentum": 0.9}}, "metrics": ["accuracy"]}, "seed": 0}
FACTS = facts_of("train", SPEC, {})


def with_other(*path, value):
    facts = copy.deepcopy(FACTS)
    place = facts
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return facts


def test_equal_processes_differ_in_nothing():
    assert difference([FACTS, copy.deepcopy(FACTS), copy.deepcopy(FACTS)], WORKERS) is None


def test_the_key_of_the_spec_that_differs_is_named():
    found = difference([FACTS, FACTS, with_other("spec", "train", "optimizer", "SGD", "momentum", value=0.5)], WORKERS)
    error = found.error()
    assert isinstance(error, SpecError)
    assert error.problems[0].key == "train.optimizer.SGD.momentum"
    assert error.problems[0].message.startswith("rank 2 (c:1) has 0.5, and rank 0 (a:1) has 0.9;")


def test_a_key_that_one_has_not_is_named():
    found = difference([FACTS, with_other("spec", "train", "metrics", value=["accuracy", "AUC"]), FACTS], WORKERS)
    assert found.path == ("train", "metrics")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("versions", "keras"), "3.0.0", "rank 1 (b:1) has keras 3.0.0, and rank 0 (a:1) has 3."),
        (("versions", "pillow"), "none", "rank 1 (b:1) has pillow none"),
        (("code",), "0", "rank 1 (b:1) has other code of cnncli than rank 0 (a:1)"),
        (
            ("program", "the command"),
            "cnncli resume",
            "has the command cnncli resume, and rank 0 (a:1) has cnncli train",
        ),
        (("variables",), {"TF_USE_DEEP_CONV2D": "1"}, "has TF_USE_DEEP_CONV2D=1, and rank 0 (a:1) has none"),
    ],
)
def test_another_version_or_program_is_named(path, value, message):
    error = difference([FACTS, with_other(*path, value=value), FACTS], WORKERS).error()
    assert isinstance(error, ResourceError)
    assert message in error.message
    assert error.hint


def test_a_difference_passes_as_plain_values():
    found = Difference("data", "other images", "copy them", ("data", 0))
    again = Difference(**{**found.plain(), "path": tuple(found.plain()["path"])})
    assert again == found
    assert isinstance(again.error(), DataError)


def test_a_digest_knows_where_one_value_ends():
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest(["a", b"b"]) == digest(iter([b"a", "b"]))
