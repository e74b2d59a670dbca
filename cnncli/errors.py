"""Everything that can go wrong and is not a bug, with the exit code each failure ends in.

    CnncliError
     ├─ SpecError          2    the YAML is wrong; carries every problem with its place
     ├─ DataError          3    images or labels are missing, unreadable or not what the spec says
     ├─ TrainingError      4    the training diverged
     ├─ ResourceError      5    disk or memory ran out, a folder cannot be written, TensorFlow cannot be started,
     │                          or another rank of the training was lost (WorkerLost)
     ├─ RunError           6    no such run, not finished, or not a run at all
     ├─ ThresholdMissed    7    a figure is below what --fail-under asks for
     ├─ NotExported        7    a format cannot express the network, or the exported file answers differently
     ├─ NotReproduced      8    a run that was trained again has other results
     └─ Interrupted      130    Ctrl-C; 143 for SIGTERM, 141 when the output is closed. Results so far are saved

Anything else that reaches the command line is a bug and ends in 1.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

KeyPath = tuple[str | int, ...]
"""Where a value stands in a spec, from the top: `("model", "layers", 0, "Conv2D", "filters")`."""


class Place(NamedTuple):
    """A position in a text that a person can go to; line and column count from 1."""

    file: str
    line: int
    column: int


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a spec.

    Args:
        path: Place in the spec, from the top; empty for the file as a whole.
        message: What is wrong, what was expected and, when one is near, the right word.
        place: File, line and column; None before the problem is located in the text.
        at_key: Whether the key rather than its value is wrong.
        code: Name of the lint rule, for what is legal but probably wrong; empty for an error.

    Example:
        >>> import cnncli
        >>> try:
        ...     cnncli.load_spec("mnist.yaml", {"train.optimiser": "Adam"})
        ... except cnncli.SpecError as error:
        ...     print(error.problems[0].key, error.problems[0].suggestion)
        train.optimiser optimizer
    """

    path: KeyPath
    message: str
    place: Place | None = None
    at_key: bool = False
    code: str = ""

    @property
    def key(self) -> str:
        """The path as people write it: `model.layers[0].Conv2D.filters`."""
        return path_text(self.path)

    @property
    def suggestion(self) -> str:
        """The nearest valid word, which the message ends with; empty when there is none."""
        match = _SUGGESTION.search(self.message)
        return match[1] if match else ""


_SUGGESTION = re.compile(r"did you mean '([^']*)'\?")


def path_text(path: KeyPath) -> str:
    """The path as people write it: `model.layers[0].Conv2D.filters`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def brief(error: BaseException) -> str:
    """The kind of an error and what it says, without what Keras says below: every argument of the call."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", str(error))  # it writes in bold
    text = " ".join(plain.split("Arguments received by", 1)[0].split())
    return f"{type(error).__name__}: {text[:_LONG]}{' …' * (len(text) > _LONG)}" if text else type(error).__name__


_LONG = 300


class CnncliError(Exception):
    """Something the user can fix.

    Args:
        message: What is wrong, and where.
        hint: What to do about it; one sentence.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    @property
    def hint(self) -> str:
        """What to do about it, which Python and notebooks show below the message; empty where that is clear."""
        return self._hint

    @hint.setter
    def hint(self, hint: str) -> None:
        self._hint, self.__notes__ = hint, [hint] if hint else []


class SpecError(CnncliError):
    """The spec is wrong. All of its problems are here, not only the first."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("; ".join(self._lines()))

    def __str__(self) -> str:
        """Every problem on a line of its own, as Python shows the error; `message` has them in one."""
        return "\n".join(self._lines())

    def _lines(self) -> list[str]:
        return [f"{path_text(p.path)}: {p.message}" if p.path else p.message for p in self.problems]

    def __reduce__(self) -> tuple[type[SpecError], tuple[object, ...]]:
        return type(self), (self.problems, self.source)


class DataError(CnncliError):
    """Images or labels are missing, unreadable, or not what the spec says they are.

    Args:
        message: What is wrong, and where.
        hint: What to do about it; one sentence.
        not_there: The path at which nothing is, where that is the error.
    """

    exit_code = 3

    def __init__(self, message: str, hint: str = "", not_there: str | os.PathLike[str] = "") -> None:
        super().__init__(message, hint)
        self.not_there = not_there


class TrainingError(CnncliError):
    """The loss, or a weight, stopped being a finite number."""

    exit_code = 4


class ResourceError(CnncliError):
    """Disk or memory ran out, a folder or the output cannot be written to, or TensorFlow cannot be started."""

    exit_code = 5


class WorkerLost(ResourceError):
    """Another process that shares a training has ended, or does not answer; this one ends as well."""


class RunError(CnncliError):
    """The run named does not exist, is not finished, or is not a run."""

    exit_code = 6


class ThresholdMissed(CnncliError):
    """A metric is below the threshold of the command."""

    exit_code = 7


class NotExported(CnncliError):
    """A format cannot express a network, or the exported file answers differently; no export is left."""

    exit_code = 7


class NotReproduced(CnncliError):
    """A run that was trained again has other results."""

    exit_code = 8


@dataclass
class Interrupted(Exception):
    """The user or the system interrupted the training; the results so far are saved.

    Args:
        run: Path of the run folder.
        exit_code: 130 after Ctrl-C, 143 after SIGTERM, 141 when the output is closed.
        epochs: Number of complete epochs.
        left_out: What was skipped for lack of time; empty when nothing was.
        options: What to add to `cnncli resume RUN`: the processes or the devices that train together.
    """

    run: str
    exit_code: int = 130
    epochs: int = 0
    left_out: str = ""
    options: str = ""

    def __post_init__(self) -> None:
        self.add_note(self.hint)

    def __str__(self) -> str:
        epochs = f"{self.epochs:,} epoch{'s' * (self.epochs != 1)}"
        left_out = f"; {self.left_out}" if self.left_out else ""
        return f"interrupted after {epochs}; results so far are in {self.run}{left_out}"

    @property
    def hint(self) -> str:
        """The command that continues."""
        return f"to continue: cnncli resume {shlex.quote(self.run)}{self.options}"
