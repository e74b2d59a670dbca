"""Splits that have every class on each side."""

import numpy as np
import pytest

from cnncli.draft.split import choose_split
from cnncli.errors import DataError


def test_a_rare_class_is_on_every_side():
    split = choose_split({"train": np.repeat([0, 1], [400, 4])}, ("many", "few"), "photos")
    assert split.train + split.validation + split.test == 404
    assert set(split.keys) == {"validation", "test"}


def test_a_class_too_rare_to_be_on_every_side_is_refused():
    labels = {"train": np.repeat([0, 1], [40, 2])}
    with pytest.raises(DataError, match="photos: the class rare has 2 images; at least 3 are needed"):
        choose_split(labels, ("many", "rare"), "photos")
    assert choose_split({**labels, "test": labels["train"]}, ("many", "rare"), "photos").test == 42
