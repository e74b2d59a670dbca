"""An opened run and what can be done with it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Literal, overload

from cnncli.api.heatmap import HeatMappedRun
from cnncli.errors import DataError
from cnncli.isolation import isolated, isolated_images
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.records import Prediction, UnreadableImage
from cnncli.records.html import html_table
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.resume_plan import plan_resume

if TYPE_CHECKING:
    from cnncli.api.results import EvaluationResult
    from cnncli.observer import TrainingObserver
    from cnncli.records import Reproduction
    from cnncli.runner.predict import ImageLike, Predictor
    from cnncli.runner.training.results import TrainingResult


class Run(HeatMappedRun):
    """A run folder: what a training left, and what can be done with it. Made by `cnncli.open_run` and `cnncli.train`.

    Each file is read when it is first asked for, and once. Shows itself as a table in a notebook.

    Args:
        folder: Folder of the run.

    Example:
        >>> import cnncli
        >>> run = cnncli.open_run("runs/mnist-001")
        >>> run.state, run.history.best, run.class_names[:3]
        ('finished', 1, ('0', '1', '2'))
        >>> run.metrics["accuracy"] > 0.3
        True
    """

    @classmethod
    def of_training(cls, result: TrainingResult) -> Run:
        """The run of a training that has just ended, which need not be evaluated again."""
        from cnncli.api.results import EvaluationResult

        run = cls(result.run)
        run.history = result.history
        run._evaluated = EvaluationResult.of(result.evaluation)
        if result.trained is not None:
            from cnncli.runner.prepare import prepare_after_training

            prepare_after_training(run, result.trained)
        return run

    @property
    def state(self) -> str:
        """`running`, `finished`, `interrupted`, `diverged` or `failed`.

        Raises:
            RunError: status.json is missing or damaged.
        """
        return str(self.status.get("state"))

    model = isolated()(OpenRun.model)

    def evaluate(
        self,
        split: Literal["train", "validation", "test"] | None = None,
        *,
        weights: Weights = "best",
        data: str | os.PathLike[str] | None = None,
        on: str | os.PathLike[str] | None = None,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        write: bool = False,
    ) -> EvaluationResult:
        """Measures weights on the images of a split, or on other labelled images; writes nothing unless asked to.

        Args:
            split: The split: `test` by default, of `on` the only one.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            data: Where the images are now, if they were moved; only those of the split need be there.
            on: Other images: a folder with a folder for each class, or with such folders for each split, or a table.
                Their classes have the names of the run's, or those that the spec renamed; not all need be there.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings, such as that images have changed; `warnings.warn` by default.
            write: Write the results into the run, as its training does: a run of an older version gets the files that
                it lacks. Only of the best weights on the run's own test images; those for validation are needed, too.

        Raises:
            ValueError: `write` with another split, other weights or other images.
            DataError: Images are missing, or have classes that the run does not know.
            RunError: The run is incomplete, or has no such split or weights.

        Example:
            >>> import cnncli
            >>> result = cnncli.open_run("runs/mnist-001").evaluate("validation")
            >>> result.split, len(result.predictions)
            ('validation', 100)
        """
        of_training = split in (None, "test") and (weights, on) == ("best", None)
        if write and not of_training:
            raise ValueError("write is for the best weights on the run's own test images")
        if self._evaluated and of_training and data is None and not write:
            return self._evaluated
        with isolated():
            from cnncli.api.results import EvaluationResult
            from cnncli.runner.evaluate import evaluate, evaluate_again

            moved, other = (None if path is None else expanded(path) for path in (data, on))
            if write:
                return EvaluationResult.of(evaluate_again(self, notice, moved, allow_changed_weights))
            return EvaluationResult.of(evaluate(self, split, notice, moved, allow_changed_weights, weights, other))

    _evaluated: EvaluationResult | None = None

    @overload
    def predict(
        self,
        images: ImageLike | Iterable[ImageLike],
        top_k: int = 1,
        *,
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: Literal[False] = False,
        engine: str | None = None,
    ) -> list[Prediction]: ...
    @overload
    def predict(
        self,
        images: ImageLike | Iterable[ImageLike],
        top_k: int = 1,
        *,
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: Literal[True],
        engine: str | None = None,
    ) -> list[Prediction | UnreadableImage]: ...
    def predict(
        self,
        images: ImageLike | Iterable[ImageLike],
        top_k: int = 1,
        *,
        weights: Weights = "best",
        invert: bool = False,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        keep_unreadable: bool = False,
        engine: str | None = None,
    ) -> Sequence[Prediction | UnreadableImage]:
        """Classifies images of any size, colour or grey; the network is loaded once for calls with the same weights.

        Where the run has a verified export to LiteRT, ONNX or OpenVINO of these weights, it answers, and TensorFlow is
        not started. Every engine computes in float32, whatever the precision of the training; their probabilities
        differ by at most 1e-5.

        Args:
            images: One image or several, each a path, a folder, the bytes of a file, an open file, a picture of
                Pillow's, or a uint8 array of 0…255 with the shape `(height, width)`, `(height, width, 1)` or
                `(height, width, 3)`.
            top_k: Number of classes in `Prediction.top`.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            invert: Invert the brightness first, for negatives of the training images.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings; `warnings.warn` by default.
            keep_unreadable: Return an `UnreadableImage` in place of an image that cannot be read.
            engine: `litert`, `onnx`, `openvino` or `tensorflow`; by default the quickest that the run has.

        Returns:
            One prediction for each image, in order.

        Raises:
            ValueError: `top_k` is less than 1, or no engine has this name.
            DataError: An image cannot be read.
            RunError: The run is incomplete, lacks these weights or the export of the engine, or they were changed.
            ResourceError: The runtime of the engine is not installed.

        Example:
            >>> import cnncli, numpy as np
            >>> run = cnncli.open_run("runs/mnist-001")
            >>> one, two = run.predict([np.zeros((28, 28), np.uint8), "digit.png"], top_k=3)
            >>> len(two.top), two.class_name == two.top[0][0]
            (3, True)
        """
        if top_k < 1:
            raise ValueError(f"top_k is the number of classes to return, 1 or more; got {top_k}")
        with isolated_images():
            from cnncli.runner.predict import Predictor, as_list

            chosen = weights, allow_changed_weights, engine
            if chosen not in self._predictors:
                self._predictors[chosen] = Predictor(self, notice, allow_changed_weights, weights, engine)
            predictions = []
            for prediction in self._predictors[chosen].predict(as_list(images), top_k, invert):
                if isinstance(prediction, UnreadableImage) and not keep_unreadable:
                    raise DataError(prediction.reason)
                predictions.append(prediction)
            return predictions

    @cached_property
    def _predictors(self) -> dict[tuple[Weights, bool, str | None], Predictor]:
        return {}

    def prepare_predictions(self, notice: Notice = warn) -> None:
        """Writes an export to LiteRT, checked on the test images, if TensorFlow had to answer for the lack of one.

        `cnncli predict` calls this after its answers. Where it cannot be done, such as when the test images are gone or
        the check takes too long, a notice says why, once, and TensorFlow answers as before.

        Args:
            notice: Receives what is done; `warnings.warn` by default.

        Example:
            >>> import cnncli, numpy as np
            >>> run = cnncli.open_run("runs/mnist-001")
            >>> first = run.predict(np.zeros((28, 28), np.uint8))
            >>> run.prepare_predictions(notice=lambda text: None)
        """
        if any(predictor.engine.name == "tensorflow" for predictor in self._predictors.values()):
            with isolated():
                from cnncli.runner.prepare import prepare_for_predictions

                prepare_for_predictions(self, notice)

    def resume(
        self, epochs: int | None = None, observers: Sequence[TrainingObserver] = (), *, command: Sequence[str] = ()
    ) -> Run:
        """Continues an interrupted training; the result is that of a training without the interruption.

        Args:
            epochs: Total number of epochs, in place of the spec's.
            observers: Receive the events of the training.
            command: Command line to record in environment.json.

        Returns:
            The run as it is afterwards; this very object when nothing remained to be trained.

        Raises:
            RunError: Another process is training it, it diverged, or its records are damaged.
            DataError: Its images are missing or have changed.
            TrainingError: The loss or a weight became infinite or NaN.
            ResourceError: The folder is not writable, or memory or disk ran out.
            Interrupted: Ctrl-C, or an observer that requested a stop; the run can be resumed again.

        Example:
            >>> import cnncli
            >>> run = cnncli.open_run("runs/mnist-001").resume()
            >>> run.state
            'finished'
        """
        with self.folder.locked():
            current = Run(self.folder)  # nobody else changes it from here on
            spec = plan_resume(current, epochs)
            if spec is None:
                return self
            with isolated(before_start=current.apply_recorded_threading):
                from cnncli.runner.resume import resume

                return Run.of_training(resume(current, spec, observers, command))

    def reproduce(
        self,
        runs_dir: str | os.PathLike[str] | None = None,
        observers: Sequence[TrainingObserver] = (),
        *,
        command: Sequence[str] = (),
    ) -> Reproduction:
        """Trains the spec of this finished run again, into a new run, and compares the two.

        Args:
            runs_dir: Directory of the new run; that of this run by default.
            observers: Receive the events of the training.
            command: Command line to record in environment.json.

        Raises:
            RunError: The run is not finished, or its records are damaged.
            CnncliError: Whatever ends a training.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").reproduce().is_same
            True
        """
        current = Run(self.folder)  # it may have been resumed since this one was opened
        with isolated(before_start=current.apply_recorded_threading):
            from cnncli.runner.reproduce import reproduce

            return reproduce(current, self.path.parent if runs_dir is None else expanded(runs_dir), observers, command)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        figures = [(name, f"{value:.4f}") for name, value in self.metrics.items() if isinstance(value, float)]
        return html_table((str(self.path), self.state), figures)
