"""How much memory there is, asked before it is filled."""

from __future__ import annotations

import os
from pathlib import Path

from cnncli.errors import ResourceError


def available_memory() -> int | None:
    """Bytes that can be had without pushing anything out of memory; None where the system does not tell.

    Inside a container it is what the container may still take.
    """
    found = [amount for amount in (_of_the_machine(), _of_the_container()) if amount is not None]
    return min(found, default=None)


def require_memory(size: int, what: str) -> None:
    """Refuse what would not fit, before anything is read.

    Args:
        size: in bytes.
        what: the beginning of the message: `images.npz holds 40 GB of images`.

    Raises:
        ResourceError: when less memory is available.
    """
    available = available_memory()
    if available is not None and size > available:
        raise ResourceError(
            f"{what}, {size / 1e9:,.1f} GB in memory, and {available / 1e9:,.1f} GB are available",
            "image files in folders need not fit in memory: use the source folder or csv",
        )


def _of_the_machine() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return None


def _of_the_container() -> int | None:
    for limit, used in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        try:
            # What is cached of files counts as used and would be given back, but not all of it: so this is cautious
            return max(0, int(Path(limit).read_text()) - int(Path(used).read_text()))
        except (OSError, ValueError):  # no such group, or its limit is `max`
            continue
    return None
