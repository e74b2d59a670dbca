"""What a search leaves beside its runs: best.yaml and report.html."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.trial import FrozenTrial, TrialState

from cnncli import __version__
from cnncli.explain.topics import explained
from cnncli.records import TuneTrial
from cnncli.report.page import write
from cnncli.report.page.search import SearchPage, TrialRow, search_html
from cnncli.runs import PAGE, write_text, writing
from cnncli.search.folder import SearchFolder
from cnncli.search.study import ERROR, RUN, Search, best_trial
from cnncli.spec.writer import flow, spec_text
from cnncli.wording import counted, in_shell

BEST = "best.yaml"

LEAST = 5
"""Complete trials from which the importance of keys is estimated."""

_STATES = {TrialState.COMPLETE: "complete", TrialState.PRUNED: "pruned", TrialState.FAIL: "failed"}


def write_results(folder: Path, search: Search, study: optuna.Study) -> FrozenTrial | None:
    """Writes the spec of the best trial, from which the same training can be repeated, and the page of the search.

    Returns:
        The best trial; None while none is complete.
    """
    trials = study.get_trials(deepcopy=False)
    best, text, path = best_trial(study), "", folder / BEST
    if best is not None:
        text = spec_text(search.trial_spec(search.space.values(best.params)))
        heading = (
            f"# the best of {counted(len(trials), 'trial')} of the search '{search.name}', by cnncli {__version__}: "
            f"trial {best.number}, {search.metric} {best.values[0]:.4f}\n"
            f"# to train it again: cnncli train {in_shell(path)}\n"
        )
        write_text(path, heading + text)
    page = SearchPage(
        name=search.name,
        metric=search.metric,
        maximizes=search.maximizes,
        wanted=search.spec.tune.wanted,
        trials=[_row(search, trial) for trial in trials if trial.state != TrialState.WAITING],
        best=None if best is None else best.number,
        importances=_importances(study),
        best_spec=in_shell(path),
        spec=text,
    )
    with writing(folder / PAGE) as aside:
        write(search_html(page, explained), aside)
    return best


def trials_of(folder: SearchFolder, search: Search, trials: Sequence[FrozenTrial]) -> tuple[TuneTrial, ...]:
    """The trials that have begun, by their numbers."""
    begun = (trial for trial in trials if trial.state != TrialState.WAITING)
    return tuple(
        TuneTrial(
            number=trial.number,
            state=_STATES.get(trial.state, "running"),
            value=trial.values[0] if trial.state == TrialState.COMPLETE else None,
            values=search.space.values(trial.params),
            path=found.run.path if (found := folder.find(trial.number, trial.user_attrs.get(RUN, ""))) else None,
            reason=str(trial.user_attrs.get(ERROR, "")),
        )
        for trial in begun
    )


def _row(search: Search, trial: FrozenTrial) -> TrialRow:
    values = {key: _text(value) for key, value in search.space.values(trial.params).items()}
    last = max(trial.intermediate_values, default=0)
    value = trial.values[0] if trial.values else trial.intermediate_values.get(last)
    began, ended = trial.datetime_start, trial.datetime_complete
    return TrialRow(
        number=trial.number,
        run=f"trial-{trial.number:03d}",
        state=_STATES.get(trial.state, "running"),
        value=value,
        epochs=last,
        seconds=(ended - began).total_seconds() if began and ended else None,
        values=values,
        remark=str(trial.user_attrs.get(ERROR, "")),
    )


def _text(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else flow(value)


def _importances(study: optuna.Study) -> dict[str, float]:
    """How much of the differences each key explains; empty where there are too few trials, or no differences."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len(complete) < LEAST or len({trial.values[0] for trial in complete}) == 1:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return dict(optuna.importance.get_param_importances(study))
