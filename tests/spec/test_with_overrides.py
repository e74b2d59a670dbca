"""A loaded spec with other values, as a search or a fold needs it."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.reader import read

TEXT = """\
name: digits
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {optimizer: {SGD: {learning_rate: 0.1}}}
"""


def test_values_by_key_give_a_new_checked_spec_and_leave_the_old_one():
    loaded = parse(read(TEXT, "a.yaml"))
    rate = "train.optimizer.SGD.learning_rate"
    other = loaded.with_overrides({rate: 1e-05, "train.epochs": 3, "data.classes": ["0", "1"]})
    assert other.spec.train.optimizer.arguments == {"learning_rate": 1e-05}
    assert (other.spec.train.epochs, other.spec.data.classes, other.spec.name) == (3, ["0", "1"], "digits")
    assert loaded.spec == parse(read(TEXT, "a.yaml")).spec
    assert other.with_overrides({"train.epochs": 4}).spec.train.optimizer == other.spec.train.optimizer


def test_a_list_of_settings_means_the_same():
    loaded = parse(read(TEXT, "a.yaml"))
    assert loaded.with_overrides(["train.epochs=3"]).spec == loaded.with_overrides({"train.epochs": 3}).spec


def test_a_problem_has_its_place():
    with pytest.raises(SpecError) as caught:
        parse(read(TEXT, "a.yaml")).with_overrides({"train.epochs": "ten"})
    (problem,) = caught.value.problems
    assert problem.path == ("train", "epochs")
    assert problem.place.file == '--set train.epochs="ten"'
