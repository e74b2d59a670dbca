"""Memory and disk space that a training needs, and whether there is enough of both."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnncli.data.cache_entries import reclaimable
from cnncli.data.cache_room import decoded_cache_dir
from cnncli.errors import ResourceError
from cnncli.factory.summary import summarize
from cnncli.machine import available_memory, existing_folder, peak_memory, resident_memory
from cnncli.spec.graph import Node
from cnncli.startup import keras
from cnncli.wording import counted, size_text


@dataclass(frozen=True)
class Memory:
    """Bytes that the process needs at most, and that it may use; None where the system does not report them."""

    peak: int | None
    free: int | None


@dataclass(frozen=True)
class Disk:
    """Bytes on disk."""

    run: int  # of the run folder while it is written
    run_free: int
    cache: int  # of decoded images and features that are not in the cache yet
    cache_free: int


def free_memory() -> int | None:
    """Bytes that this process may use, including those it uses already; None where the system does not report them."""
    available, resident = available_memory(), resident_memory()
    return None if available is None or resident is None else available + resident


def measure_memory(free: int | None, mapped: int) -> Memory:
    """The peak of this process so far, with the bytes of a cache file that a training maps into memory besides.

    The system can drop the pages of that file, so they need not fit.

    Raises:
        ResourceError: The process needs more than it may use.
    """
    peak = peak_memory()
    if peak is not None and free is not None and peak > free:
        message = f"the training needs {size_text(peak)} of memory, but only {size_text(free)} are free"
        raise ResourceError(message, "lower train.batch_size or data.image.size")
    return Memory(None if peak is None else peak + mapped, free)


def require_step_fits(model: keras.Model, nodes: Sequence[Node], batch_size: int) -> None:
    """Refuses a batch that is too large for the memory, before the first step.

    Raises:
        ResourceError: With the batch size that would fit.
    """
    available, needed = available_memory(), summarize(model, nodes, batch_size).training
    if available is None or needed is None or needed.total <= available:
        return
    per_image = (needed.activations + needed.working) / batch_size
    fitting = int((available - (needed.total - per_image * batch_size)) / per_image)
    hint = f"lower train.batch_size to {1 << fitting.bit_length() - 1}, or lower" if fitting > 0 else "lower"
    message = f"a step on {counted(batch_size, 'image')} needs about {size_text(needed.total)} of memory, but only"
    raise ResourceError(f"{message} {size_text(available)} are free", f"{hint} data.image.size")


def no_room_in_cache(size: int) -> str:
    """What to tell where decoded images of so many bytes do not fit into the cache; empty where they do."""
    folder = existing_folder(decoded_cache_dir())
    free = shutil.disk_usage(folder).free + reclaimable()
    if size <= free:
        return ""
    return (
        f"warning: the decoded images need {size_text(size)}, but '{folder}' has only {size_text(free)} free; images "
        "are decoded each time they are needed; set CNNCLI_CACHE_DIR to another disk, or set data.cache: off"
    )


def require_disk_space(run: int, cache: int, runs_dir: Path) -> Disk:
    """Refuses a training whose run, with decoded images on the same disk, the disk has no room for.

    Raises:
        ResourceError: There is not enough space.
    """
    runs, images = existing_folder(runs_dir), existing_folder(decoded_cache_dir())
    disk = Disk(run, shutil.disk_usage(runs).free, cache, shutil.disk_usage(images).free + reclaimable())
    both = runs.stat().st_dev == images.stat().st_dev and cache
    if run + (cache if both else 0) > disk.run_free:
        needed = f"{size_text(run)} and the cache {size_text(cache)}" if both else size_text(run)
        message = f"the run needs {needed}, but '{runs}' has only {size_text(disk.run_free)} free"
        raise ResourceError(message, "choose a directory on another disk with --runs-dir")
    return disk
