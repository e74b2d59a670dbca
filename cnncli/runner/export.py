"""Exports the network of a run, and keeps only what answers as the network does."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.catalog.export_formats import EXPORT_FORMATS, ExportFormat
from cnncli.errors import CnncliError, NotExported, ResourceError, RunError, brief
from cnncli.export import Writer, description, program, writer_of
from cnncli.export.benchmark import measured
from cnncli.export.check import Reference, require_accurate
from cnncli.export.network import with_probabilities
from cnncli.export.refusals import refused
from cnncli.inference.exported import EXPORTS, Origin, fingerprint
from cnncli.machine import available_memory, create_folder
from cnncli.notices import Notice, warn
from cnncli.records import Exported, ExportSpeed
from cnncli.report.tables import cell
from cnncli.runner.evaluate import own_split
from cnncli.runner.model.build import encoding_for
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runs import verified_weights, weights_file
from cnncli.runs.hashes import sha256_of
from cnncli.temporary import temporary_folder
from cnncli.wording import size_text

if TYPE_CHECKING:
    import keras

CALIBRATION = 512
"""Training images, at most, from which `int8` learns the range of each number."""

_LARGE = 50_000_000
_ONNX_MEMORY, _ONNX_MEMORY_OF_LARGE = 80, 45  # times the bytes of the weights: what tf2onnx needs


def export(
    run: OpenRun,
    formats: Sequence[str],
    int8: bool = False,
    tolerance: float = 0.01,
    data_path: Path | None = None,
    weights: Weights = "best",
    allow_changed_weights: bool = False,
    notice: Notice = warn,
) -> Iterator[Exported]:
    """Exports a run into several formats, one after the other, as `cnncli.Run.export` says."""
    chosen = [_format(name, int8) for name in formats]
    for form in chosen:
        _require_expressible(form, run)
    writers = [writer_of(form, int8) for form in chosen]
    model = run.float32_model(weights, allow_changed_weights, notice)
    spec, classes = run.spec, run.class_names
    encoding = encoding_for(spec.train, model, len(classes))
    network = with_probabilities(model, spec.train.loss, encoding, len(classes), "network")
    for form in chosen:
        _require_memory(form, network)
    tested = own_split(run, "test", data_path, notice).samples["test"]
    recorded = _recorded(run, tested.names) if weights == "best" else None
    reference = Reference.of(network, tested, recorded)
    sha256 = sha256_of(verified_weights(run.folder, weights_file(weights), allow_changed_weights))
    origin = Origin(weights, sha256, fingerprint(run.folder))
    calibration = _calibration(run, data_path, notice) if int8 else None
    for form, writer in zip(chosen, writers, strict=True):
        name = f"{form.name}-int8" if int8 else form.name
        target = run.path / EXPORTS / name
        with _replacing(target) as folder, _errors_of(form):
            _write_network(writer, network, folder / form.file, classes, calibration)
            facts = description.description(form, spec.name, classes, run.input_format, int8)
            _write_json(folder / description.DESCRIPTION, facts | origin.of_files(folder, form))
            (folder / description.PROGRAM).write_text(
                program.program(writer.RUNTIME, form.needs, run.input_format), encoding="utf-8"
            )
            module = program.opened(folder)
            check = reference.compared_with(module)
            if int8:
                require_accurate(name, check, tolerance)
            else:
                reference.require_equal(name, check)
            check["predict.py"] = reference.require_same_reading(name, module)
            _write_json(folder / description.CHECK, check)
        yield Exported(name, target, description.size(target), check)


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


def benchmark(run: OpenRun, trusted: Collection[str], notice: Notice) -> Iterator[ExportSpeed]:
    """Measures the exports of a run, as `cnncli.Run.benchmark_exports` says."""
    folders = sorted(each.parent for each in (run.path / EXPORTS).glob(f"*/{description.DESCRIPTION}"))
    known = [(folder, EXPORT_FORMATS.get(folder.name.removesuffix("-int8"))) for folder in folders]
    if not known:
        raise RunError(f"'{run.path}' has no exports", f"export it first: cnncli export {run.path.name} --format onnx")
    for folder, form in known:
        if form is not None and (form.is_data or form.name in trusted):
            yield measured(folder, form, run.input_format)
        else:
            notice(f"note: {folder.name} is left out: such a file can hold programs; export it in the same command")


def _format(name: str, int8: bool) -> ExportFormat:
    if name not in EXPORT_FORMATS:
        raise ValueError(f"no format is called {name!r}; they are {', '.join(EXPORT_FORMATS)}")
    form = EXPORT_FORMATS[name]
    if int8 and not form.quantizer:
        having = " and ".join(each.name for each in EXPORT_FORMATS.values() if each.quantizer)
        raise NotExported(f"there is no int8 version of {name}", f"there is one of {having}")
    return form


def _require_expressible(form: ExportFormat, run: OpenRun) -> None:
    if reasons := refused(form.name, run.spec.model.nodes):
        others = [each for each in EXPORT_FORMATS if not refused(each, run.spec.model.nodes)]
        raise NotExported(f"{form.name} cannot express {' or '.join(reasons)}", f"these can: {', '.join(others)}")


def _require_memory(form: ExportFormat, network: keras.Model) -> None:
    weights = sum(4 * int(np.prod(variable.shape)) for variable in network.variables)
    needed = weights * (_ONNX_MEMORY if weights < _LARGE else _ONNX_MEMORY_OF_LARGE)
    free = available_memory()
    if form.name == "onnx" and free is not None and needed > free:
        message = f"an export of this network to ONNX takes about {size_text(needed)} of memory"
        hint = "close other programs, or choose another format, which takes far less"
        raise ResourceError(f"{message}, and {size_text(free)} are free", hint)


def _recorded(run: OpenRun, names: Sequence[str]) -> np.ndarray | None:
    """The answers in predictions.csv as indices; None where they are of other images."""
    indices = {cell(name): index for index, name in enumerate(run.class_names)}
    try:
        with (run.path / "predictions.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        if [row["image"] for row in rows] != [cell(name) for name in names]:
            return None
        return np.array([indices[row["predicted"]] for row in rows])
    except (OSError, KeyError, ValueError, csv.Error):
        return None


def _calibration(run: OpenRun, data_path: Path | None, notice: Notice) -> np.ndarray:
    """Training images, about the same number of each class: float32, shape `(images, height, width, channels)`."""
    samples = own_split(run, "train", data_path, notice).samples["train"]
    order = np.random.default_rng(run.spec.seed).permutation(len(samples))
    labels = samples.labels[order]
    rank = np.empty(len(labels), np.int64)  # of each image among those of its class
    for label in np.unique(labels):
        rank[labels == label] = np.arange((labels == label).sum())
    chosen = order[np.argsort(rank, kind="stable")[:CALIBRATION]]
    return samples.read(chosen).astype(np.float32)


@contextlib.contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """Yields a new folder that takes the place of `target` when the block succeeds; otherwise neither is left."""
    aside = target.with_name(f".tmp-{os.getpid()}-{secrets.token_hex(4)}-{target.name}")
    try:
        create_folder(aside)
        shutil.rmtree(target, ignore_errors=True)
        yield aside
        aside.rename(target)
    except OSError as error:
        raise ResourceError(f"cannot write '{target}': {error.strerror or error}") from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)


@contextlib.contextmanager
def _errors_of(form: ExportFormat) -> Iterator[None]:
    """Inside, whatever a converter or a runtime raises becomes a `NotExported`."""
    try:
        yield
    except (CnncliError, OSError, MemoryError):
        raise
    except Exception as error:
        others = ", ".join(name for name in EXPORT_FORMATS if name != form.name)
        raise NotExported(f"this network cannot be exported to {form.name}: {brief(error)}", f"try {others}") from error


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
