"""Lists the runs in a folder, and finds one by name or path."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from cnncli.errors import ResourceError, RunError
from cnncli.machine import expanded
from cnncli.runs.files import leftovers_in
from cnncli.runs.folder import LOCK, RunDir
from cnncli.runs.groups import is_unstarted_group, refuse_group
from cnncli.runs.untrusted import require_plain_folder
from cnncli.wording import counted, in_shell, nearest


def list_runs(folder: Path) -> list[RunDir]:
    """Every run in a folder, by name; other folders are skipped.

    Raises:
        RunError: The folder cannot be read.
    """
    if not os.path.isdir(folder):  # noqa: PTH112 – also False for a name that no folder can have
        return []
    try:
        return [RunDir(path) for path in sorted(folder.iterdir()) if _has(path, "status.json")]
    except OSError as error:
        raise RunError(f"'{folder}' cannot be read: {error.strerror or error}") from None


def _has(folder: Path, name: str) -> bool:
    """Whether a folder has a file; False if the folder is private or the name is impossible."""
    return os.path.isfile(folder / name)  # noqa: PTH113 – Path.is_file raises an error for these


def sweep_runs(folder: Path) -> None:
    """Removes temporary files of killed processes from all runs of a folder.

    Runs that are being written, and those that cannot be written to, are skipped. A lock is only taken if there is
    something to remove, so that a training never locks another run that is about to be resumed.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        # Every run that was ever written has a lock file: a folder without one is not a run
        if _has(path, LOCK) and any(leftovers_in(path)):
            with contextlib.suppress(RunError, ResourceError), RunDir(path).locked():
                pass  # taking the lock removes them


def find_run(name: str | None, folder: Path) -> RunDir:
    """The run of a path, or of a name in a folder of runs; the newest finished one if the name is None.

    Raises:
        RunError: There is no such run, or it contains links.
    """
    run = _newest_finished(folder) if name is None else _named(name, folder)
    require_plain_folder(run.path)  # it may come from anybody
    return run


def _newest_finished(folder: Path) -> RunDir:
    runs = list_runs(folder)
    finished = [run for run in runs if run.is_finished()]
    if not finished:
        others = [run for run in runs if run.best_weights.is_file()]
        hint = f"choose an unfinished one: --run {others[-1].name}" if others else ""
        raise RunError(f"no finished run in '{folder}'", hint or "train one first: cnncli train configs/mnist.yaml")
    return max(finished, key=lambda run: str(run.status().get("ended", "")))


def _named(name: str, folder: Path) -> RunDir:
    for path in (expanded(name), folder / name):
        refuse_group(path)
        if _has(path, "status.json") or _has(path, "spec.yaml"):
            return RunDir(path)
    for path in (expanded(name), folder / name):
        if is_unstarted_group(path):
            raise RunError(
                f"'{path}' holds no run: its training was stopped before the first fold started",
                "remove the folder and train again with --folds",
            )
    raise _why_no_run(name, folder)


def _why_no_run(name: str, folder: Path) -> RunError:
    """What a name that is not that of a run may be instead."""
    path, near = expanded(name), nearest(Path(name).stem, [run.name for run in list_runs(folder)])
    around = next((parent for parent in path.parents if _has(parent, "status.json")), None)
    if around is not None and os.path.lexists(path):
        return RunError(f"'{name}' is a part of a run, not the run", f"name its folder: {in_shell(around)}")
    if os.path.isfile(path):  # noqa: PTH113
        if path.suffix.lower() in (".yaml", ".yml"):
            return RunError(f"'{name}' is a spec, not a run{near}", f"to train it: cnncli train {in_shell(name)}")
        return RunError(f"'{name}' is a file, not a run{near}", "'cnncli runs' lists all runs")
    if os.path.isdir(path):  # noqa: PTH112
        if runs := list_runs(path):
            hint = f"it holds {counted(len(runs), 'run')}; name one, such as {in_shell(runs[-1].path)}"
            return RunError(f"'{name}' is a folder of runs, not a run", hint)
        return RunError(f"'{name}' is not a run folder: it has no readable status.json{near}")
    hint = "'cnncli runs' lists all runs"
    if not os.path.isdir(folder):  # noqa: PTH112
        hint = f"there is no folder '{folder}' here: change to the one that has it, or name it with --runs-dir"
    return RunError(f"there is no run '{name}'{near}", hint)
