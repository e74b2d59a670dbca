"""How quick and how large exports are, on this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from PIL import Image

from cnncli.catalog.export_formats import ExportFormat
from cnncli.chatter import stderr_aside
from cnncli.data.decode.input_format import InputFormat
from cnncli.errors import ResourceError
from cnncli.export import description, program, writer_of
from cnncli.records import ExportSpeed
from cnncli.temporary import temporary_folder

BATCHES = (1, 32)
"""Images that are classified at a time."""

_ROUNDS = 30
_LEAST_ROUNDS = 3
_SECONDS = 2.0  # for a batch size, after which no further round begins


def measured(export: Path, form: ExportFormat, image: InputFormat) -> ExportSpeed:
    """Measures an export on random pixels; medians.

    Its program is written anew, since the one in the folder may come from anybody.

    Raises:
        ResourceError: It does not run here.
    """
    with temporary_folder() as folder:
        copied = folder / "export"
        shutil.copytree(export, copied)
        text = program.program(writer_of(form).RUNTIME, form.needs, image)
        (copied / description.PROGRAM).write_text(text, encoding="utf-8")
        pixels = np.random.default_rng(0).integers(0, 256, (max(BATCHES), *image.shape)).astype(np.float32)
        picture = folder / "image.png"
        Image.fromarray(pixels[0].astype(np.uint8).squeeze()).save(picture)
        start = median(_seconds(lambda: _run(copied, picture)) for _ in range(_LEAST_ROUNDS))
        classify = program.opened(copied).classify
        with stderr_aside():  # where LiteRT tells which instructions it computes with
            classify(pixels[:1])
        seconds = tuple(_usual(classify, pixels[:batch]) for batch in BATCHES)
    return ExportSpeed(export.name, description.size(export), start, BATCHES, seconds)


def _run(folder: Path, picture: Path) -> None:
    command = [sys.executable, str(folder / description.PROGRAM), str(picture)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace")
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ResourceError(f"predict.py of the export does not run here: {last}")


def _usual(classify: Callable[[np.ndarray], np.ndarray], pixels: np.ndarray) -> float:
    for _ in range(_LEAST_ROUNDS):
        classify(pixels)
    rounds: list[float] = []
    while len(rounds) < _LEAST_ROUNDS or (len(rounds) < _ROUNDS and sum(rounds) < _SECONDS):
        rounds.append(_seconds(lambda: classify(pixels)))
    return median(rounds)


def _seconds(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
