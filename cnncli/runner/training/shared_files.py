"""The files of a run with which another process, on another machine perhaps, continues it together with this one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cnncli.runner.inputs.corrections import CORRECTIONS
from cnncli.runner.inputs.division_file import DIVISION
from cnncli.runs import CHECKPOINT, PACE, RunDir
from cnncli.runs.image_list import MANIFEST

_FILES = (
    "spec.yaml",
    "status.json",
    "environment.json",
    "data.json",
    MANIFEST,
    DIVISION,
    CORRECTIONS,
    PACE,
    CHECKPOINT,
)


def shared_files(run: Path) -> dict[str, bytes]:
    """What the others need of a run, by name."""
    return {name: (run / name).read_bytes() for name in _FILES if (run / name).is_file()}


def own_copy(folder: Path, files: Mapping[str, bytes]) -> RunDir:
    """Writes these files into a run folder of this process."""
    run = RunDir.claim(folder, "run")
    for name in _FILES:
        if name in files:
            with run.write(name) as path:
                path.write_bytes(files[name])
    return run
