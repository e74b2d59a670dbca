"""Trains a spec with folds, and continues a group that was interrupted: one run after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from cnncli import __version__
from cnncli.environment import divide_processor
from cnncli.errors import Interrupted, ResourceError
from cnncli.folds.images import move, require_recorded_images, spec_of
from cnncli.folds.notices import WithoutRepeats
from cnncli.folds.plan import FoldPlan, fold_spec, plan_folds
from cnncli.isolation import isolated
from cnncli.machine import create_folder
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.corrections import CORRECTIONS, read_corrections, write_corrections
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.inputs.preconditions import images_of_run
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import plan_resume
from cnncli.runner.threads import choose_threads
from cnncli.runs import RunDir, now, require_writable, sweep_runs
from cnncli.runs.groups import FINAL, GROUP_LOCK, GroupDir, GroupRecord
from cnncli.runs.lock import locked_folder
from cnncli.spec import Spec
from cnncli.spec.sections.devices import parts_of_processor
from cnncli.temporary import temporary_folder


def train_folds(
    spec: Spec, folds: int, final: bool, runs_dir: Path, observers: Sequence[TrainingObserver], command: Sequence[str]
) -> GroupDir:
    """Trains a run for each fold, as `cnncli.train_folds` says.

    The group is created when the first fold is prepared, so whatever is refused leaves nothing behind.
    """
    require_writable(runs_dir)
    sweep_runs(runs_dir)
    observer = WithoutRepeats(observers)
    plan = plan_folds(spec, folds, final, observer.on_notice)
    group: GroupDir | None = None
    with ExitStack() as locks, temporary_folder() as place:

        @contextmanager
        def first_run() -> Iterator[RunDir]:
            nonlocal group
            claimed = GroupDir(RunDir.claim(runs_dir, f"{spec.name}-folds").path)
            locks.enter_context(locked_folder(claimed.path, GROUP_LOCK))
            _write_start(claimed, spec, plan, final, command)
            group = claimed
            with _created(claimed.fold(1)) as run:
                yield run

        observer.division = str(place / "fold-1.csv")
        plan.write(1, place / "fold-1.csv")
        observer.on_fold(1, folds)
        with _interrupting(lambda: group, 1):
            _train(fold_spec(spec, place / "fold-1.csv"), first_run, runs_dir, observer, command)
        assert group is not None
        _finish(group, observer, command)
    return group


def resume_folds(
    group: GroupDir, observers: Sequence[TrainingObserver], command: Sequence[str], moved: Path | None = None
) -> bool:
    """Continues a group: the interrupted run, and those that are missing.

    Args:
        group: The group.
        observers: Receive the events of the training.
        command: Command line to record.
        moved: Where the images are now, if they were moved; the group names this place from then on.

    Returns:
        Whether anything remained to be done.

    Raises:
        RunError: Another process writes it, a run diverged, or records are damaged.
        DataError: Images are missing or have changed.
        CnncliError: Whatever ends a training.
    """
    remains = group.state() != "finished"
    if not remains and moved is None:
        return False
    observer = WithoutRepeats(observers)
    with locked_folder(group.path, GROUP_LOCK), images_of_run(spec_of(group).data, moved):
        require_recorded_images(group, moved, observer.on_notice)
        if moved is not None:
            move(group, moved)
        if remains:
            _finish(group, observer, command)
    return remains


def _write_start(group: GroupDir, spec: Spec, plan: FoldPlan, final: bool, command: Sequence[str]) -> None:
    """Writes the divisions of all folds and then what the group is, so that it can be resumed."""
    from cnncli.runner.training.run_files import command_line, plain_spec, portable_spec
    from cnncli.spec.writer import spec_text

    for number in range(1, plan.folds + 1):
        plan.write(number, group.division(number))
    portable = portable_spec(spec)
    if spec.data.corrections is not None:
        write_corrections(group.path / CORRECTIONS, read_corrections(spec.data.corrections))
    plain = plain_spec(portable.replace(data=with_own_files(portable.data, group.path.absolute())))
    # Without defaults, which would count as set by hand where the source has a split of its own
    split = {key: value for key, value in plain["data"]["split"].items() if key in spec.data.split.set_keys}
    text = spec_text({**plain, "data": {**plain["data"], "split": split}})
    invocation = command_line(command)
    group.write_record(GroupRecord(plan.folds, final, plan.own_test > 0, text, invocation, now(), __version__))


def _finish(group: GroupDir, observer: WithoutRepeats, command: Sequence[str]) -> None:
    """Trains the runs that are not finished, and writes the figures over all folds."""
    record, spec = group.record, spec_of(group)
    for number, run in enumerate(group.folds, 1):
        observer.division = str(group.division(number).absolute())
        _finish_run(group, run, number, fold_spec(spec, group.division(number)), observer, command)
    if not group.metrics_file.exists():
        with _interrupting(lambda: group, None), isolated(before_start=_threading_of(group)):
            from cnncli.folds.results import write_results

            write_results(group, observer.on_notice)
    if record.final:
        if not record.own_test:
            spec = spec.replace(data=spec.data.replace(split=spec.data.split.replace(test="validation")))
        _finish_run(group, RunDir(group.path / FINAL), 0, spec, observer, command)
    if not group.page.exists():
        with _interrupting(lambda: group, None), isolated(before_start=_threading_of(group)):
            from cnncli.folds.page import write_page

            write_page(group, observer.on_notice)


def _finish_run(
    group: GroupDir, run: RunDir, number: int, spec: Spec, observer: TrainingObserver, command: Sequence[str]
) -> None:
    """Trains or continues a run of a group, unless it is finished."""
    if run.status_file.exists() and run.is_finished():
        return
    observer.on_fold(number, group.record.folds)
    divide_processor(parts_of_processor(spec.train.devices))
    threading = partial(choose_threads, spec, OpenRun(group.fold(1)))
    with _interrupting(lambda: group, number):
        if not run.data.exists():  # it ended before its first step
            _train(spec, lambda: _created(run), group.path.parent, observer, command, threading)
            return
        with run.locked():
            opened = OpenRun(run)
            remaining = plan_resume(opened)
            assert remaining is not None  # it is not finished
            with isolated(before_start=threading):
                from cnncli.runner.resume import resume

                resume(opened, remaining, [observer], command)


def _train(
    spec: Spec,
    open_run: Callable[[], AbstractContextManager[RunDir]],
    weights_dir: Path,
    observer: TrainingObserver,
    command: Sequence[str],
    threading: Callable[[], object] | None = None,
) -> None:
    began = time.monotonic()
    divide_processor(parts_of_processor(spec.train.devices))
    with isolated(before_start=threading or partial(choose_threads, spec)):
        from cnncli.runner.environment import tell_threads
        from cnncli.runner.train import train_into
        from cnncli.runner.training.pace import start_pace

        if threading is None:
            tell_threads(spec, observer.on_notice)
        limit = spec.train.max_seconds
        pace = lambda: start_pace(time.monotonic() - began, limit, None)  # noqa: E731
        train_into(open_run, spec, weights_dir, observer, command, pace)


def _threading_of(group: GroupDir) -> Callable[[], object]:
    """Sets TensorFlow to compute as the first fold did."""
    return OpenRun(group.fold(1)).apply_recorded_threading


@contextmanager
def _created(run: RunDir) -> Iterator[RunDir]:
    """The folder of a run, made and locked."""
    try:
        create_folder(run.path)
    except OSError as error:
        raise ResourceError(f"cannot write to '{run.path.parent}': {error.strerror or error}") from error
    with run.locked():
        yield run


@contextmanager
def _interrupting(group: Callable[[], GroupDir | None], number: int | None) -> Iterator[None]:
    """Inside, an interruption is that of the group, once there is one; without a number, its results are written."""
    try:
        yield
    except (Interrupted, KeyboardInterrupt) as stop:
        if (interrupted := group()) is None:
            raise
        where = f"in fold {number} of {interrupted.record.folds}" if number else "in the run on all images"
        where = "before all results were written" if number is None else where
        path, code = str(interrupted.path), getattr(stop, "exit_code", 130)
        if not isinstance(stop, Interrupted):
            raise Interrupted(path, code, 0, f"stopped {where}") from None
        raise Interrupted(
            path, code, stop.epochs, "; ".join(filter(None, (f"stopped {where}", stop.left_out)))
        ) from None
