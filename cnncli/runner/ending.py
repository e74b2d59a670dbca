"""However a training ends, its run says so, and has everything that was reached."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from cnncli.errors import CnncliError, Interrupted, ResourceError, TrainingError
from cnncli.runner.observer import Observer, StopAsked
from cnncli.runner.training import Trained, Training
from cnncli.runs import RunDir
from cnncli.startup import tf

PATIENCE = 10.0
"""Seconds that a person who asked for the end waits for the reports of what was reached."""

_SIGNALS = {130: "Ctrl-C", 143: "SIGTERM"}


def carry_through(run: RunDir, start: Callable[[], Training], observer: Observer) -> Trained:
    """Trains to the end, whatever that is.

    Args:
        run: locked by the caller.
        start: gives the training, ready to go on.
        observer: is told how it goes.

    Raises:
        TrainingError: the loss became infinite or no number.
        ResourceError: memory or disk ran out.
        Interrupted: somebody asked for the end.
    """
    training: Training | None = None
    try:
        with memory_told():
            training = start()
            with observer.waiting():
                training.run_epochs()
            trained = training.finish()
    except (StopAsked, KeyboardInterrupt) as signal:
        raise _interrupted(run, training, signal) from None
    except TrainingError as error:
        if training is not None:
            training.write_history()
            if training.history.best:
                training.finish()
        run.set_status("diverged", reason=error.message, epochs=_epochs(training))
        raise
    except BaseException as error:
        with contextlib.suppress(ResourceError):  # a full disk has no room for this either; `error` tells of it
            run.set_status("failed", reason=error.message if isinstance(error, CnncliError) else repr(error))
        raise
    run.set_status("finished", epochs=_epochs(training))
    return trained


def _epochs(training: Training | None) -> int:
    return 0 if training is None else len(training.history.epochs)


def _interrupted(run: RunDir, training: Training | None, signal: BaseException) -> Interrupted:
    """Leaves what was reached: all of it when that is quickly done."""
    code = getattr(signal, "exit_code", 130)
    reason = _SIGNALS.get(code, "asked to stop")
    run.set_status("interrupted", reason=reason, epochs=_epochs(training))
    left_out = ""
    if training is not None and isinstance(signal, StopAsked):
        training.write_history()
        seconds = training.seconds_to_finish()
        if not training.history.best:
            left_out = "there is no report yet, for no epoch is over"
        elif seconds > PATIENCE:
            left_out = f"the report was left out, for it would take {seconds:.0f} seconds"
        else:
            training.finish()
    return Interrupted(str(run.path), code, _epochs(training), left_out)


@contextlib.contextmanager
def memory_told() -> Iterator[None]:
    """Inside, a lack of memory is told with the settings that need less of it.

    Raises:
        ResourceError: memory ran out.
    """
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        message = "the memory is not enough for this training"
        raise ResourceError(message, "lower train.batch_size, or data.image.size") from error
