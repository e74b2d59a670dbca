"""`cnncli doctor`: whether this installation and this machine are fit for training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cnncli.cli.options import runs_dir_option

if TYPE_CHECKING:
    from cnncli.doctor.checks import Check

_COLORS = {"warning": "yellow", "error": "red"}


@click.command()
@runs_dir_option
@click.option("--self-test", is_flag=True, help="Also train on drawn shapes and check the results.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def doctor(runs_dir: Path, self_test: bool, as_json: bool) -> int:
    """Check versions, processor, memory and folders.

    Exit code 5 means at least one error: something that will not work or is not safe. Warnings alone exit with 0.
    The self-test takes about half a minute and leaves nothing behind.

    \b
    Example:
      cnncli doctor --self-test
    """
    from cnncli.cli.terminal.console import notice, print_json
    from cnncli.doctor.checks import run_checks
    from cnncli.errors import ResourceError

    checks = list(run_checks(runs_dir))
    if self_test and not any(check.name == "device" and check.state == "error" for check in checks):
        from cnncli.cli.terminal.signals import Signals
        from cnncli.doctor.self_test import run_self_test

        with Signals():
            checks += run_self_test(notice)
    if as_json:
        from dataclasses import astuple

        keys = ("group", "name", "found", "state", "advice")
        print_json([dict(zip(keys, astuple(check), strict=True)) for check in checks])
    else:
        show_checks(checks)
    return ResourceError.exit_code if any(check.state == "error" for check in checks) else 0


def show_checks(checks: Sequence[Check]) -> None:
    """Prints checks by group, then the number of errors and warnings."""
    from cnncli.cli.terminal.console import printable, say, show_paragraph, styled
    from cnncli.wording import counted

    width = max(len(check.name) for check in checks)
    for group in dict.fromkeys(check.group for check in checks):
        click.echo(styled(group, bold=True))
        for check in (check for check in checks if check.group == group):
            color = _COLORS.get(check.state)
            value = styled(check.value, fg=color) if color else printable(check.value)
            click.echo(f"  {check.name:<{width}}  {value}")
            if check.advice:
                show_paragraph(f"{check.state}: {check.advice}" if color else check.advice, width + 4)
    say()
    states = [check.state for check in checks]
    counts = [counted(states.count(state), state) for state in ("error", "warning") if state in states]
    say(f"{', '.join(counts)}: see above" if counts else "no problems found")
