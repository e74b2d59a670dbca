"""Options that commands share, and keys of the spec that are taken for options."""

import pytest


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "a.yaml", "--epochs", "3"], "--set train.epochs=…"),
        (["check", "a.yaml", "--batch-size=8"], "--set train.batch_size=…"),
        (["summary", "a.yaml", "--validation", "0.2"], "--set data.split.validation=…"),
        (["train", "a.yaml", "--lr", "0.1"], "--set train.optimizer.Adam.learning_rate=…"),
    ],
)
def test_a_key_taken_for_an_option_is_told_how_to_set(call, arguments, said):
    result = call(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"\na key of the spec is set with --set: {said}\n")


@pytest.mark.parametrize("arguments", [["train", "a.yaml", "--nonsense"], ["resume", "a-001", "--batch-size", "8"]])
def test_nothing_is_told_where_it_would_not_help(call, arguments):
    result = call(*arguments)
    assert (result.code, "no such option" in result.err.lower()) == (2, True)
    assert "--set" not in result.err
