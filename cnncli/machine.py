"""This machine: cores, memory, processor and disks. The one place that asks the operating system about them.

Functions return None where the system does not say. GPUs are not here: finding them starts TensorFlow.
"""

from __future__ import annotations

import errno
import functools
import os
import platform
import re
import sys
from pathlib import Path

MOST_THREADS = 1024
"""More threads for one operation are a mistake; TensorFlow would start them all."""

_CGROUP_MEMORY = (
    ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
    ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
)
"""Limit and use of the container, of version 2 and of version 1."""


def usable_cores() -> int:
    """Number of cores that this process may use; fewer than the machine has in a container or under `taskset`."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def available_memory() -> int | None:
    """Bytes that can be allocated without swapping; inside a container, at most what its limit leaves."""
    amounts = [amount for amount in (_machine_memory(), _container_memory()) if amount is not None]
    return min(amounts, default=None)


def peak_memory() -> int | None:
    """The most memory that this process has held so far, in bytes.

    On Linux this is `VmHWM`, which counts this program alone; `getrusage` starts there with the size of the parent
    process, so it is only used elsewhere.
    """
    peak = _kilobytes("/proc/self/status", "VmHWM")
    if peak is not None:
        return peak
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_memory() -> int | None:
    """Memory that this process holds now, in bytes."""
    return _kilobytes("/proc/self/status", "VmRSS")


def expanded(path: str | os.PathLike[str]) -> Path:
    """The path with `~` or `~user` at its beginning replaced, as shells do; as it is where there is no such folder.

    Example:
        >>> expanded("~no-such-user/cats").as_posix()
        '~no-such-user/cats'
    """
    whole = Path(os.path.expanduser(path))  # noqa: PTH111  # Path.expanduser raises an error
    # pathlib drops `./`, by which a file is called `~`
    return whole.absolute() if os.fspath(path).startswith("./~") else whole


_ADDRESS = re.compile(r"(^|::)([a-z][a-z0-9+.-]+):/{1,2}(?!$)")  # pathlib makes one slash of two


def address_in(path: str | os.PathLike[str]) -> str:
    """The address that stands where a path should, such as `s3://bucket/photos`; empty for a path.

    Example:
        >>> address_in(Path("s3://bucket/photos")), address_in("C:/photos")
        ('s3://bucket/photos', '')
    """
    return _ADDRESS.sub(r"\1\2://", os.fspath(path)) if _ADDRESS.match(os.fspath(path)) else ""


def unknown_home(path: Path) -> str:
    """Why an expanded path still begins with `~`; empty when it does not, or a file has such a name.

    Example:
        >>> unknown_home(expanded("~no-such-user/cats"))
        "there is no user 'no-such-user'"
    """
    first = path.parts[0] if path.parts else ""
    if not first.startswith("~") or os.path.lexists(first):
        return ""
    return f"there is no user '{first[1:]}'" if first[1:] else "'~' stands for no folder: HOME is not set"


def create_folder(folder: Path, mode: int = 0o777) -> None:
    """Creates a folder and those above it, unless they exist.

    Raises:
        OSError: It cannot be created, or it begins with `~` and that stands for no folder.
    """
    if problem := unknown_home(folder):
        raise FileNotFoundError(errno.ENOENT, problem)
    folder.mkdir(mode, parents=True, exist_ok=True)


def existing_folder(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(place for place in (folder.absolute(), *folder.absolute().parents) if place.is_dir())


@functools.cache
def processor_flags() -> frozenset[str] | None:
    """Instruction sets of the processor, as Linux names them: `avx2`, `amx_bf16`."""
    flags = _processor_line("flags|Features")
    return None if flags is None else frozenset(flags.split())


def has_nvidia_driver() -> bool:
    """Whether the driver of an NVIDIA GPU is loaded, so that what TensorFlow says about GPUs matters."""
    return any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/dxg"))  # the second is Windows' in Linux


def processor_name() -> str:
    """Model of the processor, or its architecture where the system names no model."""
    if not Path("/proc/cpuinfo").exists():
        return platform.processor()
    return _processor_line("model name") or platform.machine()


def _processor_line(keys: str) -> str | None:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    line = re.search(rf"^(?:{keys})\s*:(.*)$", text, re.MULTILINE)
    return line[1].strip() if line else None


def _machine_memory() -> int | None:
    available = _kilobytes("/proc/meminfo", "MemAvailable")
    if available is not None:
        return available
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _container_memory() -> int | None:
    for limit, used in _CGROUP_MEMORY:
        try:
            # Cached files count as used, and most but not all of that would be given back: this is cautious
            return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # no such group, or its limit is `max`
            continue
    return None


def _kilobytes(file: str, key: str) -> int | None:
    """Bytes of a line such as `MemAvailable: 1234 kB`."""
    try:
        line = re.search(rf"^{key}:\s*(\d+)", Path(file).read_text(), re.MULTILINE)
    except (OSError, ValueError):
        return None
    return int(line[1]) * 1024 if line else None
