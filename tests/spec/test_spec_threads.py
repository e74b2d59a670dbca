"""`train.threads`, and the rule behind `auto`."""

from __future__ import annotations

import pytest

from cnncli.errors import SpecError
from cnncli.spec import load, threads
from cnncli.spec.threads import SMALL, threads_of

SPEC = """\
data: {source: mnist}
model:
  layers:
    - Flatten
    - Dense: {units: UNITS, activation: relu}
    - Dense: {units: classes, activation: softmax}
train: {batch_size: BATCH}
"""


def spec_of(units=8, batch=32, *overrides, layer="Flatten"):
    text = SPEC.replace("- Flatten", f"- Flatten\n    - {layer}")
    return load(text.replace("UNITS", str(units)).replace("BATCH", str(batch)), overrides).spec


def whole(*arguments):
    """A spec with a layer that looks at the whole batch."""
    return spec_of(*arguments, layer="BatchNormalization")


def test_each_core_has_an_operation_of_its_own_in_a_small_network():
    work = 32 * (28 * 28 * 8 + 8 * 10) / 2  # multiply-adds of a layer, on average
    assert work < SMALL / 2
    assert [threads_of(spec_of(), cores) for cores in (1, 2, 3, 64)] == [1, 1, 1, 1]


def test_all_cores_share_the_operations_of_a_large_one():
    units = SMALL // (32 * 28 * 28) * 3
    assert [threads_of(whole(units), cores) for cores in (1, 2, 3, 64)] == [1, 2, 3, 64]


def test_the_work_is_that_of_a_batch():
    assert [threads_of(whole(16, size), 2) for size in (1, 32, 4096)] == [1, 1, 2]


def test_on_more_cores_the_border_is_lower():
    units = round(0.75 * SMALL * 2 / (32 * 28 * 28))
    assert [threads_of(whole(units), cores) for cores in (2, 64)] == [1, 64]


def test_a_network_whose_work_only_the_images_tell_takes_all_cores():
    folder = whole(8, 32, "data.source={folder: {path: photographs}}")
    assert threads_of(folder, 2) == 2
    assert threads_of(whole(8, 32, "data.source={folder: {path: photographs}}", "data.image.size=28"), 2) == 1


def test_each_of_two_cores_takes_half_of_a_batch_however_large_a_network_is(monkeypatch):
    assert [threads_of(spec_of(2048), cores) for cores in (1, 2, 3)] == [1, 1, 3]
    assert threads_of(spec_of(2048, layer="Dropout: {rate: 0.2}"), 2) == 1
    others = ["ActivityRegularization", "Dense: {units: 2048, activity_regularizer: L2}"]
    assert [threads_of(spec_of(2048, layer=layer), 2) for layer in ("BatchNormalization", *others)] == [2, 2, 2]
    settings = ["train.precision=auto", "train.jit_compile=true", "train.devices=2"]
    assert [threads_of(spec_of(2048, 32, setting), 2) for setting in settings] == [2, 2, 2]
    assert threads_of(spec_of(2048), 2, halves=False) == 2  # where several processes share it
    monkeypatch.setattr(threads, "has_nvidia_driver", lambda: True)
    assert threads_of(spec_of(2048), 2) == 2


@pytest.mark.parametrize("number", [1, 2, 7, 1024])
def test_a_number_fixes_it(number):
    assert threads_of(spec_of(8, 32, f"train.threads={number}"), 2) == number


@pytest.mark.parametrize("value", ["0", "-1", "1025", "1.5", "all", "true", "[1]"])
def test_anything_else_is_refused(value):
    with pytest.raises(SpecError, match="expected a whole number from 1 to 1024 or 'auto'"):
        spec_of(8, 32, f"train.threads={value}")


def test_it_follows_from_the_spec_and_the_cores_alone(monkeypatch):
    monkeypatch.setenv("TF_NUM_INTRAOP_THREADS", "5")
    assert threads_of(spec_of(), 2) == threads_of(spec_of(8, 32, "seed=7", "train.epochs=50"), 2) == 1
