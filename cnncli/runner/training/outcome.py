"""Records how a training ended: finished, interrupted, diverged or failed."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from cnncli.errors import CnncliError, Interrupted, ResourceError, TrainingError, WorkerLost, brief
from cnncli.observer import TrainingObserver
from cnncli.runner.training.observers import StopRequested
from cnncli.runs import RunDir, searches
from cnncli.startup import tf

if TYPE_CHECKING:
    from cnncli.runner.training.session import TrainingSession

REPORT_TIME_LIMIT = 10.0
"""Seconds that the reports may take after Ctrl-C: about as long as people wait before they press it again."""

PRUNED = 3
"""The code with which a search stops a trial that is worse than others were."""

_REASONS = {PRUNED: searches.PRUNED, 130: "Ctrl-C", 141: "output closed (broken pipe)", 143: "SIGTERM"}


class Outcome:
    """How a training ended; once there is a session, its epochs are reported if it does not finish."""

    def __init__(self, run: RunDir) -> None:
        self._run, self.state = run, "running"
        self.session: TrainingSession | None = None

    @property
    def epochs(self) -> int:
        """Number of completed epochs."""
        return 0 if self.session is None else len(self.session.history.epochs)

    def record(self, state: str, reason: str, **more: Any) -> None:
        """Records the state after an error; when the disk is full for that, only the error is reported."""
        self.state = state
        with contextlib.suppress(ResourceError):
            self._run.set_status(state, reason=reason, **more)

    def interrupt(self, exit_code: int, report: bool = False) -> Interrupted:
        """Records an interruption; after one between two steps, reports are written when that takes few seconds."""
        self.record("interrupted", _REASONS.get(exit_code, "stopped by an observer"), epochs=self.epochs)
        return Interrupted(
            str(self._run.path), exit_code, self.epochs, self.report(REPORT_TIME_LIMIT) if report else ""
        )

    def report(self, within: float = inf) -> str:
        """Writes the reports of a training that did not finish; returns what is missing and why, or an empty string.

        The status is recorded by now and so is the error that ended the training: neither a full disk nor Ctrl-C
        changes them.
        """
        session, evaluate = self.session, f"'cnncli evaluate {shlex.quote(str(self._run.path))}' prints it"
        if session is None:
            return ""
        try:
            if not session.history.best:
                session.results.write_history(session.history)
                return "there is no report yet: no epoch was completed"
            if session.report_seconds > within:
                session.results.write_history(session.history)
                return f"the report would have taken more than {within:.0f} seconds: {evaluate}"
            with memory_errors_explained():
                session.report()
        except CnncliError as error:
            return f"the report is incomplete ({error.message}): {evaluate}"
        except KeyboardInterrupt:
            return f"the report was interrupted: {evaluate}"
        return ""


@contextlib.contextmanager
def recording_outcome(run: RunDir, observer: TrainingObserver) -> Iterator[Outcome]:
    """Inside, a training runs in a locked run folder; however it ends, its run records it before anything else is done.

    The status is written before the reports of what was reached, so that nothing that goes wrong with these leaves a
    run that says it is still running.

    Raises:
        Interrupted: In place of KeyboardInterrupt, a requested stop, and a closed output.
        ResourceError: In place of errors of memory.
    """
    outcome = Outcome(run)
    try:
        with memory_errors_explained():
            yield outcome
        run.set_status("finished", epochs=outcome.epochs)
        outcome.state = "finished"
    except StopRequested as stop:
        raise outcome.interrupt(stop.exit_code, report=True) from None
    except KeyboardInterrupt as signal:
        raise outcome.interrupt(getattr(signal, "exit_code", 130)) from None
    except BrokenPipeError:
        raise outcome.interrupt(141) from None
    except TrainingError as error:
        outcome.record("diverged", error.message, epochs=outcome.epochs)
        left_out = outcome.report()
        if outcome.session is not None and outcome.session.history.best and left_out:
            observer.on_notice(left_out)
        raise
    except WorkerLost as error:
        outcome.record("interrupted", error.message, epochs=outcome.epochs)
        raise
    except BaseException as error:
        outcome.record("failed", error.message if isinstance(error, CnncliError) else brief(error))
        raise
    finally:
        if outcome.session is not None:
            with contextlib.suppress(Exception, KeyboardInterrupt):  # what ended the training is what is told
                outcome.session.results.settle()
        observer.on_end(outcome.state)


@contextlib.contextmanager
def memory_errors_explained() -> Iterator[None]:
    """Inside, an error of memory becomes a ResourceError that names the settings which need less of it."""
    try:
        yield
    except (MemoryError, tf.errors.ResourceExhaustedError) as error:
        raise ResourceError("out of memory", "lower train.batch_size, or data.image.size") from error
