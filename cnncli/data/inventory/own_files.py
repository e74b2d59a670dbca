"""What cnncli itself leaves on a disk: runs, decoded images and drawings. None of it is ever anybody's data."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from cnncli.data.files import open_file
from cnncli.errors import DataError

RUN_FILES = frozenset({"spec.yaml", "status.json", "environment.json", "data.json", "history.csv", "weights.sha256"})
"""Files that every run has sooner or later."""

RUNS = "runs"
"""The folder that runs are created in, unless it is called otherwise with `--runs-dir`."""

CACHE_TAG = "CACHEDIR.TAG"
"""The file that marks a folder as a cache, for whoever copies, archives or searches.

Source:
    B. Ford, "Cache Directory Tagging Specification", 2004, https://bford.info/cachedir/
"""

CACHE_TAG_CONTENT = "Signature: 8a477f597d28d172789f06886806bc55\n# Decoded images of cnncli; see docs/data.md\n"

FETCHED = ".cnncli-fetched.json"
"""The file in a folder that says what was fetched into it from where."""

_DRAWN = b"tEXtSoftware\0cnncli"  # in every PNG that report/plots draws
_BEFORE_PIXELS = 256  # bytes in which such a PNG names its software
_RUN_LOCK = "checkpoint/lock"


def is_own_folder(folder: Path, folders: Collection[str], files: Collection[str]) -> str:
    """What a folder with these folders and files in it is of cnncli's own; empty when it is somebody else's."""
    if folder.name == RUNS and not folders and not files:  # its runs were removed
        return "is an empty folder of runs"
    if len(RUN_FILES.intersection(files)) > 1:
        return "is a run of cnncli"
    if CACHE_TAG in files:
        return "is a cache"
    if not files and list(folders) == ["checkpoint"] and (folder / _RUN_LOCK).is_file():
        return "is a run of cnncli that ended before it began"
    return ""


def is_own_drawing(file: Path) -> bool:
    """Whether a file is a picture that cnncli drew: a preview, a curve, a confusion matrix."""
    if file.suffix.lower() != ".png":
        return False
    try:
        with open_file(file) as stream:
            return _DRAWN in stream.read(_BEFORE_PIXELS)
    except (DataError, OSError):  # reported by whoever reads its pixels
        return False
