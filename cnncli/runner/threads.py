"""Sets the threads of an operation for a training, before TensorFlow starts; later it cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnncli.environment import set_threads
from cnncli.machine import usable_cores
from cnncli.spec.schema import Spec
from cnncli.spec.threads import threads_of

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun


def choose_threads(spec: Spec, run: OpenRun | None = None, *, together: bool = False) -> None:
    """Sets the number that a run was trained with; without one, or before it has a record, what the spec asks for.

    TensorFlow's own number, that of the cores, is not set. `together` is for several processes.
    """
    if run is not None and run.apply_recorded_threading():
        return
    if (number := threads_of(spec, halves=not together)) != usable_cores():
        set_threads(number)
