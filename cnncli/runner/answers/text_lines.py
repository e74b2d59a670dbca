"""Files of lines, one for each image, which begin with its position and are joined in that order."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from cnncli.runner.answers.census import Census
from cnncli.runner.answers.job import damaged

Divide = Callable[[bytes], tuple[int, bytes]]
"""The position that a line begins with, and the line without it."""


def join_lines(
    sources: Sequence[Sequence[Path]], path: Path, keep: bool, census: Census, divide: Divide, header: bool
) -> None:
    """Writes the lines of several sources, each of which is in order, into one file in the order of all positions.

    Args:
        sources: The files of each source.
        path: The file to write.
        keep: Whether lines keep their positions.
        census: Counts the images.
        divide: Divides a line.
        header: Whether each file begins with a line that names columns.
    """
    with path.open("wb") as out:
        if header:
            with sources[0][0].open("rb") as first:
                line = first.readline()
            out.write(line if keep else line.partition(b",")[2])
        for position, line, rest in heapq.merge(*(_divided(files, divide, header) for files in sources)):
            census.add(position)
            out.write(line if keep else rest)


def _divided(files: Iterable[Path], divide: Divide, header: bool) -> Iterator[tuple[int, bytes, bytes]]:
    for file in files:
        with file.open("rb") as lines:
            if header:
                lines.readline()
            for line in lines:
                try:
                    position, rest = divide(line)
                except ValueError:
                    raise damaged(file) from None
                yield position, line, rest
