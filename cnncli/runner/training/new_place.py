"""The images of a run that was trained are at another place: looked at, and named by the run from then on."""

from __future__ import annotations

from pathlib import Path

from cnncli.isolation import isolated_images
from cnncli.notices import Notice
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runner.open_run import OpenRun
from cnncli.runner.training.spec_file import change_spec


def require_same_images(run: OpenRun, moved: Path | None, notice: Notice) -> None:
    """Refuses images that are not those that a run has recorded; a built-in data set is the same everywhere.

    Args:
        run: The run.
        moved: Where its images are now, if they were moved.
        notice: Receives warnings.

    Raises:
        DataError: Images are missing or have changed.
        RunError: Its records are damaged, or its images have no path.
    """
    data, rows = run.spec.data if moved is None else moved_to(run.spec.data, moved), run.image_rows
    if rows:
        with isolated_images():
            recorded_splits(data, run.spec.seed, run.data_record, run.path, notice, unchanged=True, rows=rows)


def name_place(run: OpenRun, moved: Path) -> None:
    """Has a run, which the caller has locked, name the place where its images are now; it reads its spec anew."""
    loaded = OpenRun(run.folder).loaded_spec
    change_spec(run.folder, loaded.document.value, None, moved_to(loaded.spec.data, moved).source)
    run.forget_spec()
