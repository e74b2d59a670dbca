"""Runs a training and records how it ended: finished, interrupted, diverged or failed."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

from cnncli.errors import CnncliError, Interrupted, ResourceError, TrainingError, brief
from cnncli.runner.training.observer import Observer, StopRequested
from cnncli.runner.training.session import TooSlow, Trained, Training
from cnncli.runs import RunDir
from cnncli.startup import tf

PATIENCE = 10.0
"""Seconds that the reports may take after Ctrl-C: about as long as people wait before they press it again."""

_REASONS = {130: "Ctrl-C", 141: "output closed (broken pipe)", 143: "SIGTERM"}


def run_to_completion(run: RunDir, start: Callable[[], Training], observer: Observer) -> Trained:
    """Trains to the end and records how it ended: finished, interrupted, diverged or failed.

    The status is written before the reports of what was reached, so that nothing that goes wrong with these can leave
    a run that says it is still running.

    Args:
        run: Run folder, locked by the caller.
        start: Gives the training, ready for its next epoch.
        observer: Receives the events of the training.

    Raises:
        TrainingError: The loss became infinite or NaN.
        ResourceError: Out of memory or disk space.
        Interrupted: Ctrl-C, SIGTERM, or a closed output.
    """
    training: Training | None = None
    try:
        with memory_errors_explained():
            training = start()
            with observer.waiting():
                training.run_epochs()
            trained = training.finish()
        run.set_status("finished", epochs=_epochs(training))
        return trained
    except (StopRequested, KeyboardInterrupt) as signal:
        raise _interrupted(run, training, signal, getattr(signal, "exit_code", 130)) from None
    except BrokenPipeError as closed:
        raise _interrupted(run, training, closed, 141) from None
    except TrainingError as error:
        _set_status(run, "diverged", reason=error.message, epochs=_epochs(training))
        if training is not None and (left_out := _report(training)) and training.history.best:
            observer.notice(left_out)
        raise
    except BaseException as error:
        _set_status(run, "failed", reason=error.message if isinstance(error, CnncliError) else brief(error))
        raise


def _set_status(run: RunDir, state: str, **more: Any) -> None:
    """Records the state of a training that an error ended; on a full disk only that error is reported."""
    with contextlib.suppress(ResourceError):
        run.set_status(state, **more)


def _epochs(training: Training | None) -> int:
    return 0 if training is None else len(training.history.epochs)


def _interrupted(run: RunDir, training: Training | None, why: BaseException, code: int) -> Interrupted:
    """Records an interruption; after one between two steps the reports are written as well."""
    _set_status(run, "interrupted", reason=_REASONS[code], epochs=_epochs(training))
    left_out = _report(training, PATIENCE) if training is not None and isinstance(why, StopRequested) else ""
    return Interrupted(str(run.path), code, _epochs(training), left_out)


def _report(training: Training, within: float = inf) -> str:
    """Writes the reports of a training that did not finish; returns what is missing and why, or an empty string.

    The status is recorded by now and so is the error that ended the training: neither a full disk nor Ctrl-C changes
    them.
    """
    evaluate = f"'cnncli evaluate {shlex.quote(str(training.run.path))}' prints it"
    try:
        if not training.history.best:
            training.write_history()
            return "there is no report yet: no epoch was completed"
        with memory_errors_explained():
            training.finish(within)
    except TooSlow:
        training.write_history()
        return f"the report would have taken more than {within:.0f} seconds: {evaluate}"
    except CnncliError as error:
        return f"the report is incomplete ({error.message}): {evaluate}"
    except KeyboardInterrupt:
        return f"the report was interrupted: {evaluate}"
    return ""


@contextlib.contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Inside, an error of memory becomes one that names the settings which need less of it.

    Raises:
        ResourceError: Out of memory.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise ResourceError("out of memory", "lower train.batch_size, or data.image.size") from error
