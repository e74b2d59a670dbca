"""`cnncli doctor`: whether this installation, and this machine, are fit for training."""

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
@click.option("--self-test", is_flag=True, help="Train on drawn shapes as well, and check what comes out.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def doctor(runs_dir: Path, self_test: bool, as_json: bool) -> int:
    """Look at this installation: versions, processor, memory, folders.

    Exit code 5 says that something is wrong: an error is something that will not work, or is not safe. A warning
    alone is none. The self-test takes about half a minute and leaves nothing behind.

    \b
    Example:
      cnncli doctor --self-test
    """
    from cnncli.cli.console import notice
    from cnncli.doctor.checks import examine
    from cnncli.errors import ResourceError

    checks = list(examine(runs_dir))
    if self_test and not any(check.name == "device" and check.state == "error" for check in checks):
        from cnncli.doctor.self_test import run_self_test

        checks += run_self_test(notice)
    if as_json:
        import dataclasses
        import json

        click.echo(json.dumps([dataclasses.asdict(check) for check in checks], indent=2))
    else:
        _show(checks)
    return ResourceError.exit_code if any(check.state == "error" for check in checks) else 0


def _show(checks: Sequence[Check]) -> None:
    from cnncli.cli.console import counted, printable, say, show_paragraph, styled

    width = max(len(check.name) for check in checks)
    for group in dict.fromkeys(check.group for check in checks):
        click.echo(styled(group, bold=True))
        for check in (check for check in checks if check.group == group):
            found = styled(check.found, fg=_COLORS[check.state]) if check.state in _COLORS else printable(check.found)
            click.echo(f"  {check.name:<{width}}  {found}")
            if check.advice:
                state = f"{check.state}: " if check.state in _COLORS else ""
                show_paragraph(state + check.advice, width + 4)
    say()
    states = [check.state for check in checks]
    counts = [counted(states.count(state), state) for state in ("error", "warning") if state in states]
    say(f"{', '.join(counts)}: see above" if counts else "healthy: nothing to do")
