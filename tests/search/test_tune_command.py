"""`cnncli tune` from end to end."""

import csv
import json
import os

import pytest

from cnncli.spec import load


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_search_leaves_runs_and_the_best_spec(commands):
    code, out, _ = commands.tune()
    assert code == 0
    assert f"next: cnncli train {commands.search / 'best.yaml'}" in out
    (trial,) = commands.trials()
    run = commands.search / "trial-000"
    history = list(csv.DictReader((run / "history.csv").open()))
    assert [float(row["val_loss"]) for row in history] == pytest.approx(
        list(trial.intermediate_values.values()), rel=1e-6
    )
    assert trial.value == min(trial.intermediate_values.values())
    assert json.loads((run / "status.json").read_text())["state"] == "finished"
    assert not (run / "metrics.json").exists(), "the test images were looked at"
    assert not (run / "predictions.csv").exists()
    best = load(commands.search / "best.yaml")
    assert best.warnings == ()
    assert best.spec.train.batch_size == trial.params["train.batch_size"]
    assert load(run / "spec.yaml", is_complete=True).spec.train == best.spec.train


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--set", "tune.space={}"], 2, "there is nothing to search"),
        (["--storage", "mysql://localhost/x"], 5, "--storage: 'mysql://' cannot hold a search"),
        (["--storage", "sqlite://"], 5, "a search in memory is lost when it ends"),
        (["--storage", "postgresql://me:secret@127.0.0.1:1/x"], 5, "me:***@127.0.0.1:1/x, cannot be opened"),
        (["--storage", "postgresql://127.0.0.1:1/x?password=secret"], 5, "127.0.0.1:1/x, cannot be opened"),
        (["--storage", "."], 5, "is a folder"),
        (["--storage", os.devnull], 5, "is a device or a pipe"),
        (["--storage", "tiny.yaml"], 5, "'tiny.yaml' is not a journal of a search"),
    ],
)
def test_what_cannot_be_searched_is_refused(commands, monkeypatch, capsys, arguments, code, said):
    from cnncli.cli import main

    monkeypatch.chdir(commands.folder)
    with pytest.raises(SystemExit) as end:
        main(["tune", str(commands.spec), "--runs-dir", str(commands.runs), *arguments])
    err = capsys.readouterr().err
    assert (end.value.code, said in " ".join(err.split()), "secret" in err) == (code, True, False), err


def test_without_optuna_it_says_what_to_install(commands, monkeypatch, capsys):
    import importlib.util

    from cnncli.cli import main

    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "optuna" else found(name))
    with pytest.raises(SystemExit) as end:
        main(["tune", str(commands.spec), "--runs-dir", str(commands.runs)])
    assert end.value.code == 5
    assert "pip install 'cnncli[tune]'" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["check", str(commands.spec)])
    assert end.value.code == 0, "a spec is checked without it"
