"""`cnncli report`: writes the page of a run again."""

from __future__ import annotations

from pathlib import Path

import click

from cnncli.cli.options import allow_changed_weights_option, data_option, run_argument, runs_dir_option
from cnncli.wording import in_shell


@click.command()
@run_argument
@runs_dir_option
@data_option
@click.option("--open", "shows", is_flag=True, help="Open the page in the browser.")
@allow_changed_weights_option
def report(run: str, runs_dir: Path, data: Path | None, shows: bool, allow_changed_weights: bool) -> None:
    """Write the page of a run or of a training with folds again.

    RUN is the folder of a run, or of a training with folds, or its name. A training leaves its page, RUN/report.html,
    by itself; here its images are classified once more, for a run of an older version or one whose page is gone. The
    page needs no other file.

    \b
    Example:
      cnncli report mnist-001 --open
    """
    from cnncli import Folds, open_run
    from cnncli.cli.terminal.console import notice, say
    from cnncli.runs.groups import group_at

    if group := group_at(run, runs_dir):
        if data is not None:
            first = f"cnncli resume {in_shell(group.path)} --data {in_shell(data)}"
            raise click.UsageError(f"--data is for a run, and this is a group of runs; have it name the place: {first}")
        if allow_changed_weights:
            raise click.UsageError("--allow-changed-weights is for a run, and this is a group of runs")
        path = Folds(group).write_report(notice=notice)
    else:
        opened = open_run(run, runs_dir)
        path = opened.write_report(data=data, allow_changed_weights=allow_changed_weights, notice=notice)
    say(str(path))
    if shows:
        import webbrowser

        if not webbrowser.open(path.absolute().as_uri()):
            notice("no browser could be started; open the file yourself")
