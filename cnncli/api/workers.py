"""Trainings that several processes share: the part of each, of rank 0, which writes the run, and of the others."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from cnncli.environment import expect_workers
from cnncli.errors import Problem, SpecError
from cnncli.isolation import isolated
from cnncli.observer import TrainingObserver
from cnncli.runner.inputs.preconditions import images_of_run, require_inputs_exist
from cnncli.runner.open_run import OpenRun
from cnncli.runner.resume_plan import plan_resume
from cnncli.runner.threads import choose_threads
from cnncli.runner.training.shared_files import own_copy, shared_files
from cnncli.runs import require_writable
from cnncli.spec import Spec
from cnncli.spec.sections.devices import wrong_for_several
from cnncli.temporary import temporary_folder
from cnncli.workers.addresses import Workers
from cnncli.workers.agreement import facts_of
from cnncli.workers.group import Group
from cnncli.workers.meeting import meet, telling_others
from cnncli.workers.together import WorkerLog


def train_together(
    spec: Spec,
    workers: Workers,
    runs_dir: Path,
    observers: Sequence[TrainingObserver] = (),
    *,
    command: Sequence[str] = (),
) -> Any:
    """Trains a spec as one of several processes; the run of rank 0, None of the others.

    Errors are those of `cnncli.train`, and those of `meet`.
    """
    began = time.monotonic()
    with telling_others(workers):
        _refuse_what_cannot_be_shared(spec, workers)
        require_inputs_exist(spec.data, spec.model, runs_dir, spec.track if workers.is_chief else ())
        require_writable(runs_dir)
    expect_workers()
    facts = facts_of("train", _common(spec), {})
    with (
        meet(workers, facts, _notice(observers)) as group,
        isolated(before_start=partial(choose_threads, spec, together=True)),
    ):
        from cnncli.api.run import Run
        from cnncli.runner.train import train

        if group.is_chief:
            return Run.of_training(train(spec, runs_dir, observers, command, began=began, group=group))
        with _follower(group, runs_dir, observers) as (scratch, log):
            train(spec.replace(track=[]), scratch, [log], command, runs_dir, began, group=group)
        return None


def resume_together(
    run: OpenRun,
    workers: Workers,
    epochs: int | None = None,
    observers: Sequence[TrainingObserver] = (),
    *,
    data: Path | None = None,
    command: Sequence[str] = (),
) -> Any:
    """Continues a run as rank 0 of several processes; the run, or None when nothing remained to be trained.

    Errors are those of `Run.resume`, and those of `meet`.
    """
    expect_workers()
    with contextlib.ExitStack() as stack:
        with telling_others(workers):
            stack.enter_context(run.folder.locked())
            current = OpenRun(run.folder)  # nobody else changes it from here on
            spec = plan_resume(current, epochs, moved=data)
            if spec is not None:
                _refuse_what_cannot_be_shared(spec, workers)
        with meet(workers, facts_of("resume", {}, {"--epochs": epochs}), _notice(observers)) as group:
            if spec is None:
                return None
            group.send_files(shared_files(current.path))
            threads = partial(choose_threads, spec, current, together=True)
            with images_of_run(spec.data, data), isolated(before_start=threads):
                from cnncli.api.run import Run
                from cnncli.runner.resume import resume

                return Run.of_training(resume(current, spec, observers, command, group=group))


def follow_resume(
    workers: Workers,
    runs_dir: Path,
    epochs: int | None = None,
    observers: Sequence[TrainingObserver] = (),
    *,
    data: Path | None = None,
    command: Sequence[str] = (),
) -> None:
    """Continues a run as one of the other processes; rank 0 gives what is needed of it."""
    with telling_others(workers):
        require_writable(runs_dir)
    expect_workers()
    facts = facts_of("resume", {}, {"--epochs": epochs})
    with meet(workers, facts, _notice(observers)) as group, _follower(group, runs_dir, observers) as (scratch, log):
        files = group.receive_files()
        if files is None:
            return
        current = OpenRun(own_copy(scratch, files))
        with current.folder.locked():
            spec = plan_resume(current, epochs, moved=data)
            assert spec is not None  # rank 0 has the same records
            threads = partial(choose_threads, spec, current, together=True)
            with images_of_run(spec.data, data), isolated(before_start=threads):
                from cnncli.runner.resume import resume

                resume(current, spec.replace(track=[]), [log], command, evaluates=False, group=group)


@contextlib.contextmanager
def _follower(
    group: Group, runs_dir: Path, observers: Sequence[TrainingObserver]
) -> Iterator[tuple[Path, TrainingObserver]]:
    """The folder in which a process that writes no run keeps what it trains with, and its log beside the run."""
    from cnncli.runner.training.observers import Observers

    log = WorkerLog(Observers(observers), f"{group.workers.name(group.rank)} of {group.count}")
    group.on_open = lambda run: log.write_to(runs_dir / f"{Path(run).name}.rank-{group.rank}.log")
    with temporary_folder() as scratch:
        yield scratch, log


def _refuse_what_cannot_be_shared(spec: Spec, workers: Workers) -> None:
    problems = [*wrong_for_several(spec.train, spec.model.nodes, len(workers.addresses), None)]
    if spec.train.devices is not None:
        message = "each rank trains on all graphics cards that it sees; leave it out, or set CUDA_VISIBLE_DEVICES"
        problems.append(Problem(("train", "devices"), message))
    if problems:
        raise SpecError(problems)


def _common(spec: Spec) -> dict[str, Any]:
    """The spec without what may be elsewhere on each machine; images and weights are compared by their content."""
    plain = spec.plain()
    for key in ("track", "tune"):
        plain.pop(key, None)
    source = spec.data.source
    arguments = {name: value for name, value in source.arguments.items() if name not in source.paths}
    plain["data"] = {**plain["data"], "source": {source.name: arguments}}
    return plain


def _notice(observers: Sequence[TrainingObserver]) -> Any:
    def notice(text: str) -> None:
        for observer in observers:
            observer.on_notice(text)

    return notice
