"""`cnncli runs`: lists runs."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnncli.cli.options import UserPath, runs_dir_option

if TYPE_CHECKING:
    from cnncli.runs import RunDir

_KEYS = {"date": "started", "accuracy": "accuracy", "name": "name", "state": "state"}

_IN_RUNS_DIR = "RUNS_DIR/runs.html"


@click.command()
@runs_dir_option
@click.option(
    "--sort",
    type=click.Choice(list(_KEYS)),
    default="date",
    show_default=True,
    help="Sort by date, accuracy, name or state.",
)
@click.option("--group", "group", help="The runs of a training with --folds, or of a search: its folder or name.")
@click.option("--json", "as_json", is_flag=True, help="Print the runs as JSON.")
@click.option(
    "--html",
    "page",
    type=UserPath(dir_okay=False),
    is_flag=False,
    flag_value=_IN_RUNS_DIR,
    metavar="[FILE]",
    help="Write a page of the runs, with their curves and links to their pages; RUNS_DIR/runs.html by default.",
)
@click.option("--send", "sends", is_flag=True, help="Send those that their trackers lack; see 'cnncli track'.")
def runs(runs_dir: Path, sort: str, group: str | None, as_json: bool, page: Path | None, sends: bool) -> int:
    """List the runs with their state, date and test accuracy.

    A training with --folds is one line, and so is a search; --group lists its runs.

    \b
    Example:
      cnncli runs --sort accuracy
      cnncli runs --html
      cnncli runs --group photos-folds-001
      cnncli runs --send
    """
    from cnncli.cli.terminal.console import notice, print_json, say, show_table
    from cnncli.runs import list_runs
    from cnncli.runs.groups import find_group, list_groups
    from cnncli.runs.searches import SearchDir, is_search, search_at

    if sends:
        groups = list_groups(runs_dir) if group is None else [find_group(group, runs_dir)]
        of_groups = [run for each in groups for run in list_runs(each.path)]
        return _send([*(list_runs(runs_dir) if group is None else []), *of_groups])
    if group is not None and (search := search_at(group, runs_dir)):
        _show_trials(search, as_json)
        return 0
    if group is None:
        groups = list_groups(runs_dir)
        listed = [
            *map(_row, list_runs(runs_dir)),
            *(_search_row(SearchDir(each.path)) if is_search(each) else _group_row(each) for each in groups),
        ]
    else:
        listed = [_row(run) for run in find_group(group, runs_dir).runs if run.status_file.is_file()]
    rows = sorted(listed, key=lambda row: row["name"])
    key = _KEYS[sort]
    rows.sort(key=lambda row: (row[key] is not None, row[key]), reverse=sort in ("date", "accuracy"))
    if as_json:
        print_json(rows)
    elif not rows:
        notice(f"no runs in '{runs_dir}' yet; to train one: cnncli train configs/mnist.yaml")
    elif page is not None:
        from cnncli.cli.terminal.runs_page import write_runs_page

        file = runs_dir / "runs.html" if str(page) == _IN_RUNS_DIR else page
        write_runs_page(rows, [_cells(row) for row in rows], runs_dir, file)
        say(str(file))
    else:
        columns = ("run", "state", "started", "epochs", "accuracy")
        show_table(columns, [_cells(row) for row in rows], right=columns[3:])
    return 0


def _send(runs: Sequence[RunDir]) -> int:
    """Sends those runs that name a tracker which lacks them."""
    from cnncli.cli.terminal.console import notice
    from cnncli.cli.track import show_sent
    from cnncli.track import send_runs

    sent = list(send_runs(runs, unsent=True))
    if not sent:
        notice("the trackers that these runs name have all of them")
    return show_sent(sent)


def _row(run: Any) -> dict[str, Any]:
    """What is listed of a run; one whose records are damaged is listed as broken."""
    from cnncli.errors import RunError

    try:
        status, metrics = run.status(), run.metrics()
    except RunError:
        status, metrics = {"state": "broken"}, {}
    accuracy = metrics.get("accuracy")
    return {
        "name": run.name,
        "path": str(run.path),
        "state": str(status.get("state", "broken")),
        "started": str(status.get("started", "")),
        "epochs": status.get("epochs"),
        "accuracy": accuracy if isinstance(accuracy, int | float) else None,
        "accuracy_interval": _interval(metrics),
        "images": metrics.get("images"),
        "reason": status.get("reason"),
    }


def _group_row(group: Any) -> dict[str, Any]:
    """The same of a group of runs: its accuracy is that of all images, each tested once."""
    from cnncli.errors import RunError
    from cnncli.runs import RunDir

    try:
        state, record, metrics = group.state(), group.record, RunDir(group.path).metrics()
    except RunError:
        return {**_row(RunDir(group.path)), "folds": None}
    accuracy = metrics.get("accuracy")
    return {
        "name": group.name,
        "path": str(group.path),
        "state": state,
        "started": record.created,
        "epochs": None,
        "accuracy": accuracy if isinstance(accuracy, int | float) else None,
        "accuracy_interval": _interval(metrics),
        "images": metrics.get("images"),
        "reason": None,
        "folds": record.folds,
    }


def _search_row(search: Any) -> dict[str, Any]:
    """The same of a search, whose trials are not tested."""
    from cnncli.runs import RunDir

    created = search.record().get("created")
    return {**_row(RunDir(search.path)), "state": search.state(), "started": str(created)}


def _show_trials(search: Any, as_json: bool) -> None:
    """The trials of a search, by number: the metric of each and what it tried."""
    from cnncli.cli.terminal.console import print_json, show_table
    from cnncli.wording import short_names

    metric = str(search.record().get("metric"))
    trials = search.trials()
    if as_json:
        print_json([{**_row(trial.run), **_values(trial), "metric": metric} for trial in trials])
        return
    keys = list(dict.fromkeys(key for trial in trials for key in trial.values))
    names = short_names(keys)
    rows = []
    for trial in trials:
        value = "" if trial.value is None else f"{trial.value:.4f}"
        tried = ", ".join(f"{names[key]} {_short(each)}" for key, each in trial.values.items())
        rows.append((trial.run.name, trial.state, value, tried))
    show_table(("run", "state", metric, "tried"), rows, right=(metric,))


def _values(trial: Any) -> dict[str, Any]:
    return {
        "trial": trial.number,
        "state": trial.state,
        "value": trial.value,
        "values": dict(trial.values),
        "reason": trial.reason or None,
    }


def _short(value: Any) -> str:
    """A value of a search in a table."""
    from cnncli.spec.writer import flow

    return f"{value:.4g}" if isinstance(value, float) else flow(value)


def _interval(metrics: Any) -> list[float] | None:
    """The interval of the accuracy; None in runs of older versions."""
    intervals = metrics.get("intervals")
    ends = intervals.get("accuracy") if isinstance(intervals, dict) else None
    return ends if isinstance(ends, list) and len(ends) == 2 and all(isinstance(end, float) for end in ends) else None


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    from datetime import datetime

    started = ""
    with contextlib.suppress(ValueError):
        started = f"{datetime.fromisoformat(row['started']).astimezone():%Y-%m-%d %H:%M}"  # local time
    epochs = "" if row["epochs"] is None else str(row["epochs"])
    return row["name"], row["state"], started, epochs, _accuracy(row)


def _accuracy(row: dict[str, Any]) -> str:
    from cnncli.wording import with_interval

    accuracy, ends, images = row["accuracy"], row["accuracy_interval"], row["images"]
    if accuracy is None:
        return ""
    is_count = isinstance(images, int) and images > 0
    return with_interval(accuracy, ends and (ends[0], ends[1]), images) if is_count else f"{accuracy:.4f}"
