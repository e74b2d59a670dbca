"""Predictions for any number of images, in a file: see `cnncli.Run`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cnncli.api.export import ExportableRun
from cnncli.isolation import isolated, isolated_images
from cnncli.machine import expanded
from cnncli.notices import Notice, Progress, warn
from cnncli.runner.open_run import Weights

if TYPE_CHECKING:
    from cnncli.records import WrittenPredictions
    from cnncli.runner.answers.images import ImageSource


class PredictingRun(ExportableRun):
    """The part of `cnncli.Run` that writes predictions for many images."""

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
        invert: bool = False,
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
            invert: Invert the brightness first, for negatives of the training images.
            image_column: Column of the images in a table; found by itself by default.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            prepare: For 2,000 images or more, make the export to LiteRT first if there is none, as
                `prepare_predictions` does.
            progress: Receives how many images are done, and of how many.
            notice: Receives warnings; `warnings.warn` by default.

        Raises:
            ValueError: `top_k` is less than 1, or there is no such shard.
            DataError: There are no images, a table cannot be read, or the file exists.
            RunError: The run is incomplete or lacks these weights, they were changed, or the call to continue was
                another one.
            ResourceError: A package is not installed, the file cannot be written, or memory or disk ran out.

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
        from cnncli.runner.answers.images import as_several
        from cnncli.runner.answers.network import Computing
        from cnncli.runner.answers.pipeline import Settings
        from cnncli.runner.answers.write import write_predictions

        def export() -> None:
            with isolated():
                from cnncli.runner.prepare import prepare_for_predictions

                prepare_for_predictions(self, notice, skip="")

        with isolated_images():
            return write_predictions(
                self,
                expanded(out),
                as_several(images),
                Settings(top_k, probabilities, embeddings, invert),
                Computing(weights, engine, allow_changed_weights, export if prepare else None),
                shard,
                resume,
                overwrite,
                image_column,
                progress or (lambda done, total: None),
                notice,
            )


def merge_predictions(
    shards: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], *, overwrite: bool = False
) -> WrittenPredictions:
    """Joins the files of all shards of `Run.predict_to` into one, which has the bytes that a single call writes.

    Args:
        shards: Files of the shards, each with what is beside it.
        out: File to write, in the same format.
        overwrite: Replace the file.

    Raises:
        DataError: A file is missing or not that of a shard, or `out` exists.
        RunError: An image is lacking or there twice, or shards are of different runs, weights, settings or images.
        ResourceError: The file cannot be written.

    Example:
        >>> import cnncli
        >>> run = cnncli.open_run("runs/mnist-001")
        >>> parts = [run.predict_to(f"{n}.csv", "digit.png", shard=(n, 2), overwrite=True).path for n in (1, 2)]
        >>> cnncli.merge_predictions(parts, "all.csv", overwrite=True).answers
        1
    """
    from cnncli.runner.answers.merge import merge_predictions as merge

    return merge([expanded(shard) for shard in shards], expanded(out), overwrite)
