"""The weights of a run, verified against the hash that the training recorded before anything reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cnncli.errors import RunError
from cnncli.runs.folder import BEST, LAST, RunDir

_FILES = {"best": BEST, "last": LAST}


def weights_file(weights: str) -> str:
    """The file of weights in a run folder: of `best` or `last`.

    Raises:
        RunError: There are no such weights.
    """
    if weights not in _FILES:
        raise RunError(f"a run has no weights called {weights!r}", f"it has {' and '.join(_FILES)}")
    return _FILES[weights]


def verified_weights(
    run: RunDir, name: str = BEST, allow_changed: bool = False, notice: Callable[[str], None] | None = None
) -> Path:
    """The file of a run's weights; its name is relative to the run folder, which may come from anybody.

    Args:
        allow_changed: Accept weights whose checksum does not match, with a notice. They are still refused unless they
            are plain numbers in the shapes of the run's model.

    Raises:
        RunError: There are none, or they were changed and that is not allowed.
    """
    path = run.path / name
    if not path.is_file():
        run.require()
    if not path.is_file() and name == LAST:
        raise RunError(
            f"the run has no last weights: '{path}' is missing",
            "a training writes them when it ends or is interrupted; its best weights are there after its first epoch",
        )
    if not path.is_file():
        raise RunError(f"the run has no weights: '{path}' is missing", "a run has them after its first epoch")
    try:
        run.verify(name)
    except RunError as error:
        if not allow_changed:
            hint = "if you know why, and trust their source: --allow-changed-weights"
            raise RunError(error.message, hint) from None
        if notice:
            notice(f"warning: {error.message}; they are used nevertheless")
    return path
