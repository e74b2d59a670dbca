"""One run on its way out: its float32 network, what that says of the test images, and folders that were proved."""

from __future__ import annotations

import contextlib
import csv
import errno
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog.export_formats import EXPORT_FORMATS, ExportFormat
from cnncli.chatter import stderr_aside
from cnncli.data.samples import LabelledImages
from cnncli.errors import CnncliError, NotExported, ResourceError, brief
from cnncli.export import description, program, writer_of
from cnncli.export.check import Reference, require_accurate
from cnncli.export.network import with_probabilities
from cnncli.factory.temperature import with_temperature
from cnncli.inference.exported import AUTOMATIC, CALIBRATED, EXPORTS, Origin, fingerprint
from cnncli.machine import create_folder
from cnncli.notices import Notice
from cnncli.records import Exported
from cnncli.report.tables import cell
from cnncli.runner.model.build import encoding_for
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runs import verified_weights, weights_file
from cnncli.runs.hashes import sha256_of
from cnncli.temporary import temporary_folder

if TYPE_CHECKING:
    import keras

    from cnncli.export import Writer

_FULL = 1 << 20  # bytes; with fewer left, a disk is full
_LEFTOVER_SECONDS = 24 * 60 * 60.0
"""Age of a temporary folder from which on nobody writes to it any more."""


_FEW = 64
_PASSES = 4  # over the test images: of the network, of the file, and to compare how each file is read

_CONVERSION, _CONVERSION_OF_LAYER = 2.0, 0.07  # seconds


class Exporter:
    """Writes exports of a run; arguments and errors are those of `cnncli.Run.export`."""

    def __init__(
        self, run: OpenRun, weights: Weights, allow_changed_weights: bool, notice: Notice, temperature: float = 1.0
    ) -> None:
        self._run, self._weights, self._temperature = run, weights, temperature
        file = verified_weights(run.folder, weights_file(weights), allow_changed_weights)
        self.origin = Origin(weights, sha256_of(file), fingerprint(run))
        model = run.float32_model(weights, allow_changed_weights, notice)
        loss, classes = run.spec.train.loss, len(run.class_names)
        encoding = encoding_for(run.spec.train, model, classes)
        if temperature != 1:
            model = with_temperature(model, temperature, loss, classes)
        self.network: keras.Model = with_probabilities(model, loss, encoding, classes, "network")

    @property
    def weight_bytes(self) -> int:
        """Size of the weights of the network."""
        return sum(4 * int(np.prod(variable.shape)) for variable in self.network.variables)

    def seconds(self, tested: LabelledImages) -> float:
        """About how long an export to LiteRT takes, from the number of layers and the time of a few test images."""
        first = np.arange(min(_FEW, len(tested)))
        self.network.predict_on_batch(tested.read(first).astype(np.float32))  # the first time builds its graph
        begun = time.perf_counter()
        self.network.predict_on_batch(tested.read(first).astype(np.float32))
        passing = (time.perf_counter() - begun) * len(tested) / len(first)
        return conversion_seconds(self.network) + _PASSES * passing

    def reference(self, tested: LabelledImages) -> Reference:
        """What the network says of the test images."""
        recorded = self._recorded(tested.names) if self._weights == "best" else None
        return Reference.of(self.network, tested, recorded)

    def write(
        self,
        form: ExportFormat,
        reference: Reference,
        calibration: np.ndarray | None = None,
        tolerance: float = 0.0,
        automatic: bool = False,
    ) -> Exported:
        """Writes one format, proves it, and only then puts it in place of an earlier export.

        Args:
            form: The format.
            reference: What it must answer.
            calibration: Images from which an int8 version learns its ranges; None for float32.
            tolerance: How much accuracy, 0…1, an int8 version may lose.
            automatic: Nobody asked for it; model.json says so, and that it may be replaced.
        """
        run, int8 = self._run, calibration is not None
        writer = writer_of(form, int8)
        name = f"{form.name}{'-int8' if int8 else ''}{CALIBRATED if self._temperature != 1 else ''}"
        target = run.path / EXPORTS / name
        with replacing(target) as folder, _errors_of(form, folder):
            _write_network(writer, self.network, folder / form.file, run.class_names, calibration)
            described = description.description(form, run.spec.name, run.class_names, run.input_format, int8)
            described |= self.origin.of_files(folder, form) | ({AUTOMATIC: True} if automatic else {})
            described |= {} if self._temperature == 1 else {"temperature": self._temperature}
            _write_json(folder / description.DESCRIPTION, described)
            (folder / description.PROGRAM).write_text(
                program.program(writer.RUNTIME, form.needs, run.input_format), encoding="utf-8"
            )
            module = program.opened(folder)
            with stderr_aside():  # where LiteRT tells which instructions it computes with
                module.classify(np.zeros((1, *run.input_format.shape), np.float32))
            check = reference.compared_with(module)
            if int8:
                require_accurate(name, check, tolerance)
            else:
                reference.require_equal(name, check)
            check["predict.py"] = reference.require_same_reading(name, module)
            _write_json(folder / description.CHECK, check)
        return Exported(name, target, description.size(target), check)

    def _recorded(self, names: Sequence[str]) -> np.ndarray | None:
        """The answers in predictions.csv as indices; None where they are of other images."""
        indices = {cell(name): index for index, name in enumerate(self._run.class_names)}
        try:
            with (self._run.path / "predictions.csv").open(newline="", encoding="utf-8") as file:
                rows = list(csv.DictReader(file))
            if [row["image"] for row in rows] != [cell(name) for name in names]:
                return None
            return np.array([indices[row["predicted"]] for row in rows])
        except (OSError, KeyError, ValueError, csv.Error):
            return None


def conversion_seconds(network: keras.Model) -> float:
    """About how long the conversion to LiteRT takes: of 150 layers 10 to 15 s were seen, of 10 layers 2 to 3."""
    return _CONVERSION + _CONVERSION_OF_LAYER * len(tuple(network._flatten_layers()))


def _write_network(
    writer: Writer, network: keras.Model, path: Path, classes: tuple[str, ...], calibration: np.ndarray | None
) -> None:
    """Writes the file of a format, in int8 where there are images for calibration."""
    if calibration is None:
        writer.write(network, path, classes)
        return
    with temporary_folder() as exact:
        writer.write(network, exact / path.name, classes)
        writer.quantize(exact / path.name, calibration, path, classes)


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Yields a new folder that takes the place of `target` when the block succeeds; otherwise `target` stays.

    Two processes may do this at once: each folder appears whole, and the later one remains.

    Raises:
        ResourceError: It cannot be written.
    """
    aside = _beside(target)
    try:
        create_folder(aside)
        yield aside
        _swap(aside, target)
    except OSError as error:
        hint = "free some space" if error.errno == errno.ENOSPC else ""
        raise ResourceError(f"cannot write '{target}': {error.strerror or error}", hint) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
        for old in target.parent.glob(".tmp-*"):  # of killed processes
            with contextlib.suppress(OSError):
                if time.time() - old.stat().st_mtime > _LEFTOVER_SECONDS:
                    shutil.rmtree(old)


def _beside(target: Path) -> Path:
    return target.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{target.name}")


def _swap(new: Path, target: Path) -> None:
    """Renames a folder; what is at the target goes first, since a folder with files is not renamed over."""
    while True:
        old = _beside(target)
        with contextlib.suppress(FileNotFoundError):
            target.rename(old)
        try:
            new.rename(target)
            return
        except OSError as error:
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):  # another process was quicker
                continue
            with contextlib.suppress(OSError):
                old.rename(target)
            raise
        finally:
            shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def _errors_of(form: ExportFormat, folder: Path) -> Iterator[None]:
    """Inside, whatever a converter or a runtime raises becomes a `NotExported`; an `OSError` where the disk is full."""
    try:
        yield
    except (CnncliError, OSError, MemoryError):
        raise
    except Exception as error:
        if min(shutil.disk_usage(each).free for each in (folder, tempfile.gettempdir())) < _FULL:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error  # converters name other reasons
        others = ", ".join(name for name in EXPORT_FORMATS if name != form.name)
        raise NotExported(f"this network cannot be exported to {form.name}: {brief(error)}", f"try {others}") from error


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
