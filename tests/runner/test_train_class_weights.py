"""Class weights are held against the classes of every source before anything is trained."""

from __future__ import annotations

import numpy as np
import pytest

from cnncli.errors import SpecError

pytestmark = pytest.mark.slow


@pytest.fixture
def sources(squares, table, tmp_path):
    """One source of each kind, all with a class that is not called Red."""
    pixels, labels = np.full((30, 5, 5), 200, np.uint8), np.repeat(["red", "blue", "green"], 10)
    np.savez(tmp_path / "a.npz", images=pixels, labels=labels)
    return {
        "folder": f"{{folder: {{path: {squares}}}}}",
        "csv": f"{{csv: {{path: {table}, label_column: class}}}}",
        "arrays": f"{{arrays: {{path: {tmp_path / 'a.npz'}}}}}",
    }


@pytest.mark.parametrize("kind", ["folder", "csv", "arrays"])
@pytest.mark.parametrize("dry", [False, True])
def test_a_name_that_no_class_has_ends_before_a_run_exists(sources, folder_spec, kind, dry, tmp_path, watcher):
    from cnncli.runner.preflight.dry_run import dry_run
    from cnncli.runner.train import train

    spec = folder_spec(f"data.source={sources[kind]}", "train.class_weight={Rot: 5}", "data.image.size=16")
    with pytest.raises(SpecError, match="no class is called 'Rot'"):
        dry_run(spec, tmp_path / "runs", watcher()) if dry else train(spec, tmp_path / "runs", [watcher()])
    assert not list((tmp_path / "runs").glob("*"))
