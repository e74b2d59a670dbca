"""Searching for better values of the keys of a spec."""

from __future__ import annotations

import contextlib
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.api.functions import SpecLike
from cnncli.errors import Problem, ResourceError, SpecError
from cnncli.lasting import lasting
from cnncli.machine import expanded
from cnncli.runner.inputs.preconditions import require_inputs_exist
from cnncli.spec import LoadedSpec, Spec, load
from cnncli.spec.sections.tune import NOTHING

if TYPE_CHECKING:
    from cnncli.api.run import Run
    from cnncli.observer import TuneObserver
    from cnncli.records import TuneTrial


@lasting("path")
@dataclass(frozen=True)
class TuneResult:
    """What a search has found so far.

    Args:
        path: Folder of the search; it holds best.yaml, a page and the runs of this machine.
        metric: The metric that it improves.
        trials: All trials that have begun, in whichever process, by their numbers.
        best: The best of them; None if none is complete.
        best_spec: Its spec, that of best.yaml; None if none is complete.
        retrained: The runs of the best spec with several seeds.

    Example:
        >>> import cnncli
        >>> space = {"train.batch_size": {"CategoricalDistribution": {"choices": [25, 50]}}}
        >>> tune = {"trials": 1, "space": space}
        >>> spec = cnncli.load_spec("mnist.yaml", {"tune": tune, "train.epochs": 1})
        >>> result = cnncli.tune(spec)
        >>> result.best.number, result.best_run.path.name, result.best_spec.train.epochs
        (0, 'trial-000', 1)
    """

    path: Path
    metric: str
    trials: tuple[TuneTrial, ...]
    best: TuneTrial | None
    best_spec: Spec | None
    retrained: tuple[Run, ...]

    @property
    def best_run(self) -> Run | None:
        """The run of the best trial; None if none is complete, or if it is on another machine."""
        from cnncli.api.run import Run
        from cnncli.runs import RunDir

        return Run(RunDir(self.best.path)) if self.best is not None and self.best.path is not None else None


def tune(
    spec: SpecLike,
    runs_dir: str | os.PathLike[str] = "runs",
    observers: Sequence[TuneObserver] = (),
    *,
    storage: str | None = None,
    name: str | None = None,
    retrain: int = 0,
    give_up: Sequence[int] = (),
    command: Sequence[str] = (),
) -> TuneResult:
    """Searches for better values of the keys that a spec lists under `tune.space`, as `cnncli tune` does.

    Every trial is a run, trained in a process of its own. The same call, made again or elsewhere, continues or joins
    the search. Prints nothing; pass an observer to follow it.

    Args:
        spec: Spec from `load_spec`, or what it takes.
        runs_dir: Directory in which the folder of the search is created.
        observers: Receive the events of the search.
        storage: Journal file, `sqlite:///FILE` or `postgresql://…`; a journal beside the runs by default.
        name: Name of the search; overrides the spec's.
        retrain: At the end, train the best spec with this number of seeds, and measure each on the test images.
        give_up: Trials to count as failed because their machine is gone.
        command: Command line to record in the runs.

    Returns:
        What the search has found, once it is over.

    Raises:
        SpecError: The spec is wrong or has no search, or the storage has a search of this name that differs.
        DataError: Images are missing.
        RunError: The folder holds another search, or a trial to give up is not under way.
        ResourceError: Optuna is missing, or the storage cannot be opened or is away for too long.
        CnncliError: Several trials failed one after the other, or a training of the best spec failed.
        KeyboardInterrupt: Ctrl-C; the same call continues the search.

    Example:
        >>> import cnncli
        >>> space = {"train.batch_size": {"CategoricalDistribution": {"choices": [25, 50]}}}
        >>> tune = {"trials": 1, "space": space}
        >>> result = cnncli.tune(cnncli.load_spec("mnist.yaml", {"tune": tune, "train.epochs": 1}))
        >>> result.path.name, len(result.trials)
        ('mnist-tune', 1)
    """
    loaded = load(spec.plain() if isinstance(spec, Spec) else spec, {} if name is None else {"name": name})
    with loaded.locating():
        return search(loaded, expanded(runs_dir), observers, storage, retrain, give_up, command)


def search(
    loaded: LoadedSpec,
    runs_dir: Path,
    observers: Sequence[TuneObserver],
    storage: str | None,
    retrain: int,
    give_up: Sequence[int],
    command: Sequence[str],
) -> TuneResult:
    """The same for a spec that was loaded; problems of a SpecError have no places yet."""
    if not loaded.spec.tune.space:
        raise SpecError([Problem((), NOTHING)])
    with _quiet_optuna():
        require_inputs_exist(loaded.spec.data, loaded.spec.model, runs_dir, loaded.spec.track)
        from cnncli.api.run import Run
        from cnncli.search.observers import TuneObservers
        from cnncli.search.result import BEST
        from cnncli.search.retrain import retrain as train_again
        from cnncli.search.worker import Worker

        observer = TuneObservers(observers)
        worker = Worker(loaded, runs_dir, storage, observer, list(command))
        worker.give_up(give_up)
        found = worker.run()
        folder, trials, runs = worker.folder.path, worker.trials(), list[Run]()
        best = next((trial for trial in trials if found is not None and trial.number == found.number), None)
        if found is not None and best is not None:
            observer.on_best(best)
            if retrain:
                again = train_again(folder, worker.search, found, retrain, runs_dir, list(command), worker.notice_once)
                for run in again:
                    observer.on_retrained(run)
                    runs.append(Run(run))
        spec = None if best is None else load(folder / BEST).spec
        return TuneResult(folder, worker.search.metric, trials, best, spec, tuple(runs))


@contextlib.contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Inside, Optuna says nothing of its own; a ResourceError where it is missing."""
    if importlib.util.find_spec("optuna") is None:
        raise ResourceError("a search needs the package optuna", "pip install 'cnncli[tune]'")
    import optuna

    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
