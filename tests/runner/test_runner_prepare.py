"""The images of each split, and what a model needs before it can be trained or measured."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.data.sources import builtin
from cnncli.errors import RunError

pytestmark = pytest.mark.slow

TRAIN, TEST = 60_000, 10_000


@pytest.fixture(scope="module")
def prepare():
    from cnncli.runner import prepare

    return prepare


def counts(splits) -> dict[str, int]:
    return {split: len(samples) for split, samples in splits.samples.items()}


class TestLoadSplits:
    def test_validation_images_are_taken_from_the_training_images_in_proportion(self, prepare, make_spec):
        splits = prepare.load_splits(make_spec("data.split.validation=0.1"))
        assert counts(splits) == {"train": 54_000, "validation": 6000, "test": TEST}
        assert splits.class_names == tuple("0123456789")
        train, validation = splits.samples["train"], splits.samples["validation"]
        assert set(train.names) | set(validation.names) == {str(number) for number in range(TRAIN)}
        assert validation.names == tuple(map(str, splits.validation.tolist()))
        shares = np.bincount(validation.labels) / np.bincount(np.concatenate([train.labels, validation.labels]))
        np.testing.assert_allclose(shares, 0.1, atol=2e-4)

    def test_every_image_keeps_its_label(self, prepare, make_spec):
        splits = prepare.load_splits(make_spec("data.split.validation=59900"))
        source = builtin.load("mnist").splits["train"]
        train = splits.samples["train"]
        indices = [int(name) for name in train.names]
        assert np.array_equal(train.images, source.images[indices])
        assert np.array_equal(train.labels, source.labels[indices])

    def test_a_recorded_split_is_used_whatever_the_seed(self, prepare, make_spec):
        recorded = [3, 5, 59_999]
        splits = prepare.load_splits(make_spec("seed=9"), recorded=recorded)
        assert splits.samples["validation"].names == ("3", "5", "59999")
        assert counts(splits) == {"train": TRAIN - 3, "validation": 3, "test": TEST}

    @pytest.mark.parametrize("recorded", [[0, TRAIN], [-1, 4]])
    def test_a_recorded_split_of_other_images_is_refused(self, prepare, make_spec, recorded):
        with pytest.raises(RunError, match=r"data\.json records does not fit"):
            prepare.load_splits(make_spec(), recorded=recorded)

    def test_the_test_split_can_be_what_is_validated_on(self, prepare, make_spec):
        splits = prepare.load_splits(make_spec("data.split.validation=test"))
        assert counts(splits) == {"train": TRAIN, "validation": TEST, "test": TEST}
        assert splits.samples["validation"] is splits.samples["test"]
        assert splits.validation is None

    def test_nothing_can_be_kept_for_validation(self, prepare, make_spec):
        splits = prepare.load_splits(make_spec("data.split.validation=0"))
        assert counts(splits) == {"train": TRAIN, "test": TEST}
        assert splits.validation is None


def test_a_compiled_model_knows_how_its_labels_are_encoded(prepare, make_spec):
    model, encoding = prepare.compiled(make_spec(), total_steps=10)
    assert (encoding, model.output_shape) == ("sparse", (None, 10))
    _, encoding = prepare.compiled(make_spec("train.loss=CategoricalCrossentropy"), total_steps=10)
    assert encoding == "one_hot"


def test_the_shape_of_the_images_is_known_without_loading_them(prepare, make_spec):
    assert prepare.input_shape(make_spec()) == (28, 28, 1)
    assert prepare.input_shape(make_spec("data.source=cifar10", "data.split.validation=0.1")) == (32, 32, 3)
