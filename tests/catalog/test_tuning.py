"""Optuna's names and arguments: what a spec may write, and that Optuna has them."""

import inspect

import pytest
from cases import each

from cnncli.catalog import tuning
from cnncli.spec.reader import read_value


@each("name", tuning.accepted_arguments())
def test_optuna_has_every_class_with_these_arguments(name):
    import optuna

    found = [getattr(module, name, None) for module in (optuna.samplers, optuna.pruners, optuna.distributions)]
    (made,) = [each for each in found if each]
    assert set(tuning.accepted_arguments()[name]) <= inspect.signature(made).parameters.keys()


@each(
    "validator, value, message",
    [
        (tuning.sampler, "TPESamplr", "unknown sampler 'TPESamplr'; did you mean 'TPESampler'?"),
        (tuning.sampler, "GPSampler", "'GPSampler' cannot be used: it needs PyTorch; TPESampler is the usual choice"),
        (tuning.sampler, {"TPESampler": {"n_start": 3}}, "unknown argument; did you mean 'n_startup_trials'?"),
        (tuning.sampler, {"RandomSampler": {"seed": 3}}, "unknown argument; RandomSampler takes none"),
        (tuning.sampler, 3, "expected the name of a sampler, or 'Name: {argument: value}', got 3"),
        (tuning.pruner, "PercentilePruner", "PercentilePruner needs 'percentile'"),
        (tuning.pruner, {"PatientPruner": {"wrapped_pruner": "MedianPrunr", "patience": 1}},
         "unknown pruner 'MedianPrunr'; did you mean 'MedianPruner'?"),
        (tuning.distribution, {"IntDistribution": {"low": 1}}, "IntDistribution needs 'high'"),
        (tuning.distribution, {"IntDistribution": {"low": 1, "high": 1}},
         "expected a number above 'low', which is 1; got 1"),
        (tuning.distribution, {"IntDistribution": {"low": 1, "high": 2.5}}, "expected a whole number, got 2.5"),
        (tuning.distribution, {"FloatDistribution": {"low": 0, "high": 1, "log": True}},
         "a logarithmic range begins above 0, got 0"),
        (tuning.distribution, {"IntDistribution": {"low": 1, "high": 9, "log": True, "step": 2}},
         "a logarithmic range has no steps; leave out 'log' or 'step'"),
        (tuning.distribution, {"FloatDistribution": {"low": 0.1, "high": 0.45, "step": 0.1}},
         "steps of 0.1 from 0.1 do not reach 0.45; write 0.4 or 0.5"),
        (tuning.distribution, {"CategoricalDistribution": {"choices": [1, 1]}},
         "expected a list of two or more different values, got [1, 1]"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_sentence(validator, value, message):
    problems = []
    validator.accept(value, (), problems)
    assert [problem.message for problem in problems] == [message]


def test_the_points_of_a_distribution():
    def points(value):
        return tuning.points_of(tuning.distribution.accept(value, (), []))

    assert points({"FloatDistribution": {"low": 0.1, "high": 0.3, "step": 0.1}}) == [0.1, 0.2, 0.3]
    assert points({"IntDistribution": {"low": 2, "high": 4}}) == [2, 3, 4]
    assert points({"CategoricalDistribution": {"choices": ["a", None]}}) == ["a", None]
    assert points({"FloatDistribution": {"low": 0.1, "high": 0.3}}) is None
    assert points({"IntDistribution": {"low": 2, "high": 4, "log": True}}) is None


@each(
    "value, meant",
    [
        ([8, 16], "{CategoricalDistribution: {choices: [8, 16]}}"),
        ({"choice": [8, 16]}, "{CategoricalDistribution: {choices: [8, 16]}}"),
        ({"low": 1, "high": 3}, "{IntDistribution: {low: 1, high: 3}}"),
        ({"min": 0.1, "max": 3}, "{FloatDistribution: {low: 0.1, high: 3}}"),
        ({"uniform": [0.1, 0.5]}, "{FloatDistribution: {low: 0.1, high: 0.5}}"),
        (
            {"log_uniform": {"min": 0.1, "max": 0.5}},
            "{FloatDistribution: {low: 0.1, high: 0.5, log: true}}",
        ),
    ],
)
def test_ranges_of_other_libraries_are_told_as_distributions(value, meant):
    problems = []
    tuning.distribution.accept(value, (), problems)
    assert [problem.message.partition("; ")[2] for problem in problems] == [f"write '{meant}'"]
    problems.clear()
    tuning.distribution.accept(read_value(meant, "<test>"), (), problems)
    assert problems == []


@pytest.mark.parametrize("value", [3, [8], {"low": 1}, {"min": "a", "max": "b"}, {"FloatDistribution": [1, 2]}])
def test_what_means_no_distribution_is_told_as_before(value):
    problems = []
    tuning.distribution.accept(value, (), problems)
    assert len(problems) == 1
    assert "write" not in problems[0].message
