"""Trains a run again and compares the results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

from cnncli.data.decode.pixels import UnknownWhite
from cnncli.data.decode.white import WHITE
from cnncli.errors import RunError
from cnncli.factory.computation.choices import choices_of
from cnncli.observer import TrainingObserver
from cnncli.records import Reproduction
from cnncli.runner.environment import differences, environment
from cnncli.runner.execution.devices import device_names
from cnncli.runner.inputs.image_manifest import recorded_splits
from cnncli.runner.inputs.moved_images import moved_to
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.open_run import OpenRun
from cnncli.runner.train import train
from cnncli.runner.training.observers import Observers
from cnncli.runs import BEST, hashes
from cnncli.wording import counted

_COMPARED_FILES = {BEST: "the best weights", "predictions.csv": "the predictions"}


def reproduce(
    run: OpenRun,
    runs_dir: Path,
    observers: Sequence[TrainingObserver] = (),
    command: Sequence[str] = (),
    moved: Path | None = None,
) -> Reproduction:
    """Trains the spec of a finished run into a new run, as `cnncli.Run.reproduce` says."""
    spec, recorded, before = run.spec, run.environment, run.history_rows
    # A run named in model.weights is the one beside this run, wherever the new one is created
    data = with_own_files(spec.data if moved is None else moved_to(spec.data, moved), run.path)
    if run.image_rows:  # with others the results would differ, and only at the end
        notice = Observers(observers).on_notice
        recorded_splits(data, spec.seed, run.data_record, run.path, notice, unchanged=True, rows=run.image_rows)
    if data.classes is None and data.source.has_files:  # a folder or table may have more classes by now
        data = data.replace(classes=run.class_names)
    spec = spec.replace(track=[])  # only to compare the two
    again_with = partial(train, weights_dir=run.path.parent, legs=run.legs)
    with choices_of(recorded):
        try:
            result = again_with(spec.replace(data=data), runs_dir, observers, command)
        except UnknownWhite:  # older runs took white for that of bytes, and did not ask for it
            data = data.replace(image=data.image.replace(white=WHITE))
            result = again_with(spec.replace(data=data), runs_dir, observers, command)
    again = OpenRun(result.run)
    difference = _first_difference(before, again.history_rows) or _differing_file(run.path, again.path)
    changes = differences(recorded, environment(spec.model.nodes, device_names(spec.train.devices)))
    return Reproduction(str(run.path), str(again.path), difference, tuple(changes))


def _first_difference(before: Sequence[Mapping[str, str]], now: Sequence[Mapping[str, str]]) -> str:
    """The first difference between two histories; the duration of an epoch is not compared."""
    for number, (first, second) in enumerate(zip_longest(before, now), start=1):
        if first is None or second is None:
            return f"{counted(len(before), 'epoch')} before, {len(now)} now"
        for name in dict.fromkeys([*first, *second]):
            if name != "seconds" and first.get(name) != second.get(name):
                return f"epoch {number}: {name} was {first.get(name)}, now {second.get(name)}"
    return ""


def _differing_file(run: Path, again: Path) -> str:
    for name, text in _COMPARED_FILES.items():
        before, now = run / name, again / name
        try:
            # The sizes first, so that a huge file is not read
            same = before.stat().st_size == now.stat().st_size and hashes.sha256_of(before) == hashes.sha256_of(now)
        except OSError as error:
            raise RunError(f"'{run / name}' cannot be read: {error.strerror or error}") from None
        if not same:
            return f"every epoch is the same, but {text} are not"
    return ""
