"""The temperature of a run, where its answers are to be calibrated; calibration.json may come from a stranger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cnncli.errors import RunError
from cnncli.insight.calibration import LEAST_IMAGES
from cnncli.notices import Notice
from cnncli.runs.untrusted import Unreadable, read_json
from cnncli.wording import in_shell

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun, Weights

FILE = "calibration.json"
"""The file of a run that has it."""

_RANGE = 0.01, 100.0


@dataclass(frozen=True)
class StoredTemperature:
    """What the logits of a run are to be divided by.

    Args:
        value: The temperature; 1 where none is better than luck.
        images: Number of validation images that it was fitted on; 0 where there were none.
    """

    value: float
    images: int


def stored_temperature(run: OpenRun) -> StoredTemperature | None:
    """The temperature that a run has; None without calibration.json.

    Raises:
        RunError: The file is damaged.
    """
    path = run.path / FILE
    if not path.exists():
        return None
    try:
        record = read_json(path)
        value, fit = record.get("temperature"), record.get("fit")
        images = fit.get("images") if isinstance(fit, dict) else 0
        if not isinstance(value, int | float) or not _RANGE[0] <= value <= _RANGE[1] or not isinstance(images, int):
            raise ValueError("it has no temperature")
    except (Unreadable, ValueError) as error:
        raise RunError(f"'{path}' is damaged: {error}", f"write it again: {_written_by(run)}") from None
    return StoredTemperature(float(value), images)


def temperature_for(
    run: OpenRun, calibrated: bool | None, weights: Weights, notice: Notice, tta: bool = False
) -> float:
    """What the logits of an answer are divided by.

    Args:
        run: The run.
        calibrated: Whether that is wanted; as the spec says if None.
        weights: The weights that answer; a temperature belongs to the best ones.
        notice: Receives why the confidences stay as they are where the spec wants otherwise, or where none helps.
        tta: Whether several views of each image answer, for which no temperature was fitted.

    Returns:
        1 where the confidences stay as they are.

    Raises:
        RunError: It is wanted by the call, and the run has none, or calibration.json is damaged.
    """
    if not (run.spec.calibration == "temperature" if calibrated is None else calibrated):
        return 1.0
    stored = stored_temperature(run)
    if reason := _missing(run, stored, weights, tta):
        if calibrated:
            raise RunError(f"the confidences of '{run.path}' cannot be calibrated: {reason[0]}", reason[1])
        notice(f"note: confidences are not calibrated: {reason[0]}; {reason[1]}")
        return 1.0
    assert stored is not None
    if calibrated and math.isclose(stored.value, 1):
        images = f"{stored.images:,} validation images"
        notice(f"note: confidences stay as they are: no temperature helps by more than luck on {images}")
    return stored.value


def _missing(run: OpenRun, stored: StoredTemperature | None, weights: Weights, tta: bool) -> tuple[str, str] | None:
    """Why a run has no temperature for some weights, and what to do."""
    if tta:
        return "its temperature was fitted for one view of each image", "use either --tta or calibration"
    if weights != "best":
        return f"the temperature belongs to the best weights, not to the {weights} ones", "use the best weights"
    if stored is None:
        return _why_no_file(run)
    if not stored.images:
        return "a temperature is fitted on validation images, and it has none", "train with data.split.validation"
    return None


def _why_no_file(run: OpenRun) -> tuple[str, str]:
    """Why a run has no calibration.json, as far as its metrics say, and what to do."""
    metrics = run.metrics
    images = metrics.get("images", LEAST_IMAGES)
    if not isinstance(images, int) or images < LEAST_IMAGES:
        return f"it was tested on fewer than {LEAST_IMAGES} images", "test on more images: data.split.test"
    if "log_loss" in metrics and metrics["log_loss"] is None:
        return "the outputs of its network for an image do not add up to 1", "end the network with a softmax"
    return f"it has no {FILE}, as runs of older versions do not", f"write it: {_written_by(run)}"


def _written_by(run: OpenRun) -> str:
    return f"cnncli evaluate {in_shell(run.path)} --write"
