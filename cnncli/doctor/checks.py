"""Checks an installation and its machine, so that what is wrong with them shows before a training does."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Literal

from packaging.requirements import Requirement

from cnncli import __version__
from cnncli.data.cache_entries import reclaimable
from cnncli.data.cache_room import LIMIT, decoded_cache_dir
from cnncli.environment import ONEDNN, result_variables
from cnncli.errors import CnncliError, ResourceError
from cnncli.factory.precision import BFLOAT16
from cnncli.machine import available_memory, existing_folder, processor_flags
from cnncli.runs import require_writable
from cnncli.wording import size_text

State = Literal["ok", "warning", "error"]

EXTRAS = {
    "dicom": "reads DICOM",
    "heic": "reads HEIC",
    "tfds": "reads TensorFlow Datasets",
    "parquet": "reads tables in Parquet, such as those of Hugging Face",
    "tiff": "reads TIFF and JPEG 2000 of any depth",
    "onnx": "exports to ONNX",
    "openvino": "exports to OpenVINO",
    "quantize": "exports to LiteRT in 8 bits",
    "remote": "fetches images from S3 and web servers",
    "tensorboard": "shows trainings in TensorBoard",
    "mlflow": "sends trainings to MLflow",
    "serve": "serves predictions over HTTP",
    "tune": "searches for better values of a spec",
}
"""What each extra is for."""

LOW_MEMORY = 2 << 30
"""Bytes of free memory below which a small training may not fit: TensorFlow alone takes half a gigabyte."""

LOW_SPACE = 1 << 30
"""Bytes of free space below which a run, or the decoded images, may not fit on a disk."""


@dataclass(frozen=True)
class Check:
    """One checked fact: a `warning` is slow or scarce; an `error` will not work or is not safe."""

    group: str  # versions, machine, folders or self-test
    name: str
    value: str
    state: State = "ok"
    advice: str = ""  # what to do, or what it means; also where all is well


def run_checks(runs_dir: Path) -> tuple[Check, ...]:
    """Checks everything; starts TensorFlow, unless this processor cannot run it."""
    flags = processor_flags()
    return (*_versions(), *_tensorflow(flags), *_processor(flags), *_variables(), *_memory(), *_folders(runs_dir))


def _versions() -> Iterator[Check]:
    yield Check("versions", "cnncli", __version__)
    yield Check("versions", "Python", platform.python_version())
    try:
        requirements = [Requirement(text) for text in requires("cnncli") or ()]
    except PackageNotFoundError:
        yield Check("versions", "packages", "unknown", "warning", "cnncli is not installed: pip install -e .")
        return
    for requirement in requirements:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield check_version(requirement)
    yield from extras(requirements)


def extras(requirements: Sequence[Requirement]) -> Iterator[Check]:
    """Tells which extras are installed, those for developing cnncli apart."""
    for extra in EXTRAS:
        needed = [one for one in requirements if one.marker and one.marker.evaluate({"extra": extra})]
        versions = [check_version(one) for one in needed]
        if versions and all(one.state == "ok" for one in versions):
            yield Check("versions", f"cnncli[{extra}]", ", ".join(f"{one.name} {one.value}" for one in versions))
        else:
            yield Check(
                "versions",
                f"cnncli[{extra}]",
                "not installed",
                advice=f"{EXTRAS[extra]}: pip install 'cnncli[{extra}]'",
            )


def check_version(requirement: Requirement) -> Check:
    """Compares an installed package with the versions that cnncli requires (pyproject.toml gives the reasons)."""
    name = requirement.name.lower()
    advice = f"cnncli needs {name} {requirement.specifier}: pip install '{requirement.name}{requirement.specifier}'"
    try:
        installed = version(requirement.name)
    except PackageNotFoundError:
        return Check("versions", name, "missing", "error", advice)
    fits = requirement.specifier.contains(installed, prereleases=True)
    return Check("versions", name, installed) if fits else Check("versions", name, installed, "error", advice)


def _tensorflow(flags: frozenset[str] | None) -> Iterator[Check]:
    if flags is not None and _is_x86() and "avx" not in flags:
        advice = "TensorFlow needs AVX, which this processor lacks; TensorFlow was not started"
        yield Check("machine", "device", "none", "error", advice)
        return
    try:
        from cnncli.startup import device_name
    except ResourceError as error:
        yield Check("machine", "device", "none", "error", f"{error.message}; {error.hint}")
        return
    yield Check("machine", "device", device_name())


def _is_x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64", "i686")


def _processor(flags: frozenset[str] | None) -> Iterator[Check]:
    if flags is None:
        return
    if _is_x86():
        extensions = {"AVX2": "avx2", "AVX-512": "avx512f", "AMX": "amx_tile"}
        present = ", ".join(name for name, flag in extensions.items() if flag in flags)
        yield Check("machine", "processor", present or f"none of {', '.join(extensions)}")
        off = os.environ.get(ONEDNN) == "0"
        advice = "unset TF_ENABLE_ONEDNN_OPTS: convolutions are faster with oneDNN" if off else ""
        yield Check("machine", "oneDNN", "off" if off else "on", "warning" if off else "ok", advice)
    value, advice = "not supported", "leave train.precision at float32"
    if flags & BFLOAT16:
        value, advice = "supported", "train.precision: auto is worth a try"
    yield Check("machine", "bfloat16", value, advice=advice)


def _variables() -> Iterator[Check]:
    for name, value in result_variables().items():
        if name != ONEDNN:
            advice = "the last digits of results may differ from those without; runs record it"
            yield Check("machine", name, value, "warning", advice)


def _memory() -> Iterator[Check]:
    free = available_memory()
    if free is not None:
        advice = "lower train.batch_size or data.image.size"
        yield _amount("machine", "memory", f"{size_text(free)} free", free < LOW_MEMORY, advice)


def _folders(runs_dir: Path) -> Iterator[Check]:
    yield _folder("runs", runs_dir, "choose another directory with --runs-dir or CNNCLI_RUNS_DIR")
    cache = _folder("cache", decoded_cache_dir(), "choose another directory with CNNCLI_CACHE_DIR")
    # Without it images are decoded each time they are needed
    yield replace(cache, state="warning") if cache.state == "error" else cache
    yield Check("folders", "cached", f"{size_text(reclaimable())} of images and features, at most {size_text(LIMIT)}")
    advice = "choose another directory with TMPDIR"
    try:
        temporary = Path(tempfile.gettempdir())
    except OSError:
        yield Check("folders", "temporary", "none", "error", f"no temporary folder can be written to: {advice}")
    else:
        yield _folder("temporary", temporary, advice)


def _folder(name: str, folder: Path, advice: str) -> Check:
    """Whether a folder can be written to, and the free space there."""
    try:
        require_writable(folder)
        free = shutil.disk_usage(existing_folder(folder)).free
    except (CnncliError, OSError):
        return Check("folders", name, str(folder), "error", f"cannot be written to: {advice}")
    return _amount("folders", name, f"{folder}, {size_text(free)} free", free < LOW_SPACE, advice)


def _amount(group: str, name: str, value: str, low: bool, advice: str) -> Check:
    """A free amount of something; the advice is for a low one."""
    return Check(group, name, value, "warning", advice) if low else Check(group, name, value)
