"""Exports the network of a run, and keeps only what answers as the network does.

Importing this starts no TensorFlow, so that what cannot be exported is refused before.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from cnncli.catalog.export_formats import EXPORT_FORMATS, ExportFormat
from cnncli.errors import NotExported, ResourceError, RunError
from cnncli.export import writer_of
from cnncli.export.description import DESCRIPTION
from cnncli.export.refusals import require_expressible
from cnncli.inference.exported import CALIBRATED, EXPORTS
from cnncli.machine import available_memory
from cnncli.notices import Notice, warn
from cnncli.records import Exported, ExportSpeed
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.temperature import temperature_for
from cnncli.wording import in_shell, size_text

CALIBRATION = 512
"""Training images, at most, from which `int8` learns the range of each number."""

_LARGE = 50_000_000
_ONNX_MEMORY, _ONNX_MEMORY_OF_LARGE = 80, 45  # times the bytes of the weights: what tf2onnx needs


def chosen_formats(run: OpenRun, names: Sequence[str], int8: bool) -> list[ExportFormat]:
    """The formats of an export, which can express every layer of the network.

    Raises:
        ValueError: There is no such format, or none is named.
        NotExported: One cannot express a layer, or has no int8 version.
    """
    if not names:
        raise ValueError(f"no format is named; they are {', '.join(EXPORT_FORMATS)}")
    formats = [_format(name, int8) for name in names]
    for form in formats:
        require_expressible(form, run.spec.model.nodes)
    return formats


def exports_of(run: OpenRun) -> list[Path]:
    """The folders of a run's exports, by name.

    Raises:
        RunError: There are none.
    """
    folders = sorted(each.parent for each in (run.path / EXPORTS).glob(f"[!.]*/{DESCRIPTION}"))
    if not folders:
        first = f"export it first: cnncli export {in_shell(run.path)} --format onnx"
        raise RunError(f"'{run.path}' has no exports", first)
    return folders


def export(
    run: OpenRun,
    formats: Sequence[str],
    int8: bool = False,
    tolerance: float = 0.01,
    data_path: Path | None = None,
    weights: Weights = "best",
    allow_changed_weights: bool = False,
    notice: Notice = warn,
    calibrated: bool | None = None,
) -> Iterator[Exported]:
    """Exports a run into several formats, one after the other, as `cnncli.Run.export` says."""
    from cnncli.runner.evaluate import own_split
    from cnncli.runner.exporter import Exporter

    chosen = chosen_formats(run, formats, int8)
    for form in chosen:
        writer_of(form, int8)  # the packages are there
    temperature = temperature_for(run, calibrated, weights, notice)
    exporter = Exporter(run, weights, allow_changed_weights, notice, temperature)
    for form in chosen:
        _require_memory(form, exporter.weight_bytes)
    reference = exporter.reference(own_split(run, "test", data_path, notice).samples["test"])
    images = _calibration(run, data_path, notice) if int8 else None
    for form in chosen:
        yield exporter.write(form, reference, images, tolerance)


def benchmark(run: OpenRun, trusted: Collection[str], notice: Notice) -> Iterator[ExportSpeed]:
    """Measures the exports of a run, as `cnncli.Run.benchmark_exports` says."""
    from cnncli.export.benchmark import measured

    for folder in exports_of(run):
        form = EXPORT_FORMATS.get(folder.name.removesuffix(CALIBRATED).removesuffix("-int8"))
        if form is not None and (form.is_data or form.name in trusted):
            yield measured(folder, form, run.input_format)
        else:
            notice(f"note: {folder.name} is left out: such a file can hold programs; export it in the same command")


def _format(name: str, int8: bool) -> ExportFormat:
    if not isinstance(name, str) or name not in EXPORT_FORMATS:  # Python takes a list for one format
        raise ValueError(f"no format is called {name!r}; they are {', '.join(EXPORT_FORMATS)}")
    form = EXPORT_FORMATS[name]
    if int8 and not form.quantizer:
        having = " and ".join(each.name for each in EXPORT_FORMATS.values() if each.quantizer)
        raise NotExported(f"there is no int8 version of {name}", f"there is one of {having}")
    return form


def _require_memory(form: ExportFormat, weights: int) -> None:
    needed = weights * (_ONNX_MEMORY if weights < _LARGE else _ONNX_MEMORY_OF_LARGE)
    free = available_memory()
    if form.name == "onnx" and free is not None and needed > free:
        message = f"an export of this network to ONNX takes about {size_text(needed)} of memory"
        hint = "close other programs, or choose another format, which takes far less"
        raise ResourceError(f"{message}, and {size_text(free)} are free", hint)


def _calibration(run: OpenRun, data_path: Path | None, notice: Notice) -> np.ndarray:
    """Training images, about the same number of each class: float32, shape `(images, height, width, channels)`."""
    from cnncli.runner.evaluate import own_split

    samples = own_split(run, "train", data_path, notice).samples["train"]
    order = np.random.default_rng(run.spec.seed).permutation(len(samples))
    labels = samples.labels[order]
    rank = np.empty(len(labels), np.int64)  # of each image among those of its class
    for label in np.unique(labels):
        rank[labels == label] = np.arange((labels == label).sum())
    chosen = order[np.argsort(rank, kind="stable")[:CALIBRATION]]
    return samples.read(chosen).astype(np.float32)
