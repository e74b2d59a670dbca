"""Movements of padded images fill up with what 'pad' lays, and the specs of earlier runs keep their meaning."""

import pytest

from cnncli.spec import load
from cnncli.spec.padded import MOVEMENTS

ARGUMENTS = {
    "RandomRotation": {"factor": 0.1},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "RandomShear": {"x_factor": 0.1},
}


def fills(resize, *augment, **options):
    spec = {
        "data": {"source": {"folder": {"path": "a"}}, "image": {"size": 28, "resize": resize}},
        "augment": list(augment),
        "model": {"layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]},
    }
    return [entry.get("fill_mode") for entry in load(spec, **options).spec.augment]


@pytest.mark.parametrize("name", MOVEMENTS)
def test_beyond_black_bars_is_black(name):
    entry = {name: ARGUMENTS[name]}
    assert fills("pad", entry) == ["constant"]
    assert fills("stretch", entry) == fills("crop", entry) == ["reflect"]


def test_what_the_spec_says_counts():
    entries = [{name: {**arguments, "fill_mode": "nearest"}} for name, arguments in ARGUMENTS.items()]
    assert fills("pad", *entries) == ["nearest"] * 4
    assert fills("pad", {"ImageDataGenerator": {"rotation_range": 9}}, "RandomFlip") == ["nearest", None]


def test_it_is_written_out_so_that_the_spec_of_a_run_says_it():
    spec = {
        "data": {"source": {"folder": {"path": "a"}}, "image": {"size": 28, "resize": "pad"}},
        "augment": [{"RandomZoom": {"height_factor": 0.1}}],
        "model": {"layers": ["Flatten", {"Dense": {"units": "classes", "activation": "softmax"}}]},
    }
    assert load(spec).spec.plain()["augment"] == [{"RandomZoom": {"height_factor": 0.1, "fill_mode": "constant"}}]
    assert load(load(spec).spec.plain(), is_complete=True).spec == load(spec).spec


def test_the_spec_of_a_run_is_taken_as_it_was_recorded():
    assert fills("pad", {"RandomRotation": {"factor": 0.1}}, is_complete=True) == ["reflect"]
