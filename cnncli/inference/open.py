"""Which engines a run has: the exports that can answer in its place, or TensorFlow."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

from cnncli.catalog.export_formats import ENGINES, EXPORT_FORMATS, ExportFormat
from cnncli.errors import ResourceError, RunError, brief
from cnncli.inference.engine import Engine
from cnncli.inference.exported import EXPORTS, NotUsable, Origin, fingerprint, verified_files
from cnncli.inference.quickest import Quickest
from cnncli.notices import Notice, warn
from cnncli.runs import verified_weights
from cnncli.runs.hashes import sha256_of
from cnncli.runs.weights import weights_file
from cnncli.spec.shapes.network_shapes import infer_shapes

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun, Weights


def open_engine(
    run: OpenRun,
    name: str | None = None,
    *,
    weights: Weights = "best",
    allow_changed_weights: bool = False,
    notice: Notice = warn,
    threads: int | None = None,
    temperature: float = 1.0,
) -> Engine:
    """The first engine of a run that can answer, in the order of `ENGINES`, or the named one.

    An export is used only if it is of these very weights, spec and classes, was checked, and has not been changed
    since. TensorFlow and Keras are started only if there is none, for the first images. With a temperature, one that
    was exported with it comes before the plain one of its format, whose probabilities are corrected.

    Args:
        run: An opened run; its `class_names` are those of the probabilities, its `input_format` is how to read images.
        name: `litert`, `onnx`, `openvino` or `tensorflow`.
        weights: `best`, those of the best epoch; or `last`, those at the end of the training.
        allow_changed_weights: Accept weights whose checksum does not match the run.
        notice: Receives warnings.
        threads: Number of threads of an export; as many as there are cores if None.
        temperature: What the logits are divided by.

    Raises:
        ValueError: No engine has this name.
        RunError: The run is incomplete, has no such weights, or not the named export.
        ResourceError: The runtime of the named engine is not installed.
    """
    return next(_engines(run, name, weights, allow_changed_weights, notice, threads, temperature))


def open_quickest(
    run: OpenRun,
    name: str | None,
    largest: int,
    *,
    weights: Weights,
    allow_changed_weights: bool,
    notice: Notice,
    temperature: float = 1.0,
) -> Quickest:
    """The engines of a run that are the quickest for batches of 1 to `largest` images.

    They are timed if there are several, for about a second; other arguments and errors are those of `open_engine`.
    """
    engines = list(_engines(run, name, weights, allow_changed_weights, notice, None, temperature))
    for engine in engines:
        engine.start()
    return Quickest(engines, run.input_format.shape, largest)


def _engines(
    run: OpenRun,
    name: str | None,
    weights: Weights,
    allow_changed_weights: bool,
    notice: Notice,
    threads: int | None,
    temperature: float,
) -> Iterator[Engine]:
    """Every export of a run that can answer, or the named engine; TensorFlow where there is none."""
    if name is not None and name not in ENGINES:
        raise ValueError(f"no engine is called {name!r}; they are {', '.join(ENGINES)}")
    has_one = False
    if name != "tensorflow" and (name or (run.path / EXPORTS).is_dir()):
        told: list[str] = []
        file = verified_weights(run.folder, weights_file(weights), allow_changed_weights, told.append)
        origin = Origin(weights, sha256_of(file), fingerprint(run))
        for form in (EXPORT_FORMATS[each] for each in ENGINES[:-1] if name in (None, each)):
            try:
                engine = _of_export(run, form, origin, threads, temperature)
            except NotUsable as reason:
                if name is not None:
                    more = " --weights last" if weights == "last" else "" if temperature == 1 else " --calibrated"
                    command = f"cnncli export {shlex.quote(str(run.path))} --format {name}{more}"
                    raise RunError(f"'{run.path}' has no engine {name}: {reason}", command) from None
            except ResourceError:
                if name is not None:
                    raise
            else:
                for message in told if not has_one else ():
                    notice(message)
                has_one = True
                yield engine
    if not has_one:
        verified_weights(run.folder, weights_file(weights), allow_changed_weights)  # TensorFlow is started later
        from cnncli.inference.tensorflow import TensorFlowEngine

        yield TensorFlowEngine(run, weights, allow_changed_weights, notice, temperature)


def _of_export(run: OpenRun, form: ExportFormat, origin: Origin, threads: int | None, temperature: float) -> Engine:
    if find_spec(form.runtime) is None:
        package = form.needs[0]
        raise ResourceError(f"the engine {form.name} needs {package}, which is not installed", f"pip install {package}")
    files, remaining = _files_of(run, form, origin, temperature)
    try:
        engine: Engine = import_module(f"{__package__}.{form.name}").ENGINE(
            files, run.input_format.shape, len(run.class_names), threads
        )
    except (MemoryError, RunError):
        raise
    except Exception as error:  # of a runtime, about a file that is not what it seems or a broken installation
        raise NotUsable(f"{form.name} cannot open it: {brief(error)}") from error
    engine.temperature = remaining
    return engine


def _files_of(
    run: OpenRun, form: ExportFormat, origin: Origin, temperature: float
) -> tuple[Mapping[str, bytes], float]:
    """The files of an export, and the temperature that its probabilities are still to be corrected by."""
    if temperature != 1:
        with contextlib.suppress(NotUsable):
            return verified_files(run.path, form, origin, temperature), 1.0
        if infer_shapes(run.spec.model.nodes, run.input_format.shape, len(run.class_names)).output_shape == (1,):
            raise NotUsable(f"float32 has too few digits for 1 − p of one sigmoid unit in {EXPORTS}/{form.name}")
    return verified_files(run.path, form, origin), temperature
