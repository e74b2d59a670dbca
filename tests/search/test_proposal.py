"""What a search tries next."""

import optuna
import pytest
from optuna.trial import TrialState

from cnncli.search.proposal import MOST_ATTEMPTS, Space, ask
from cnncli.spec import load

SPEC = """\
data: {source: mnist}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1, optimizer: {Adam: {learning_rate: 0.001}}}
tune:
  trials: 30
  sampler: SAMPLER
  space:
    train.batch_size: {CategoricalDistribution: {choices: [8, 16]}}
    train.optimizer: {CategoricalDistribution: {choices: [adam, {SGD: {momentum: 0.9}}, {SGD: {momentum: 0.5}}]}}
"""


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def of(sampler):
    tune = load(SPEC.replace("SAMPLER", sampler)).spec.tune
    return tune, Space(tune.space)


def test_a_choice_may_be_an_object():
    tune, space = of("RandomSampler")
    trial = ask(optuna.create_study(), tune, space, 0)
    assert trial.params["train.optimizer"] in ("adam", "{SGD: {momentum: 0.9}}", "{SGD: {momentum: 0.5}}")
    params = {"train.batch_size": 8, "train.optimizer": "{SGD: {momentum: 0.5}}"}
    assert space.values(params) == {"train.batch_size": 8, "train.optimizer": {"SGD": {"momentum": 0.5}}}


@pytest.mark.parametrize("sampler", ["TPESampler", "RandomSampler", "QMCSampler", "NSGAIISampler", "CmaEsSampler"])
def test_an_interrupted_search_proposes_the_same(sampler):
    tune, space = of(sampler)

    def proposed(interrupt):
        study, points = optuna.create_study(study_name="s"), []
        for number in range(12):
            if interrupt:  # as a new process would
                study = optuna.load_study(study_name="s", storage=study._storage)
            trial = ask(study, tune, space, 5)
            points.append(tuple(trial.params.items()))
            study.tell(trial.number, number % 3)
        return points

    assert proposed(False) == proposed(True)
    assert len(set(proposed(False))) > 3


def test_a_grid_tries_every_point_once_and_a_failed_one_again():
    tune, space = of("GridSampler")
    study, failed = optuna.create_study(), None
    for _ in range(6):
        trial = ask(study, tune, space, 0)
        failed = failed or trial.params
        study.tell(
            trial.number, None if trial.params == failed else 1.0, TrialState.FAIL if trial.params == failed else None
        )
    points = [tuple(trial.params.items()) for trial in study.get_trials()]
    assert len(set(points)) == 6
    for _ in range(MOST_ATTEMPTS - 1):
        again = ask(study, tune, space, 0)
        assert again.params == failed
        study.tell(again.number, state=TrialState.FAIL)
    assert ask(study, tune, space, 0) is None


def test_a_point_that_another_process_left_waiting_is_taken_first():
    tune, space = of("GridSampler")
    study = optuna.create_study()
    study.enqueue_trial(space.grid(0)[3])
    points = [ask(study, tune, space, 0).params for _ in range(6)]
    assert points[0] == space.grid(0)[3]
    assert len({tuple(point.items()) for point in points}) == 6
    assert ask(study, tune, space, 0) is None
