"""The answer to sending one run."""

from __future__ import annotations

from dataclasses import dataclass

from cnncli.errors import CnncliError
from cnncli.runs import RunDir


@dataclass(frozen=True)
class Sent:
    """A run that was sent to a tracker, or why it was not.

    Args:
        run: The run.
        text: What the tracker has now.
        error: What went wrong.
    """

    run: RunDir
    text: str = ""
    error: CnncliError | None = None
