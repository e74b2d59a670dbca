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


@pytest.mark.parametrize("optimizer", ["AdamW", "{SGD: {momentum: 0.9}}"])
def test_the_optimizer_is_that_of_the_spec(call, tmp_path, optimizer):
    spec = tmp_path / "a.yaml"
    layers = "[Flatten, {Dense: {units: classes, activation: softmax}}]"
    spec.write_text(f"data: {{source: mnist}}\nmodel: {{layers: {layers}}}\ntrain: {{optimizer: {optimizer}}}\n")
    name = optimizer.strip("{").partition(":")[0]
    for option in ("--lr", "--learning-rate"):
        result = call("train", spec, option, "0.1")
        assert result.err.endswith(f"--set train.optimizer.{name}.learning_rate=…\n"), result.err


@pytest.mark.parametrize(
    ("command", "typed", "offered"),
    [
        ("explain", "Conv2", {"Conv2D", "Conv2DTranspose"}),
        ("explain", "overf", {"overfitting"}),
        ("explain", "train.batch", {"train.batch_size"}),
        ("layers", "conv2", {"Conv2D", "Conv2DTranspose"}),
        ("configs", "mnist/d", {"mnist/deeper", "mnist/dense", "mnist/dropout"}),
        ("init --template", "mnist/s", {"mnist/strided"}),
        ("evaluate a-001 --split", "t", {"train", "test"}),
        ("evaluate a-001 --weights", "", {"best", "last"}),
        ("predict a.png --weights", "l", {"last"}),
    ],
)
def test_the_shell_completes_names(command, typed, offered):
    from click.shell_completion import ShellComplete

    from cnncli.cli import cnncli

    completions = ShellComplete(cnncli, {}, "cnncli", "_CNNCLI_COMPLETE").get_completions(command.split(), typed)
    assert {each.value for each in completions} == offered


@pytest.mark.parametrize(
    ("command", "option", "typed"),
    [
        ("train", "--max-time", "10x"),
        ("train", "--devices", "0"),
        ("train", "--name", "a b"),
        ("tune", "--name", "a b"),
    ],
)
def test_a_problem_of_an_option_names_what_was_typed(call, tmp_path, command, option, typed):
    spec = tmp_path / "a.yaml"
    spec.write_text("data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes}}]}\n")
    result = call(command, spec, option, typed)
    assert result.code == 2
    assert f"\n  {option} {typed}  " in result.err
    assert "--set" not in result.err


@pytest.mark.parametrize("arguments", [["train", "a.yaml", "--nonsense"], ["resume", "a-001", "--batch-size", "8"]])
def test_nothing_is_told_where_it_would_not_help(call, arguments):
    result = call(*arguments)
    assert (result.code, "no such option" in result.err.lower()) == (2, True)
    assert "--set" not in result.err


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["train", "a.yaml", "--devices", ""], "the value of --devices"),
        (["train", "a.yaml", "--max-time="], "the value of --max-time"),
        (["preview", "a.yaml", "-o", ""], "the value of -o"),
        (["data", ""], "an argument"),
        (["data", "pack", "photos", ""], "an argument"),
        (["predict", "a.png", "--run=", "b.png"], "the value of --run"),
    ],
)
def test_an_empty_text_is_refused(call, tmp_path, monkeypatch, arguments, what):
    """As `"$UNSET"` is one: it would be the folder in which the command runs, or no limit and no devices."""
    monkeypatch.chdir(tmp_path)
    result = call(*arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.endswith(f"Error: {what} is an empty text; if it is a variable of the shell, it may not be set\n")
    assert f"'cnncli {' '.join(arguments[: 1 + (arguments[1] == 'pack')])} --help'" in result.err


def test_the_list_of_commands_has_whole_sentences_in_80_columns(call):
    lines = call("--help", COLUMNS="80").out.partition("Commands:\n")[2].splitlines()
    assert len(lines) > 20
    assert [line for line in lines if not line.endswith(".") or line.endswith("...")] == []
