"""Joins files of predictions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cnncli.api.several import several
from cnncli.machine import expanded

if TYPE_CHECKING:
    from cnncli.records import WrittenPredictions


def merge_predictions(
    shards: Sequence[str | os.PathLike[str]], out: str | os.PathLike[str], *, overwrite: bool = False
) -> WrittenPredictions:
    """Joins the files of all shards of `Run.predict_to` into one, which has the bytes that a single call writes.

    Args:
        shards: Files of the shards, each with what is beside it.
        out: File to write, in the same format.
        overwrite: Replace the file.

    Raises:
        DataError: A file is missing or not that of a shard, or none is named.
        RunError: An image is lacking or there twice, or shards are of different runs, weights, settings or images.
        ResourceError: `out` exists, or cannot be written.

    Example:
        >>> import cnncli
        >>> run = cnncli.open_run("runs/mnist-001")
        >>> parts = [run.predict_to(f"{n}.csv", "digit.png", shard=(n, 2), overwrite=True).path for n in (1, 2)]
        >>> cnncli.merge_predictions(parts, "all.csv", overwrite=True).answers
        1
    """
    from cnncli.runner.answers.merge import merge_predictions as merge

    return merge([expanded(shard) for shard in several(shards, "shards")], expanded(out), overwrite)
