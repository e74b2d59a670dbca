"""An opened run: what every command on a run starts from. Each file is read when it is first needed, and once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnncli.environment import ONEDNN, set_by_default, set_threads
from cnncli.errors import RunError, SpecError, path_text
from cnncli.factory.package_layers import require_packages
from cnncli.machine import MOST_THREADS
from cnncli.notices import Notice, warn
from cnncli.records import Epoch, History
from cnncli.runner.inputs.data_record import DataRecord, parse_data_record
from cnncli.runner.inputs.input_format import input_format_for
from cnncli.runner.training.checkpoint import TrainingState, read_progress
from cnncli.runner.training.pace import Leg, parse_legs
from cnncli.runs import PACE, RunDir, verified_weights, weights_file
from cnncli.runs.history import epochs_in, history_rows
from cnncli.runs.image_list import MANIFEST, Row, read_manifest
from cnncli.runs.untrusted import Unreadable, read_bytes
from cnncli.spec import LoadedSpec, Spec, load
from cnncli.spec.graph import Node
from cnncli.spec.metrics import monitored_metric
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import counted

if TYPE_CHECKING:
    import keras

    from cnncli.data.decode.input_format import InputFormat
    from cnncli.runner.inputs.input_spec import InputSpec


Weights = Literal["best", "last"]
"""The weights of the best epoch, or those at the end of the training."""


class OpenRun:
    """A run folder, which may come from anybody, and what its files say.

    Nothing is read before it is asked for, nothing is read twice, and nothing starts TensorFlow but `model`. What the
    files say is that of the moment they were read: open the run again after it was trained further.
    """

    def __init__(self, folder: RunDir) -> None:
        self.folder = folder

    @property
    def path(self) -> Path:
        """Folder of the run."""
        return self.folder.path

    @cached_property
    def loaded_spec(self) -> LoadedSpec:
        """The spec with its text; it is complete, so no other file is read.

        Raises:
            RunError: It is missing, invalid, or has layers of a package that is not installed.
        """
        try:
            return load(self.folder.spec, is_complete=True)
        except SpecError as error:
            self.folder.require()
            require_packages(self.path, self.environment_or_nothing())
            first, *others = error.problems
            where = f" ({first.place.line}:{first.place.column})" if first.place else ""
            more = f", and {counted(len(others), 'more problem')}" if others else ""
            place = f"{path_text(first.path)}: " if first.path else ""
            message = f"'{self.path}' is not a complete run: spec.yaml{where}: {place}{first.message}{more}"
            raise RunError(message) from None

    @cached_property
    def spec(self) -> Spec:
        """Spec of the run, with every default.

        A run from before there was `train.features` was trained on images alone, and is resumed and repeated so.

        Raises:
            RunError: It is missing or invalid.
        """
        spec = self.loaded_spec.spec
        if "features" in spec.train.set_keys:
            return spec
        return spec.replace(train=spec.train.replace(features=0))

    @cached_property
    def spec_text(self) -> str:
        """Text of spec.yaml; raises a RunError if it is missing."""
        if "loaded_spec" in vars(self):
            return self.loaded_spec.document.text
        try:
            return read_bytes(self.folder.spec).decode("utf-8", "replace")
        except Unreadable as error:
            raise RunError(f"'{self.folder.spec}' cannot be read: {error}") from None

    def forget_spec(self) -> None:
        """Has the next use read spec.yaml, which was changed, once more."""
        for name in ("loaded_spec", "spec", "spec_text"):
            vars(self).pop(name, None)

    @cached_property
    def status(self) -> Mapping[str, Any]:
        """The recorded state, as `RunDir.status` gives it.

        Raises:
            RunError: status.json is missing or damaged.
        """
        return self.folder.status()

    @cached_property
    def environment(self) -> Mapping[str, Any]:
        """Versions, hardware and command of the training.

        Raises:
            RunError: environment.json is missing or damaged.
        """
        return self.folder.read_json("environment.json")

    def environment_or_nothing(self) -> Mapping[str, Any]:
        """The same; a file that is missing or damaged says nothing."""
        with suppress(RunError):
            return self.environment
        return {}

    @cached_property
    def data_record(self) -> DataRecord:
        """Size, classes and statistics of the images.

        Raises:
            RunError: data.json is missing or damaged.
        """
        return parse_data_record(self.folder.read_json("data.json"), self.path)

    @cached_property
    def image_rows(self) -> Sequence[Row]:
        """The rows of images.csv; none of a built-in data set, whose images no run lists.

        Raises:
            RunError: data.json is missing, or either is damaged.
        """
        manifest = self.path / MANIFEST
        return read_manifest(manifest, self.class_names) if manifest.exists() else ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes in the order of the model's outputs.

        Raises:
            RunError: data.json is missing or damaged.
        """
        return self.data_record.class_names

    @cached_property
    def metrics(self) -> Mapping[str, Any]:
        """Metrics of the best weights on the test images; empty until they are measured.

        Raises:
            RunError: metrics.json is damaged.
        """
        return self.folder.metrics()

    @cached_property
    def history_rows(self) -> tuple[Mapping[str, str], ...]:
        """Rows of history.csv as text.

        Raises:
            RunError: history.csv is missing or damaged.
        """
        return history_rows(self.folder)

    @cached_property
    def epochs(self) -> tuple[Epoch, ...]:
        """Metrics of each epoch.

        Raises:
            RunError: history.csv is missing or damaged.
        """
        return epochs_in(self.history_rows, self.folder)

    @cached_property
    def history(self) -> History:
        """Metrics of each epoch, and which epoch was best.

        Raises:
            RunError: history.csv or spec.yaml is missing or damaged.
        """
        return History.of(self.epochs, *monitored_metric(self.spec))

    @cached_property
    def input_spec(self) -> InputSpec:
        """What the model is built for.

        Raises:
            RunError: The run is incomplete, or two of its files contradict each other.
        """
        from cnncli.runner.inputs.input_spec import InputSpec

        record, data = self.data_record, self.spec.data
        info = static_data_info(data)
        if info.shape not in (None, record.shape) or info.class_names not in (None, record.class_names):
            raise RunError(f"'{self.path}' is damaged: spec.yaml and data.json describe different images")
        if data.standardize == "featurewise" and not record.channel_mean:
            raise RunError(f"'{self.path}' is not a complete run: data.json lacks 'channel_mean'")
        return InputSpec.of(data, record.shape, record.class_names, record.channel_mean, record.channel_std)

    @cached_property
    def input_format(self) -> InputFormat:
        """How image files become pixels for the model.

        Raises:
            RunError: The run is incomplete, or two of its files contradict each other.
        """
        return input_format_for(self.spec.data, self.input_spec.shape)

    def apply_recorded_threading(self) -> bool:
        """Has TensorFlow start with the threads and oneDNN of the run; returns whether there is a record of them."""
        recorded = self.environment_or_nothing()
        threads, onednn = recorded.get("threads"), recorded.get("onednn")
        if type(threads) is int and 0 < threads <= MOST_THREADS:
            set_threads(threads)
        if onednn in ("0", "1"):
            set_by_default(ONEDNN, onednn)
        return bool(recorded)

    @cached_property
    def progress(self) -> TrainingState:
        """How far the training is: the state of its checkpoint without the arrays.

        Raises:
            RunError: The checkpoint is missing or damaged.
        """
        return read_progress(self.folder.checkpoint)

    @cached_property
    def legs(self) -> tuple[Leg, ...] | None:
        """Decisions on `train.max_time`; None without it.

        Raises:
            RunError: pace.json is missing or damaged.
        """
        if self.spec.train.max_time is None:
            return None
        try:
            return parse_legs(self.folder.read_json(PACE).get("legs"))
        except ValueError as error:
            raise RunError(f"'{self.path}' is not a complete run: {PACE} is damaged: {error}") from None

    def model(
        self,
        weights: Weights = "best",
        allow_changed_weights: bool = False,
        notice: Notice = warn,
    ) -> keras.Model:
        """The model with its trained weights, not compiled; a new one with each call.

        Args:
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives a warning when the checksum does not match; `warnings.warn` by default.

        Returns:
            A functional model from `(images, height, width, channels)`, pixels 0…255, to `(images, units)`,
            float32; preprocessing is part of it.

        Raises:
            RunError: The run is incomplete or lacks these weights, or they were changed or do not belong to its model.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").model().output_shape
            (None, 10)
        """
        spec = self.spec
        return self._with_weights(spec.model.nodes, spec.train.precision, weights, allow_changed_weights, notice)

    def float32_model(self, weights: Weights, allow_changed_weights: bool, notice: Notice) -> keras.Model:
        """The same model, which computes in float32 whatever the precision of the training; arguments as in `model`."""
        plain = []
        for node in self.spec.model.nodes:
            arguments = {key: value for key, value in node.entry.arguments.items() if key != "dtype"}
            plain.append(replace(node, entry=replace(node.entry, arguments=arguments)))
        return self._with_weights(plain, "float32", weights, allow_changed_weights, notice)

    def _with_weights(
        self, nodes: Sequence[Node], precision: str, weights: Weights, allow_changed_weights: bool, notice: Notice
    ) -> keras.Model:
        file = verified_weights(self.folder, weights_file(weights), allow_changed_weights, notice)
        spec, inputs = self.spec, self.input_spec
        from cnncli.factory.weights import load_weights
        from cnncli.runner.model.build import build_model

        model = build_model(nodes, inputs, precision, spec.seed, spec.name)
        load_weights(model, file)
        return model
