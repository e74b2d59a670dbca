"""What a search leaves beside its runs: best.yaml."""

from __future__ import annotations

from pathlib import Path

from optuna.trial import FrozenTrial

from cnncli import __version__
from cnncli.runs import write_text
from cnncli.spec.writer import spec_text
from cnncli.tune.study import Search
from cnncli.wording import counted, in_shell

BEST = "best.yaml"


def write_best(folder: Path, search: Search, best: FrozenTrial, trials: int) -> Path:
    """Writes the spec of the best trial, from which the same training can be repeated."""
    path = folder / BEST
    values = search.space.values(best.params)
    heading = (
        f"# the best of {counted(trials, 'trial')} of the search '{search.name}', by cnncli {__version__}: "
        f"trial {best.number}, {search.metric} {best.values[0]:.4f}\n"
        f"# to train it again: cnncli train {in_shell(path)}\n"
    )
    text = heading + spec_text(search.trial_spec(values))
    if not path.exists() or path.read_text("utf-8") != text:
        write_text(path, text)
    return path
