"""Which runs there are, and the one that somebody means."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

from cnncli.errors import ResourceError, RunError
from cnncli.runs.files import leftovers_in
from cnncli.runs.folder import LOCK, RunDir
from cnncli.runs.untrusted import require_plain_folder

ABANDONED = 3600.0
"""Seconds after which a half-written file is taken for that of a killed process."""


def list_runs(folder: Path) -> list[RunDir]:
    """Every run in a folder, by name; folders that are no runs are passed over.

    Raises:
        RunError: it is not for us to look into the folder.
    """
    if not _is(folder.is_dir):
        return []
    try:
        return [RunDir(path) for path in sorted(folder.iterdir()) if _has(path, "status.json")]
    except OSError as error:
        raise RunError(f"'{folder}' cannot be looked at: {error.strerror or error}") from None


def _has(folder: Path, name: str) -> bool:
    return _is((folder / name).is_file)


def _is(there: Callable[[], bool]) -> bool:
    """Whether it is; not for us, when somebody keeps the folder private or no file can have that name."""
    try:
        return there()
    except (OSError, ValueError):
        return False


def sweep_runs(folder: Path) -> None:
    """Removes what killed processes left half-written in any run of a folder.

    Runs that somebody writes are left alone, and so are those that cannot be written to. A lock is only asked for where
    there is something to sweep, so that nobody who goes on with a run finds it locked by a training of another one.
    """
    for path in folder.iterdir() if folder.is_dir() else ():
        # Whoever writes a run has its lock first: a folder without one is none of ours, whatever lies in it
        if _has(path, LOCK) and any(map(_is_abandoned, leftovers_in(path))):
            with contextlib.suppress(RunError, ResourceError), RunDir(path).locked():
                pass  # which sweeps


def _is_abandoned(path: Path) -> bool:
    try:
        return time.time() - path.lstat().st_mtime > ABANDONED
    except OSError:  # its writer was quicker
        return False


def _opened(path: Path) -> RunDir:
    """The run in a folder, that may come from anybody."""
    require_plain_folder(path)
    return RunDir(path)


def find_run(named: str | None, folder: Path) -> RunDir:
    """A run by its path or its name; the newest finished one when none is named.

    Args:
        named: a path, the name of a run in `folder`, or None.
        folder: where runs live.

    Raises:
        RunError: there is no such run, or there are links in it.
    """
    if named is None:
        finished = [run for run in list_runs(folder) if run.is_finished()]
        if not finished:
            others = [run for run in list_runs(folder) if run.best_weights.is_file()]
            hint = f"name one that is not finished: --run {others[-1].name}" if others else ""
            raise RunError(
                f"there is no finished run in '{folder}'", hint or "train one first: cnncli train configs/mnist.yaml"
            )
        return _opened(max(finished, key=lambda run: str(run.status().get("ended", ""))).path)
    for path in (Path(named), folder / named):
        if _has(path, "status.json") or _has(path, "spec.yaml"):
            return _opened(path)
    from cnncli.wording import nearest

    if _is(Path(named).is_dir):
        raise RunError(f"'{named}' is a folder, but not of a run: it has no status.json that can be read")
    near = nearest(named, [run.name for run in list_runs(folder)])
    raise RunError(f"there is no run '{named}'{near}", "'cnncli runs' lists the runs there are")
