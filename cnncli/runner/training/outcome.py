"""However a training ends, its run says so, and has everything that was reached."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Callable, Iterator

from cnncli.errors import CnncliError, Interrupted, ResourceError, TrainingError, brief
from cnncli.runner.training.observer import Observer, StopRequested
from cnncli.runner.training.session import TooSlow, Trained, Training
from cnncli.runs import RunDir
from cnncli.startup import tf

PATIENCE = 10.0
"""Seconds that a person who asked for the end waits for the reports of what was reached."""

_REASONS = {130: "Ctrl-C", 141: "nobody reads what it prints any more", 143: "SIGTERM"}


def run_to_completion(run: RunDir, start: Callable[[], Training], observer: Observer) -> Trained:
    """Trains to the end, whatever that is.

    Args:
        run: locked by the caller.
        start: gives the training, ready to go on.
        observer: is told how it goes.

    Raises:
        TrainingError: the loss became infinite or no number.
        ResourceError: memory or disk ran out.
        Interrupted: somebody asked for the end, or nobody reads any more what is told.
    """
    training: Training | None = None
    try:
        with memory_errors_explained():
            training = start()
            with observer.waiting():
                training.run_epochs()
            trained = training.finish()
    except (StopRequested, KeyboardInterrupt) as signal:
        raise _interrupted(run, training, signal, getattr(signal, "exit_code", 130)) from None
    except BrokenPipeError as gone:
        raise _interrupted(run, training, gone, 141) from None
    except TrainingError as error:
        if training is not None:
            training.finish() if training.history.best else training.write_history()
        run.set_status("diverged", reason=error.message, epochs=_epochs(training))
        raise
    except BaseException as error:
        with contextlib.suppress(ResourceError):  # a full disk has no room for this either; `error` tells of it
            run.set_status("failed", reason=error.message if isinstance(error, CnncliError) else brief(error))
        raise
    run.set_status("finished", epochs=_epochs(training))
    return trained


def _epochs(training: Training | None) -> int:
    return 0 if training is None else len(training.history.epochs)


def _interrupted(run: RunDir, training: Training | None, why: BaseException, code: int) -> Interrupted:
    """Leaves what was reached: all of it when that is quickly done."""
    run.set_status("interrupted", reason=_REASONS[code], epochs=_epochs(training))
    left_out = ""
    if training is not None and isinstance(why, StopRequested):
        left_out = _finish_quickly(training)
    return Interrupted(str(run.path), code, _epochs(training), left_out)


def _finish_quickly(training: Training) -> str:
    """Writes the reports, or says why not."""
    if not training.history.best:
        training.write_history()
        return "there is no report yet, for no epoch is over"
    try:
        training.finish(within=PATIENCE)
    except TooSlow:
        training.write_history()
        run = shlex.quote(str(training.run.path))
        return f"the report would have taken more than {PATIENCE:.0f} seconds: 'cnncli evaluate {run}' prints it"
    return ""


@contextlib.contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Inside, a lack of memory is told with the settings that need less of it.

    Raises:
        ResourceError: memory ran out.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = "the memory is not enough for this training"
        raise ResourceError(message, "lower train.batch_size, or data.image.size") from error
