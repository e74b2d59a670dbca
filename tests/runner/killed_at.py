"""Runs cnncli and kills it at a boundary of a write: `python killed_at.py NUMBER train spec.yaml …`.

Boundaries are counted from 1: each file has one before it is written, one before it is renamed and one after.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
from pathlib import Path

from cnncli.cli import main
from cnncli.runs import files


def kill_at(number: int) -> None:
    """Has this process killed at the given boundary from now on."""
    boundaries = itertools.count(1)

    def boundary(path: Path) -> None:
        if next(boundaries) == number:
            os.kill(os.getpid(), signal.SIGKILL)

    files.at_boundary = boundary


if __name__ == "__main__":
    kill_at(int(sys.argv.pop(1)))
    main()
