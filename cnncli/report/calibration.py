"""`calibration.json`: what confidences mean, and the temperature that was fitted on the validation images."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.insight.calibration import Calibration, Temperature

if TYPE_CHECKING:
    from cnncli.report.artifacts import EvaluationData


def write_calibration(data: EvaluationData, path: Path) -> None:
    """Writes `calibration.json`."""
    temperature, plain, calibrated = data.calibrations
    record: dict[str, Any] = {"temperature": temperature.value if temperature else 1.0}
    record["fit"] = None if temperature is None else _plain(temperature)
    record["split"] = data.evaluation.split
    record["without"] = _plain(plain)
    record["with"] = None if calibrated is None else _plain(calibrated)
    path.write_text(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")


def _plain(result: Calibration | Temperature) -> dict[str, Any]:
    values = asdict(result)
    if isinstance(result, Calibration):
        values["is_off"], values["sentence"] = result.is_off, result.sentence
    return json.loads(json.dumps(values).replace("NaN", "null"))
