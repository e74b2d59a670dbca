"""A run that has written down its images."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import pytest

from cnncli.runs import RunDir


@pytest.fixture(scope="module")
def recorded() -> ModuleType:
    from cnncli.runner.inputs import image_manifest as recorded

    return recorded


@pytest.fixture
def record(recorded, tmp_path) -> Callable:
    """Writes down the images of a spec as a training does, and gives the run, the splits and what was told."""
    from cnncli.runner.inputs.splits import load_splits

    def record(spec) -> tuple[RunDir, object, list[str]]:
        run, splits, told = RunDir(tmp_path / "run"), load_splits(spec.data, spec.seed), []
        run.path.mkdir()
        pixels = {"border_mean": 0.0, "border_std": 0.0}
        about = {"class_names": list(splits.class_names), "image": list(splits.shape), "pixels": pixels}
        run.write_json("data.json", about)
        recorded.record_images(run, splits, told.append)
        return run, splits, told

    return record
