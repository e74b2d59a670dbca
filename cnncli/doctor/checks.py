"""Looks at an installation and its machine, and says what is wrong with them before a training does."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from cnncli import __version__
from cnncli.data.cache import LIMIT, cache_folder
from cnncli.data.memory import available_memory
from cnncli.errors import CnncliError
from cnncli.factory.processor import BFLOAT16, processor_flags
from cnncli.runs import require_writable

State = Literal["ok", "warning", "error"]

LITTLE_MEMORY = 2 << 30
"""Bytes below which a small training may not fit: TensorFlow alone takes half a gigabyte."""

LITTLE_SPACE = 1 << 30
"""Bytes below which a run, or the decoded images, may not fit on a disk."""

_HOLES = {
    "h5py": "older ones read weights with an HDF5 library that a damaged file can crash",
    "keras": "older ones can be made to run code, or to read any file, by a file of weights",
    "pillow": "older ones can be made to write outside their memory by a picture",
    "pyyaml": "older ones can be made to run code by a YAML file",
    "tensorflow": "older ones can be crashed by what they are given",
}
"""Why a version below the floor is dangerous and not only old."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Args:
        group: `versions`, `machine` or `places`.
        name: what it is.
        found: what it is like here.
        state: `ok`; `warning` when it makes things slow or narrow; `error` when something will not work, or is unsafe.
        advice: what to do about it, or what it means; may be given where all is well.
    """

    group: str
    name: str
    found: str
    state: State = "ok"
    advice: str = ""


def examine(runs_folder: Path) -> tuple[Check, ...]:
    """Looks at everything; starts TensorFlow, unless this machine cannot run it.

    Args:
        runs_folder: where runs go; it may be missing yet.
    """
    flags = processor_flags()
    return (
        *_versions(),
        *_tensorflow(flags),
        *_processor(flags),
        *_memory(),
        *_places(runs_folder),
    )


# ---------------------------------------------------------------- versions


def _versions() -> Iterator[Check]:
    yield Check("versions", "cnncli", __version__)
    yield Check("versions", "Python", sys.version.split()[0])
    try:
        wanted = [Requirement(text) for text in requires("cnncli") or ()]
    except PackageNotFoundError:
        yield Check("versions", "packages", "unknown", "warning", "cnncli is not installed: pip install -e .")
        return
    for requirement in wanted:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield checked_version(requirement)


def checked_version(requirement: Requirement) -> Check:
    """An installed package, held against what cnncli requires of it."""
    name = requirement.name.lower()
    install = f"pip install '{requirement.name}{requirement.specifier}'"
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return Check("versions", name, "missing", "error", install)
    if requirement.specifier.contains(found, prereleases=True):
        return Check("versions", name, found)
    return Check("versions", name, found, "error", "; ".join(filter(None, [_HOLES.get(name, ""), install])))


# ---------------------------------------------------------------- machine


def _tensorflow(flags: frozenset[str] | None) -> Iterator[Check]:
    if flags is not None and _is_x86() and "avx" not in flags:
        advice = "TensorFlow's packages need AVX and end without a word on this processor; it was not started"
        yield Check("machine", "device", "none", "error", advice)
        return
    try:
        from cnncli.startup import device_name, keras

        yield Check("machine", "device", device_name())
    except Exception as error:  # whatever is wrong with an installation shows here
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        yield Check("machine", "device", "none", "error", f"TensorFlow does not start: {reason}")
        return
    expected = {"backend": "tensorflow", "floatx": "float32", "image_data_format": "channels_last"}
    for setting, word in expected.items():
        if (found := str(getattr(keras.config, setting)())) != word:
            where = "KERAS_BACKEND or ~/.keras/keras.json" if setting == "backend" else "~/.keras/keras.json"
            yield Check("machine", setting, found, "error", f"cnncli needs {word}: change it in {where}")


def _is_x86() -> bool:
    import platform

    return platform.machine().lower() in ("x86_64", "amd64", "i686")


def _processor(flags: frozenset[str] | None) -> Iterator[Check]:
    if flags is None:
        return
    if _is_x86():
        kinds = {"AVX2": {"avx2"}, "AVX-512": {"avx512f"}, "AMX": {"amx_tile"}}
        has = [word for word, needed in kinds.items() if needed <= flags]
        lacks = [word for word in kinds if word not in has]
        found = ", ".join(has) or "none of AVX2, AVX-512, AMX"
        yield Check("machine", "processor", f"{found}{f' (no {_alternatives(lacks)})' if has and lacks else ''}")
    if flags & BFLOAT16:
        yield Check("machine", "bfloat16", "in the processor", advice="train.precision: auto is worth a try")
    else:
        yield Check("machine", "bfloat16", "not in the processor", advice="leave train.precision at float32")
    if _is_x86():
        off = os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0"
        advice = "TF_ENABLE_ONEDNN_OPTS is 0; without it convolutions are faster" if off else ""
        yield Check("machine", "oneDNN", "off" if off else "on", "warning" if off else "ok", advice)


def _alternatives(words: list[str]) -> str:
    return " or ".join(words) if len(words) < 3 else f"{', '.join(words[:-1])} or {words[-1]}"


def _memory() -> Iterator[Check]:
    free = available_memory()
    if free is None:
        return
    little = free < LITTLE_MEMORY
    advice = "a small train.batch_size and data.image.size take less" if little else ""
    yield Check("machine", "memory", f"{_amount(free)} free", "warning" if little else "ok", advice)


# ---------------------------------------------------------------- places


def _places(runs_folder: Path) -> Iterator[Check]:
    yield _place("runs", runs_folder, "choose another folder with --runs-dir or CNNCLI_RUNS_DIR")
    cache = cache_folder()
    yield _place("cache", cache, "choose another folder with CNNCLI_CACHE_DIR")
    used = folder_size(cache)
    yield Check("places", "cached", f"{_amount(used)} of decoded images and data; {_amount(LIMIT)} of images at most")
    yield _place("temporary", Path(tempfile.gettempdir()), "choose another folder with TMPDIR")


def _place(name: str, folder: Path, advice: str) -> Check:
    """A folder that is written to: whether it can be, and how much room there is."""
    try:
        require_writable(folder)
        there = next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())
        free = shutil.disk_usage(there).free
    except (CnncliError, OSError):
        return Check("places", name, str(folder), "error", f"it cannot be written to: {advice}")
    little = free < LITTLE_SPACE
    found = f"{folder}, {_amount(free)} free"
    return Check("places", name, found, "warning" if little else "ok", advice if little else "")


def folder_size(folder: Path) -> int:
    """Bytes of all files in a folder, links not followed; 0 when there is none."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:  # another process has just removed it
                continue
    return total


def _amount(size: int) -> str:
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.1f} MB"
