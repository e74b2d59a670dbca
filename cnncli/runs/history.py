"""history.csv of a run: metrics of every epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

from cnncli.errors import RunError
from cnncli.records import Epoch
from cnncli.runs.folder import RunDir
from cnncli.runs.untrusted import Unreadable, read_bytes

_NOT_METRICS = ("epoch", "stage", "learning_rate", "seconds")


def history_rows(run: RunDir) -> tuple[Mapping[str, str], ...]:
    """Rows of history.csv as text.

    Raises:
        RunError: history.csv is missing or damaged.
    """
    try:
        text = read_bytes(run.history).decode("utf-8")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    except (Unreadable, ValueError, csv.Error) as error:
        run.require()
        raise RunError(f"'{run.path}' is not a complete run: history.csv cannot be read ({error})") from None
    return tuple({str(key): str(value) for key, value in row.items()} for row in rows)


def epochs_in(rows: Sequence[Mapping[str, str]], run: RunDir) -> tuple[Epoch, ...]:
    """The epochs in rows of history.csv.

    Raises:
        RunError: A training would not have written these.
    """
    try:
        return tuple(_epoch(row) for row in rows)
    except (ValueError, KeyError) as error:
        raise RunError(f"'{run.path}' is not a complete run: history.csv is damaged ({error})") from None


def _epoch(row: Mapping[str, str]) -> Epoch:
    metrics = {name: float(value) for name, value in row.items() if value and name not in _NOT_METRICS}
    rate, seconds = float(row["learning_rate"]), float(row["seconds"])
    return Epoch(int(row["epoch"]), metrics, rate, seconds, int(row.get("stage", 0)))
