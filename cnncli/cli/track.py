"""`cnncli track`: sends runs to a tracker."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import complete_runs, runs_dir_option

if TYPE_CHECKING:
    from collections.abc import Iterable

    from cnncli.track.sent import Sent


@click.command()
@click.argument("names", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_runs)
@click.option("--to", "to", metavar="TRACKER", multiple=True, help="TensorBoard or MLflow; default: those of its spec.")
@runs_dir_option
def track(names: tuple[str, ...], to: tuple[str, ...], runs_dir: Path) -> int:
    """Send runs to TensorBoard or MLflow.

    RUN is a run folder or its name, or those of a group, all of whose runs are sent. Any run can be sent, finished or
    not, and as often as one likes: what a tracker has is not sent again.

    \b
    Example:
      cnncli track mnist-001 --to TensorBoard
      cnncli track runs/mnist-* --to 'MLflow: {tracking_uri: http://localhost:5000}'
    """
    from cnncli.errors import RunError
    from cnncli.runs import RunDir, find_run, list_runs
    from cnncli.runs.groups import group_at
    from cnncli.spec.sections.trackers import parse_trackers
    from cnncli.track import send_runs
    from cnncli.track.sent import Sent

    trackers = parse_trackers(to, "--to")
    runs, missing = [], []
    for name in names:
        try:
            group = group_at(name, runs_dir)
            runs += list_runs(group.path) if group else [find_run(name, runs_dir)]
        except RunError as error:
            missing.append(Sent(RunDir(Path(name)), error=error))
    return show_sent(chain(missing, send_runs(runs, trackers)))


def show_sent(sent: Iterable[Sent]) -> int:
    """A line for each run, what went wrong on stderr; returns the exit code of the first error."""
    from cnncli.cli.terminal.console import notice, say

    code = 0
    for each in sent:
        if each.error is None:
            say(f"{each.run.path}: {each.text}")
            continue
        notice(f"error: {each.error.message}")
        if each.error.hint:
            notice(each.error.hint)
        code = code or each.error.exit_code
    return code
