"""TensorFlow Datasets, where the package is installed; and what is said where it is not."""

from __future__ import annotations

import subprocess
import sys
from types import SimpleNamespace

import pytest

from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import tfds as source
from cnncli.errors import DataError


def test_a_missing_package_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)  # as if it were not installed
    with pytest.raises(DataError, match="the data set mnist needs the package tensorflow_datasets") as caught:
        source.load("mnist", InputFormat(28, 28, 1))
    assert caught.value.hint == "pip install 'cnncli[tfds]'"


class _Lacking:
    """TensorFlow Datasets where a package is not installed: it says so only when a data set is opened or downloaded."""

    core = SimpleNamespace(DatasetNotFoundError=KeyError)

    def __init__(self, package: str, late: bool) -> None:
        self.package, self.late = package, late

    def builder(self, name, data_dir):
        return SimpleNamespace(is_prepared=lambda: False, download_and_prepare=self.fail) if self.late else self.fail()

    def fail(self):
        raise ModuleNotFoundError(f"No module named {self.package!r}", name=self.package)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(
    ("package", "hint"),
    [("importlib_resources", "pip install 'cnncli[tfds]'"), ("mwparserfromhell", "pip install mwparserfromhell")],
)
def test_a_package_that_is_missing_later_is_no_failed_download(monkeypatch, package, hint, late):
    monkeypatch.setattr(source, "_package", lambda name: _Lacking(package, late))
    with pytest.raises(DataError, match=f"the data set wiki needs .*{package}") as caught:
        source.load("wiki", InputFormat(28, 28, 1))
    assert caught.value.hint == hint


def test_the_package_is_not_imported_before_it_is_used():
    code = "import sys, cnncli.data.sources.tfds; print(any(name.startswith('tensorflow') for name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


SCRIPT = """
import sys
import numpy as np
import tensorflow_datasets as tfds
from cnncli.data.decode.input_format import InputFormat
from cnncli.data.sources import tfds as source
from cnncli.errors import DataError

class Tiny(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")
    label = tfds.features.ClassLabel(names=["no", "yes"])

    def _info(self):
        image = tfds.features.Image(shape=(None, None, 3))
        return tfds.core.DatasetInfo(
            builder=self, features=tfds.features.FeaturesDict({"image": image, "label": self.label})
        )

    def _split_generators(self, manager):
        return {split: self._generate_examples(images) for split, images in (("train", 6), ("test", 2), ("extra", 3))}

    def _generate_examples(self, count):
        for number in range(count):  # of different sizes, as bright as the label says
            yield number, {"image": np.full((4 + number, 5, 3), 100 + number % 2, np.uint8), "label": number % 2}

class Unlabelled(Tiny):
    label = tfds.features.Text()

place = sys.argv[1]
Tiny(data_dir=place).download_and_prepare()

def load(name="tiny", **options):
    return source.load(name, InputFormat(4, 3, 3), data_dir=place, **options)

data = load()
assert data.class_names == ("no", "yes"), data.class_names
assert [(split, len(of)) for split, of in data.splits.items()] == [("train", 6), ("test", 2)]
(unused,) = data.unused
assert unused.count == 3 and "tiny has 3 images in extra, not used" in unused.message, unused
for of in data.splits.values():
    assert of.images.shape[1:] == (4, 3, 3)
    assert (of.images == (100 + of.labels)[:, None, None, None]).all()
assert np.array_equal(load().splits["train"].labels, data.splits["train"].labels)

parts = load(splits={"train": "train[:4]", "validation": "train[4:]"}, classes={"yes": "Ja", "no": "Nein"})
assert parts.class_names == ("Ja", "Nein")
assert np.array_equal(np.concatenate([of.labels for of in parts.splits.values()]), 1 - data.splits["train"].labels)

for options, words in (
    ({"splits": {"train": "exam"}}, "tiny has no split exam"),
    ({"name": "no_such_set"}, "has no data set no_such_set"),
):
    try:
        load(**options)
    except DataError as error:
        assert words in error.message, error.message
    else:
        raise AssertionError(options)
try:
    source._class_names(Unlabelled(data_dir=place).info.features, "unlabelled")
except DataError as error:
    assert "expected a feature image (Image) and a feature label (ClassLabel)" in error.hint
else:
    raise AssertionError("unlabelled")
print("all is well")
"""


@pytest.mark.slow
def test_a_data_set_of_its_own_making(tmp_path):
    pytest.importorskip("tensorflow_datasets", exc_type=ImportError)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], capture_output=True, text=True, cwd=tmp_path, timeout=300
    )
    assert done.stdout.endswith("all is well\n"), done.stderr[-3000:]


def test_two_splits_for_one_purpose_are_named():
    with pytest.raises(DataError, match="tiny has two test splits, test and testing") as caught:
        source._own_splits(["train", "test", "testing"], "tiny")
    assert caught.value.hint == "set which to use with splits"
