"""The section `tune`: every mistake is found by a check, at its place, before the first trial."""

import pytest
import yaml
from cases import each

from cnncli.errors import SpecError
from cnncli.spec import load
from cnncli.spec.sections.tune import NOTHING

SPEC = """\
data: {source: mnist, split: {validation: 0.1}}
model: {layers: [{Conv2D: {filters: 4, kernel_size: 3}}, Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1, optimizer: {Adam: {learning_rate: 0.001}}}
tune:
  trials: 3
  space:
    train.batch_size: {CategoricalDistribution: {choices: [8, 16]}}
"""


def problems(*changes, more=""):
    text = SPEC + more
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    try:
        load(text)
    except SpecError as error:
        return [(problem.place.line, problem.place.column, problem.message) for problem in error.problems]
    return []


def test_a_search_that_can_begin():
    assert problems() == []
    assert load(SPEC).spec.tune.wanted == 3


@pytest.mark.parametrize(
    ("override", "choices"),
    [
        ("tune.space.train.batch_size={CategoricalDistribution: {choices: [4, 5]}}", {"train.batch_size": [4, 5]}),
        ("tune.space.train.batch_size.CategoricalDistribution.choices=[4, 7]", {"train.batch_size": [4, 7]}),
        (
            "tune.space.model.layers[0].Conv2D.filters={CategoricalDistribution: {choices: [4, 6]}}",
            {"train.batch_size": [8, 16], "model.layers[0].Conv2D.filters": [4, 6]},
        ),
    ],
)
def test_a_key_of_a_search_is_one_key_where_it_is_set_by_hand(override, choices):
    space = load(SPEC, [override]).spec.tune.space
    assert {key: entry.arguments["choices"] for key, entry in space.items()} == choices
    key, _, value = override.partition("=")
    assert load(SPEC).with_overrides({key: yaml.safe_load(value)}).spec.tune.space == space


@each(
    "changes, more, expected",
    [
        ([("[8, 16]", "[8, 0]")], "", [(7, 63, "expected a whole number of 1 or more, got 0")]),
        ([("train.batch_size:", "batch_size:")], "",
         [(7, 5, "this spec has no such key; did you mean 'train.batch_size'?")]),
        ([("train.batch_size:", "train.optimizer.AdamW.learning_rate:")], "",
         [(7, 5, "this spec has no such key; did you mean 'train.optimizer.Adam.learning_rate'?")]),
        ([("train.batch_size:", "train.batch_sizes:")], "", [(7, 5, "unknown key; did you mean 'batch_size'?")]),
        ([], "    model.layers[7].Conv2D.filters: {IntDistribution: {low: 1, high: 3}}",
         [(8, 5, "there is no item '7': the list has 3")]),
        ([], "    model.layers[0].Conv2D.filtres: {IntDistribution: {low: 1, high: 3}}",
         [(8, 5, "unknown argument; did you mean 'filters'?")]),
        ([], "    model.layers[0].Conv2D.kernel_size: {IntDistribution: {low: 1, high: 30}}",
         [(8, 74, "with 30, model.layers[0]: Conv2D does not fit here: its window of 30×30 is larger than its input "
                  "image of 28×28")]),
        ([], "    train.optimizer.SGD.momentum: {FloatDistribution: {low: 0, high: 0.9}}",
         [(8, 5, "this spec has no such key: expected one optimizer, got 2 names: Adam, SGD")]),
        ([], "    train.optimizer: {CategoricalDistribution: {choices: [Adam, {SGD: {momentum: 2}}]}}",
         [(8, 65, "with {SGD: {momentum: 2}}, train.optimizer.SGD.momentum: expected a number from 0 to 1, got 2")]),
        ([], "    seed: {IntDistribution: {low: 1, high: 3}}",
         [(8, 5, "a search cannot vary this: it would choose by luck, and the validation images depend on it")]),
        ([], "    train.optimizer: {CategoricalDistribution: {choices: [Adam, SGD]}}\n"
             "    train.optimizer.Adam.learning_rate: {FloatDistribution: {low: 0.1, high: 0.2}}",
         [(9, 5, "'train.optimizer' is varied as a whole already; leave out one of them")]),
        ([("  trials: 3\n", "  metric: val_loss\n  trials: 3\n")],
         "    train.loss: {CategoricalDistribution: {choices: [CategoricalCrossentropy, Dice]}}",
         [(9, 5, "losses of different kinds cannot be compared; set 'metric' to another one, or leave this out")]),
        ([("  trials: 3\n", "")], "", [(4, 1, "the search has no end: set 'trials', or 'time'")]),
        ([("  trials: 3\n", "  metric: accuracy\n  trials: 3\n")], "",
         [(5, 11, "a search improves one of val_loss, val_accuracy; got 'accuracy'")]),
        ([("validation: 0.1", "validation: test")], "",
         [(1, 43, "the search would choose by the test images, whose figures would then be too good; set a fraction")]),
        ([("validation: 0.1", "validation: 0")], "",
         [(1, 43, "a search compares trials on validation images, and there are none")]),
        ([("  trials: 3\n", "  sampler: GridSampler\n")],
         "    train.optimizer.Adam.learning_rate: {FloatDistribution: {low: 0.1, high: 0.2}}",
         [(8, 42, "a grid needs steps: set 'step' and leave out 'log', or list 'choices'")]),
    ],
)  # fmt: skip
def test_a_mistake_is_found_before_the_first_trial(changes, more, expected):
    found = problems(*changes, more=more)
    assert [each[1:] if expected[0][0] != each[0] else each for each in found][:1] == expected


def test_a_search_without_a_space():
    assert problems(("  space:\n    train.batch_size: {CategoricalDistribution: {choices: [8, 16]}}\n", "")) == [
        (4, 1, NOTHING)
    ]


def test_a_grid_counts_its_points():
    grid = SPEC.replace("trials: 3", "sampler: GridSampler")
    grid += "    model.layers[0].Conv2D.filters: {IntDistribution: {low: 1, high: 3}}\n"
    assert load(grid).spec.tune.wanted == 6


def test_a_spec_without_a_search_says_nothing_of_it():
    assert "tune" not in load(SPEC.partition("tune:")[0]).spec.plain()
    assert load(load(SPEC).spec.plain()).spec == load(SPEC).spec


def test_the_example_of_a_space_is_one():
    example = NOTHING.partition("as in '")[2].rstrip("'")
    loaded = load(f"data: {{source: mnist}}\nmodel: {{layers: [Flatten, {{Dense: {{units: classes}}}}]}}\n{example}\n")
    assert list(loaded.spec.tune.space) == ["train.batch_size"]
