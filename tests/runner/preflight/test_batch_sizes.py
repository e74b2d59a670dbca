"""`--find-batch`: speeds of powers of two, up to what fits, and the smallest size that is as quick as any."""

from __future__ import annotations

import pytest

from cnncli.errors import ResourceError
from cnncli.runner.preflight import batch_sizes
from cnncli.runner.preflight.batch_sizes import BatchSizes, BatchSpeed, find_batch_size

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("speeds", "suggested"),
    [({8: 100, 16: 190, 32: 240, 64: 250}, 32), ({8: 100, 16: 90}, 8), ({8: 100, 16: 190, 32: 380}, 32)],
)
def test_the_smallest_size_that_is_as_quick_as_any_is_suggested(speeds, suggested):
    measured = tuple(BatchSpeed(size, speed, size / speed) for size, speed in speeds.items())
    assert BatchSizes(measured, 32, 0, 1.0).suggested == suggested


@pytest.fixture
def quick(monkeypatch):
    """Sizes are tried for next to no time."""
    monkeypatch.setattr(batch_sizes, "SECONDS", 0.02)
    monkeypatch.setattr(batch_sizes, "WARM_UP", 0.0)
    monkeypatch.setattr(batch_sizes, "SLOWER", 0.0)


def test_powers_of_two_and_the_size_of_the_spec_are_tried_as_far_as_there_are_images(
    folder_spec, tmp_path, watcher, quick
):
    layers = "model.layers=[Flatten, {Dense: {units: classes, activation: softmax}}]"
    sizes = find_batch_size(folder_spec("train.batch_size=12", layers), tmp_path / "runs", watcher())
    assert [speed.batch_size for speed in sizes.speeds] == [8, 12, 16, 32]  # of 43 images
    assert all(speed.images_per_second > 0 for speed in sizes.speeds)
    assert (sizes.batch_size, sizes.too_large) == (12, 0)
    assert not (tmp_path / "runs").exists()


@pytest.mark.exhaustive
def test_sizes_that_do_not_fit_into_memory_end_the_search(folder_spec, tmp_path, watcher, quick, monkeypatch):
    from cnncli.runner.preflight import trial

    def refuse(model, nodes, batch_size):
        if batch_size > most:
            raise ResourceError("a step does not fit", "")

    monkeypatch.setattr(trial, "require_step_fits", refuse)
    most = 16
    sizes = find_batch_size(folder_spec(), tmp_path / "runs", watcher())
    assert ([speed.batch_size for speed in sizes.speeds], sizes.too_large) == ([8, 16], 32)
    most = 4
    with pytest.raises(ResourceError):
        find_batch_size(folder_spec(), tmp_path / "runs", watcher())
