"""The table of built-in data sets, and that nothing heavy is needed to read it."""

import subprocess
import sys

import pytest

from cnncli.catalog.datasets import DATASETS


def test_the_four():
    facts = {
        name: (one.height, one.width, one.channels, len(one.class_names), one.train, one.test)
        for name, one in DATASETS.items()
    }
    assert facts == {
        "mnist": (28, 28, 1, 10, 60_000, 10_000),
        "fashion_mnist": (28, 28, 1, 10, 60_000, 10_000),
        "cifar10": (32, 32, 3, 10, 50_000, 10_000),
        "cifar100": (32, 32, 3, 100, 50_000, 10_000),
    }
    assert list(DATASETS) == list(facts)


@pytest.mark.parametrize("dataset", DATASETS.values(), ids=list(DATASETS))
def test_class_names_are_distinct_words(dataset):
    assert len(set(dataset.class_names)) == len(dataset.class_names)
    assert all(name == name.strip() and name for name in dataset.class_names)


def test_names_stand_where_the_labels_say():
    assert DATASETS["mnist"].class_names[7] == "7"
    assert DATASETS["fashion_mnist"].class_names[9] == "Ankle boot"
    assert DATASETS["cifar10"].class_names[4] == "deer"
    fine = DATASETS["cifar100"].class_names
    assert (fine[0], fine[41], fine[58], fine[99]) == ("apple", "lawn_mower", "pickup_truck", "worm")
    assert list(fine) == sorted(fine)  # that is the data set's own order


def test_the_table_needs_nothing_heavy():
    code = "import sys, cnncli.catalog.datasets; print([m for m in ('numpy', 'PIL', 'keras') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
