"""Trains one trial of a search: an ordinary training, but for the test images, which are never looked at."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from pathlib import Path

from cnncli.observer import TrainingObserver
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume import resume
from cnncli.runner.resume_plan import plan_resume
from cnncli.runner.train import train_into
from cnncli.runner.training.observers import Observers
from cnncli.runner.training.pace import start_pace
from cnncli.runner.training.spec_file import portable_source
from cnncli.runs import RunDir
from cnncli.spec.schema import Spec


def train_trial(
    folder: RunDir,
    spec: Spec,
    weights_dir: Path,
    observers: Sequence[TrainingObserver],
    command: Sequence[str],
    evaluates: bool = False,
) -> None:
    """Trains a trial in its folder, or continues it from its checkpoint; a finished one is left as it is.

    Args:
        folder: Folder of the run, which exists and may be empty.
        spec: Spec of the trial; one that is continued takes the place of its images from it.
        weights_dir: Directory of the runs whose weights the spec names.
        observers: Receive the events of the training.
        command: Command line to record in environment.json.
        evaluates: Evaluate it on the test images after all: the search is over.

    Raises:
        CnncliError: Whatever ends a training.
        Interrupted: An observer asked for a stop.
    """
    began = time.monotonic()
    with folder.locked():
        if folder.data.exists() and folder.status_file.exists():
            run = OpenRun(folder)
            if (left := plan_resume(run)) is not None:
                resume(run, _where_its_images_are(left, spec), observers, command, evaluates)
            return
        train_into(
            lambda: contextlib.nullcontext(folder),
            spec,
            weights_dir,
            Observers(observers),
            command,
            lambda: start_pace(time.monotonic() - began, spec.train.max_seconds, None),
            evaluates=evaluates,
        )


def _where_its_images_are(left: Spec, spec: Spec) -> Spec:
    """The spec to continue with; the same object unless the spec of the trial has its images at another place."""
    source = portable_source(spec.data.source)
    return left if source == left.data.source else left.replace(data=left.data.replace(source=source))
