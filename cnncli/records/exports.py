"""What an export is, and what its check found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnncli.lasting import lasting


@dataclass(frozen=True)
class ExportSpeed:
    """How quick and how large an export is on this machine.

    Args:
        name: Its folder: `onnx`, `onnx-int8`, or `onnx-calibrated`.
        size: Bytes of the network.
        start: Seconds from the start of its program until it has classified one image and has ended.
        batches: Numbers of images that were classified at a time.
        seconds: What each of them took.

    Example:
        >>> from cnncli import ExportSpeed
        >>> speed = ExportSpeed("onnx", 55_000, 0.3, (1, 32), (0.001, 0.016))
        >>> round(speed.batches[1] / speed.seconds[1])
        2000
    """

    name: str
    size: int
    start: float
    batches: tuple[int, ...]
    seconds: tuple[float, ...]


@lasting("path")
@dataclass(frozen=True)
class Exported:
    """A network in the file of another program, and how its answers compare with those of the run.

    Args:
        format: Its name: `onnx`, `onnx-int8`, or `onnx-calibrated`.
        path: The folder, in `exports/` of the run.
        size: Bytes of the network.
        check: Contents of check.json.

    Example:
        >>> import cnncli
        >>> (exported,) = cnncli.open_run("runs/mnist-001").export("keras")
        >>> exported.path.name, exported.check["changed_answers"]
        ('keras', 0)
    """

    format: str
    path: Path
    size: int
    check: Mapping[str, Any]
