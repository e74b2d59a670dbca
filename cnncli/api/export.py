"""What an opened run can do with other programs: see `cnncli.Run`."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.api.several import several
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, ignore, warn
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runs import verified_weights, weights_file

if TYPE_CHECKING:
    from cnncli.records import Exported, ExportSpeed


class ExportableRun(OpenRun):
    """The part of `cnncli.Run` that is about exports."""

    @contextlib.contextmanager
    def _measuring(
        self, weights: Weights, allow_changed_weights: bool, moved: Path | None, on: Path | None = None
    ) -> Iterator[None]:
        """Inside, weights are measured on images; what is not there is refused before TensorFlow is started."""
        from cnncli.runner.inputs.preconditions import images_of_run

        with images_of_run(self.spec.data, moved, on):
            verified_weights(self.folder, weights_file(weights), allow_changed_weights)
            yield

    def export(
        self,
        *formats: str,
        int8: bool = False,
        tolerance: float = 0.01,
        weights: Weights = "best",
        calibrated: bool | None = None,
        data: str | os.PathLike[str] | None = None,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        done: Callable[[Exported], None] | None = None,
    ) -> tuple[Exported, ...]:
        """Writes the network, in float32, for other programs, and proves on every test image that it answers the same.

        Each format has a folder in `exports/` of the run: the network, model.json, check.json, and predict.py, which
        classifies images without cnncli. What answers differently is removed again.

        Args:
            formats: Of `onnx`, `litert`, `openvino`, `saved_model`, `keras`.
            int8: Compute in whole numbers of 8 bits: a quarter of the size, and slightly other answers.
            tolerance: How much accuracy, 0…1, an int8 network may lose on the test images.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            calibrated: Divide logits by the temperature of calibration.json within the network, which gets a folder of
                its own, such as `onnx-calibrated`. By default as `calibration` in the spec says.
            data: Where the images are now, if they were moved; only those for testing need be there.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings, such as that images have changed; `warnings.warn` by default.
            done: Receives each export as soon as it is checked.

        Raises:
            ValueError: There is no such format, or none is named.
            NotExported: A format cannot express the network, or answers differently.
            DataError: Test images are missing.
            ResourceError: A package is not installed, or memory or disk ran out.
            RunError: The run is incomplete or lacks these weights or a temperature for `calibrated`, or they were
                changed.

        Example:
            >>> import cnncli
            >>> (exported,) = cnncli.open_run("runs/mnist-001").export("keras")
            >>> exported.path.name, exported.check["changed_answers"]
            ('keras', 0)
        """
        from cnncli.runner.export import chosen_formats, export
        from cnncli.runner.temperature import temperature_for

        chosen_formats(self, formats, int8)  # all of this before TensorFlow is started
        temperature_for(self, calibrated, weights, ignore)
        moved = None if data is None else expanded(data)
        with self._measuring(weights, allow_changed_weights, moved), isolated():
            exports = []
            for exported in export(
                self, formats, int8, tolerance, moved, weights, allow_changed_weights, notice, calibrated
            ):
                exports.append(exported)
                if done:
                    done(exported)
            return tuple(exports)

    def benchmark_exports(self, trusted: Collection[str] = (), *, notice: Notice = warn) -> tuple[ExportSpeed, ...]:
        """Measures how quick and how large every export of this run is, on this machine.

        Args:
            trusted: Formats whose files you made yourself. Those of `saved_model` and `keras` can hold programs, so
                they are left out unless they are here; the others are numbers and known operations.
            notice: Receives a line about each that is left out; `warnings.warn` by default.

        Raises:
            RunError: There is no export.
            ResourceError: A package is not installed.

        Example:
            >>> import cnncli
            >>> run = cnncli.open_run("runs/mnist-001")
            >>> exported = run.export("keras")
            >>> run.benchmark_exports(trusted=["keras"])[0].batches
            (1, 32)
        """
        from cnncli.runner.export import benchmark, exports_of

        named = several(trusted, "trusted")
        exports_of(self)  # before TensorFlow is started
        with isolated():
            return tuple(benchmark(self, named, notice))
