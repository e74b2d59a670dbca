"""Predictions for images, and those for any number of images in a file: see `cnncli.Run`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Literal, overload

from cnncli.api.sure import SureRun
from cnncli.errors import DataError
from cnncli.isolation import isolated, isolated_images
from cnncli.machine import expanded
from cnncli.notices import Notice, Progress, warn
from cnncli.records import Prediction, UnreadableImage
from cnncli.runner.open_run import Weights

if TYPE_CHECKING:
    from cnncli.records import WrittenPredictions
    from cnncli.runner.answers.images import ImageSource
    from cnncli.runner.predict import ImageLike, Predictor


class PredictingRun(SureRun):
    """The part of `cnncli.Run` that classifies images."""

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
        calibrated: bool | None = None,
        coverage: float | None = None,
        tta: bool = False,
        unknown: bool = False,
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
        calibrated: bool | None = None,
        coverage: float | None = None,
        tta: bool = False,
        unknown: bool = False,
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
        calibrated: bool | None = None,
        coverage: float | None = None,
        tta: bool = False,
        unknown: bool = False,
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
            calibrated: Divide logits by the temperature of calibration.json, so that probabilities mean what they say;
                the answers stay the same. By default as `calibration` in the spec says.
            coverage: Share of images like the validation images, such as 0.95, whose set of classes,
                `Prediction.classes_in_set`, is to hold the right class.
            tta: Give the mean answer to several views of each image, as the flips and shifts of the spec's `augment`
                allow; `Run.evaluate` measures what that brings.
            unknown: Say in `Prediction.doubt` which answers are unsure, and which images unlike the training images.
                That takes TensorFlow, and at the first time the images of the run.

        Returns:
            One prediction for each image, in order.

        Raises:
            ValueError: `top_k` is less than 1, no engine has this name, or `coverage` is not between 0 and 1, or
                it or `unknown` is together with `tta`.
            DataError: An image cannot be read.
            RunError: The run is incomplete, lacks these weights, the export of the engine, a temperature for
                `calibrated`, or thresholds for `coverage` or `unknown`, such as with too few validation images; or
                weights were changed.
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
        _require_one_view(tta, coverage, unknown)
        sets = (
            None
            if coverage is None
            else self.class_sets(
                coverage, weights=weights, allow_changed_weights=allow_changed_weights, calibrated=calibrated
            )
        )
        from cnncli.runner.predict import Predictor, as_list, is_nothing_there

        unknown = unknown and not is_nothing_there(images)
        doubts = self._doubts(weights, allow_changed_weights, notice) if unknown else None
        with isolated_images():
            chosen = weights, allow_changed_weights, engine, calibrated, tta, unknown
            if chosen not in self._predictors:
                self._predictors[chosen] = Predictor(
                    self, notice, allow_changed_weights, weights, engine, calibrated, tta, unknown
                )
            predictions = []
            for prediction in self._predictors[chosen].predict(as_list(images), top_k, invert, sets, doubts):
                if isinstance(prediction, UnreadableImage) and not keep_unreadable:
                    raise DataError(prediction.reason)
                predictions.append(prediction)
            return predictions

    @cached_property
    def _predictors(self) -> dict[tuple[Weights, bool, str | None, bool | None, bool, bool], Predictor]:
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
        engines = [predictor.engine for predictor in self._predictors.values()]
        if any(engine.name == "tensorflow" and engine.is_started for engine in engines):
            with isolated():
                from cnncli.runner.prepare import prepare_for_predictions

                prepare_for_predictions(self, notice)

    def predict_to(
        self,
        out: str | os.PathLike[str],
        images: ImageSource | Iterable[ImageSource],
        top_k: int = 1,
        *,
        probabilities: bool = False,
        embeddings: bool = False,
        shard: tuple[int, int] = (1, 1),
        resume: bool = False,
        overwrite: bool = False,
        weights: Weights = "best",
        engine: str | None = None,
        calibrated: bool | None = None,
        invert: bool = False,
        coverage: float | None = None,
        tta: bool = False,
        unknown: bool = False,
        image_column: str | None = None,
        allow_changed_weights: bool = False,
        prepare: bool = False,
        progress: Progress | None = None,
        notice: Notice = warn,
    ) -> WrittenPredictions:
        """Classifies any number of images and writes the answers into a file, in little memory.

        Decoding, computing and writing overlap. What is done is kept in `OUT.parts`, so that a call that
        was killed can be continued, with the same bytes in the end. Images that cannot be read are listed, with the
        reason, in `OUT.unreadable.csv`.

        Args:
            out: File to write, `.csv`, `.jsonl` or `.parquet`.
            images: One or several of: a file, a folder with all images in it, a table of images, or a pattern such as
                `photos/**/*.jpg`; or an open binary file with such paths, one on each line.
            top_k: Number of classes for each image.
            probabilities: Write the probability of every class as well.
            embeddings: Write what the last layer gets as well, float32; not into CSV.
            shard: `(3, 16)` answers the third of 16 parts of the images, which `cnncli.merge_predictions` joins.
            resume: Continue what the same call has started, if anything.
            overwrite: Start over, and replace the file.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            engine: What computes: `litert`, `onnx`, `openvino`, for which the run needs an export, or `tensorflow`; by
                default the quickest that the run has, or the one that the call to continue began with.
            calibrated: Divide logits by the temperature of calibration.json, as in `predict`.
            invert: Invert the brightness first, for negatives of the training images.
            coverage: Write sets of classes as well, which hold the right one in this share of images like the
                validation images, such as 0.95.
            tta: Give the mean answer to several views of each image, as in `predict`.
            unknown: Write doubts as well, as in `predict`.
            image_column: Column of the images in a table; found by itself by default.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            prepare: For 2,000 images or more, make the export to LiteRT first if there is none, as
                `prepare_predictions` does.
            progress: Receives how many images are done, and of how many.
            notice: Receives warnings; `warnings.warn` by default.

        Raises:
            ValueError: `top_k` is less than 1, there is no such shard, or `coverage` is not between 0 and 1 or together
                with `tta`.
            DataError: There are no images, or a table cannot be read.
            RunError: The run is incomplete or lacks these weights, a temperature for `calibrated` or thresholds for
                `coverage`, weights were changed, or the call to continue was another one.
            ResourceError: A package is not installed, the file exists or cannot be written, or memory or disk ran out.

        Example:
            >>> import cnncli
            >>> run = cnncli.open_run("runs/mnist-001")
            >>> run.predict_to("answers.csv", ["digit.png"], overwrite=True).answers
            1
        """
        if top_k < 1:
            raise ValueError(f"top_k is the number of classes to write, 1 or more; got {top_k}")
        if not 1 <= shard[0] <= shard[1]:
            raise ValueError(f"shard is a number and how many there are, such as (3, 16); got {shard}")
        _require_one_view(tta, coverage, unknown)
        from cnncli.runner.answers.files import Destination
        from cnncli.runner.answers.images import as_several
        from cnncli.runner.answers.network import Computing
        from cnncli.runner.answers.pipeline import Settings
        from cnncli.runner.answers.write import write_predictions

        doubts = partial(self._doubts, weights, allow_changed_weights, notice) if unknown else None
        export = partial(self._export, notice) if prepare else None
        with isolated_images():
            return write_predictions(
                self,
                Destination(expanded(out), shard, resume, overwrite),
                as_several(images),
                image_column,
                Settings(top_k, probabilities, embeddings, invert, coverage, tta, unknown),
                Computing(weights, engine, allow_changed_weights, export, calibrated),
                doubts,
                progress or (lambda done, total: None),
                notice,
            )

    def _export(self, notice: Notice) -> None:
        with isolated():
            from cnncli.runner.prepare import prepare_for_predictions

            prepare_for_predictions(self, notice, skip="")


def _require_one_view(tta: bool, coverage: float | None, unknown: bool) -> None:
    if tta and (coverage is not None or unknown):
        other = "unknown" if coverage is None else "coverage"
        raise ValueError(
            f"the thresholds of {other} were measured for one view of each image; leave out tta or {other}"
        )
