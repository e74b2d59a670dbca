"""The weights of a run, found to be those that its training wrote before anything reads them."""

from __future__ import annotations

from pathlib import Path

from cnncli.errors import RunError
from cnncli.runner.inputs.splits import Notice
from cnncli.runs import BEST, RunDir


def verified_weights(run: RunDir, allow_changed: bool = False, notice: Notice | None = None) -> Path:
    """The file of a run's best weights.

    Args:
        run: may come from anybody.
        allow_changed: take weights that are not those the training wrote. They are still refused unless they are
            plain numbers in the shapes of the run's model.
        notice: is told when they are not.

    Raises:
        RunError: there are none, or they were changed and that is not allowed.
    """
    if not run.best_weights.is_file():
        raise RunError(
            f"the run has no weights: '{run.best_weights}' is missing", "a run has them after its first epoch"
        )
    try:
        run.verify(BEST)
    except RunError as error:
        if not allow_changed:
            hint = "if you know why, and trust where they come from: --allow-changed-weights"
            raise RunError(error.message, hint) from None
        if notice:
            notice(f"warning: {error.message}; they are used all the same")
    return run.best_weights
