"""A search is joined only by the same search."""

import optuna
import pytest
from optuna.storages import InMemoryStorage

from cnncli.errors import ResourceError, SpecError
from cnncli.search.storage import Store
from cnncli.search.study import Search, open_study
from cnncli.spec import load

SPEC = """\
name: s
data: {source: {folder: {path: a}}}
model: {layers: [Flatten, {Dense: {units: classes, activation: softmax}}]}
train: {epochs: 1}
tune:
  trials: 3
  space:
    train.batch_size: {IntDistribution: {low: 8, high: 16}}
    train.optimizer: {CategoricalDistribution: {choices: [Adam, SGD]}}
"""


@pytest.fixture
def store():
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return Store("memory", InMemoryStorage(), None, print)


def join(store, *change):
    return open_study(Search(load(SPEC.replace(*change) if change else SPEC)), store, 0.0)


@pytest.mark.parametrize(
    "change",
    [("trials: 3", "trials: 5"), ("path: a", "path: b"), ("  trials", "  pruner: MedianPruner\n  trials"),
     ("epochs: 1", "epochs: 1, checkpoint: {minutes: 1}")],
)  # fmt: skip
def test_the_same_search_is_joined(store, change):
    first = join(store)
    assert join(store, *change).user_attrs == first.user_attrs


@pytest.mark.parametrize(
    ("change", "key", "was"),
    [
        (("high: 16", "high: 17"), "tune.space.train.batch_size", "{IntDistribution: {low: 8, high: 16}}"),
        (("[Adam, SGD]", "[SGD, Adam]"), "tune.space.train.optimizer",
         "{CategoricalDistribution: {choices: [Adam, SGD]}}"),
        (("epochs: 1", "epochs: 2"), "train.epochs", "1"),
        (("trials: 3", "trials: 3\n  metric: val_loss"), "tune.metric", "val_accuracy"),
        (("Flatten,", "Flatten, {Dropout: {rate: 0.1}},"), "model.layers", "[Flatten, "),
    ],
)  # fmt: skip
def test_another_search_is_refused(store, change, key, was):
    join(store)
    with pytest.raises(SpecError) as error:
        join(store, *change)
    (problem,) = error.value.problems
    assert problem.key == key
    assert f"differs from the search that has begun, where it was {was}" in problem.message
    assert problem.place is not None


def test_a_study_that_somebody_else_made_is_refused(store):
    study = optuna.create_study(study_name="s", storage=store.storage)
    study.tell(study.ask(), 1.0)
    with pytest.raises(ResourceError, match="that cnncli did not make"):
        join(store)
