"""`cnncli.tune`: what the command does, from Python."""

import dataclasses

import pytest

import cnncli

SPACE = {
    "train.batch_size": {"CategoricalDistribution": {"choices": [25, 50]}},
    "train.optimizer.Adam.learning_rate": {"FloatDistribution": {"low": 1e-4, "high": 0.1, "log": True}},
}


class Events(cnncli.TuneObserver):
    def __init__(self):
        self.seen = []

    def on_start(self, spec, metric, storage, folder, ended):
        self.seen.append(("start", metric, folder.name, ended))

    def on_epoch(self, number, epoch, value):
        self.seen.append(("epoch", number, epoch))

    def on_trial_end(self, number, state, value, reason, is_best):
        self.seen.append(("end", number, state, is_best))

    def on_best(self, trial):
        self.seen.append(("best", trial.number))

    def on_retrained(self, run):
        self.seen.append(("retrained", run.path.name))


@pytest.mark.exhaustive
@pytest.mark.slow
def test_a_search_from_python(workplace, capfd):
    import optuna

    verbosity = optuna.logging.get_verbosity()
    spec = cnncli.load_spec("mnist.yaml", {"tune": {"trials": 1, "space": SPACE}})
    events = Events()
    result = cnncli.tune(spec, observers=[events], retrain=1)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == verbosity
    assert events.seen == [
        ("start", "val_accuracy", "mnist-tune", 0),
        ("epoch", 0, 1),
        ("end", 0, "complete", True),
        ("best", 0),
        ("retrained", "best-000-seed-0"),
    ]
    (trial,) = result.trials
    assert (trial, trial.state, trial.values.keys()) == (result.best, "complete", SPACE.keys())
    assert result.best_run.path == trial.path
    assert result.best_run.history.epochs[0].metrics["val_accuracy"] == pytest.approx(trial.value)
    assert result.best_spec.train.batch_size == trial.values["train.batch_size"]
    assert [run.metrics["images"] for run in result.retrained] == [100]
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.metric = "loss"
    again = cnncli.tune(spec, retrain=1)
    assert (again.trials, again.best_spec) == (result.trials, result.best_spec)


@pytest.mark.parametrize("make", [lambda text: cnncli.load_spec(text), lambda text: text])
def test_a_spec_without_a_search_is_refused(tmp_path, monkeypatch, make):
    monkeypatch.chdir(tmp_path)
    text = "data: {source: mnist}\nmodel: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}\n"
    with pytest.raises(cnncli.SpecError, match="there is nothing to search"):
        cnncli.tune(make(text))
    assert [*tmp_path.iterdir()] == []


def test_another_search_of_the_name_is_refused_with_its_place(tmp_path, monkeypatch):
    from cnncli.search.worker import Worker

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Worker, "run", lambda worker: None)
    text = """\
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
tune: {trials: 1, space: {train.batch_size: {CategoricalDistribution: {choices: [25, 50]}}}}
"""
    result = cnncli.tune(text, name="one")
    assert (result.best, result.best_spec, result.best_run, result.trials) == (None, None, None, ())
    with pytest.raises(cnncli.SpecError) as raised:
        cnncli.tune(text.replace("50", "75"), name="one")
    (problem,) = raised.value.problems
    assert (problem.key, problem.place.line) == ("tune.space.train.batch_size", 3)
