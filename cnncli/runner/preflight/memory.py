"""What this process holds in memory, now and at most."""

from __future__ import annotations

import sys
from pathlib import Path


def peak_memory() -> int | None:
    """The most that this process has held until now, in bytes; None where the system does not tell.

    Linux tells it of this very program (`VmHWM`). What `getrusage` tells there begins with the size of whoever started
    it, so it is only asked elsewhere.
    """
    found = _of_linux("VmHWM:")
    if found is not None:
        return found
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def resident_memory() -> int | None:
    """What this process holds now, in bytes; None where the system does not tell."""
    return _of_linux("VmRSS:")


def _of_linux(key: str) -> int | None:
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(key))
    except (OSError, ValueError, IndexError, StopIteration):
        return None
