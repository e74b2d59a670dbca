"""What a training takes of memory and disk, and whether there is room for it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnncli.data.cache import cache_folder, reclaimable
from cnncli.errors import ResourceError
from cnncli.factory.summary import summarize
from cnncli.machine import available_memory, peak_memory, resident_memory
from cnncli.runner.preflight.records import Disk, Memory
from cnncli.runner.preflight.standins import Rehearsal
from cnncli.spec.graph import Node
from cnncli.wording import size_text

if TYPE_CHECKING:
    import keras


def free_memory() -> int | None:
    """Bytes that this process may hold, with those that it holds; None where the system does not tell."""
    available, resident = available_memory(), resident_memory()
    return None if available is None or resident is None else available + resident


def memory_of(rehearsal: Rehearsal, free: int | None) -> Memory:
    """What the process held at most by now, with what a training holds besides.

    Args:
        rehearsal: the images.
        free: what it may hold.

    Raises:
        ResourceError: it is more than there is.
    """
    peak = peak_memory()
    if peak is None:
        return Memory(None, free)
    if free is not None and peak > free:  # without the mapped file: the system takes its pages back when it must
        message = f"the training takes {size_text(peak)} of memory, and {size_text(free)} are free"
        raise ResourceError(message, "lower train.batch_size, or data.image.size")
    return Memory(peak + rehearsal.mapped, free)


def require_memory_for_steps(model: keras.Model, nodes: Sequence[Node], batch_size: int) -> None:
    """Refuses, before the first step, batches that are larger than the memory.

    Args:
        model: compiled.
        nodes: The layers of the spec.
        batch_size: images in one step.

    Raises:
        ResourceError: saying which would fit.
    """
    available, needed = available_memory(), summarize(model, nodes, batch_size).training
    if available is None or needed is None or needed.total <= available:
        return
    of_images = (needed.activations + needed.working) / batch_size
    fitting = int((available - (needed.total - of_images * batch_size)) / of_images)
    fewer = f"lower train.batch_size to {1 << fitting.bit_length() - 1} or less, or" if fitting > 0 else "lower"
    raise ResourceError(
        f"a step on {batch_size:,} images takes about {size_text(needed.total)} of memory, "
        f"and {size_text(available)} are free",
        f"{fewer} data.image.size",
    )


def disk_of(run: int, cache: int, runs_folder: Path) -> Disk:
    """What the disk must have room for.

    Args:
        run: bytes of the run.
        cache: bytes that decoded images take.
        runs_folder: where the run would be made; may be missing.

    Raises:
        ResourceError: it has none.
    """
    run_place, cache_place = _existing(runs_folder), _existing(cache_folder())
    cache_free = shutil.disk_usage(cache_place).free + reclaimable()
    disk = Disk(run, shutil.disk_usage(run_place).free, cache, cache_free)
    same = run_place.stat().st_dev == cache_place.stat().st_dev
    if disk.cache > disk.cache_free:
        raise ResourceError(
            f"the decoded images take {size_text(disk.cache)}, and '{cache_place}' has {size_text(disk.cache_free)}",
            "set CNNCLI_CACHE_DIR to a folder with room, lower data.image.size, or say data.cache: false",
        )
    if disk.run + (disk.cache if same else 0) > disk.run_free:
        raise ResourceError(
            f"the run takes {size_text(disk.run)}{f' and the cache {size_text(disk.cache)}' if same else ''}, "
            f"and '{run_place}' has {size_text(disk.run_free)}",
            "choose a folder with room with --runs-dir",
        )
    return disk


def _existing(folder: Path) -> Path:
    folder = folder.absolute()
    while not folder.exists():
        folder = folder.parent
    return folder
