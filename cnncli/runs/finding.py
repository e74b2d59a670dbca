"""Which runs there are, and the one that somebody means."""

from __future__ import annotations

from pathlib import Path

from cnncli.errors import RunError
from cnncli.runs.folder import RunDir
from cnncli.runs.untrusted import require_plain_folder


def list_runs(folder: Path) -> list[RunDir]:
    """Every run in a folder, by name; folders that are no runs are passed over."""
    if not folder.is_dir():
        return []
    return [RunDir(path) for path in sorted(folder.iterdir()) if (path / "status.json").is_file()]


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
        if (path / "status.json").is_file() or (path / "spec.yaml").is_file():
            return _opened(path)
    from cnncli.catalog.kinds import nearest

    if Path(named).is_dir():
        raise RunError(f"'{named}' is a folder, but not of a run: it has no status.json")
    near = nearest(named, [run.name for run in list_runs(folder)])
    raise RunError(f"there is no run '{named}'{near}", "'cnncli runs' lists the runs there are")
