"""Names as a spec may write them; a new alias of a layer is one line of a table."""

import pytest

from cnncli.catalog.entries import Entry, parse
from cnncli.catalog.spelling import ALIASES
from cnncli.spec.jsonschema import json_schema


def test_a_new_alias_of_a_layer_is_one_line(monkeypatch):
    monkeypatch.setitem(ALIASES["layer"], "Conv", "Conv2D")
    problems = []
    assert parse("layer", {"Conv": {"filters": 8, "kernel_size": 3}}, (), problems) == Entry(
        "layer", "Conv2D", {"filters": 8, "kernel_size": 3}
    )
    assert problems == []
    names, _ = json_schema()["$defs"]["line"]["anyOf"]
    assert "Conv" in names["examples"]


@pytest.mark.parametrize(
    ("family", "name", "reason"),
    [
        ("layer", "LSTM", "it is a recurrent layer, for sequences, and cnncli trains image classifiers"),
        ("layer", "Conv1D", "it is for sequences, and images are two-dimensional; use Conv2D"),
        ("layer", "Conv3DTranspose", "it is for volumes, and images are two-dimensional; use Conv2DTranspose"),
        ("layer", "TimeDistributed", "it is for sequences, and cnncli trains image classifiers"),
        ("loss", "Poisson", "it is for predicting quantities, and a classifier gives probabilities"),
        ("metric", "R2Score", "it is for predicting quantities, and a classifier gives probabilities"),
    ],
)
def test_what_no_image_classifier_uses_is_refused_with_its_reason(family, name, reason):
    problems = []
    assert parse(family, name, (), problems) is None
    (problem,) = problems
    assert f"'{name}' cannot be used: {reason}" in problem.message
