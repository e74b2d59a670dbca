"""What libraries write to standard error on their own, kept from the screen."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def stderr_aside() -> Iterator[list[str]]:
    """Inside, file descriptor 2 leads to a file, whose text is in the list afterwards.

    The C++ side of TensorFlow and LiteRT writes to it, whatever the log level, while they start.
    """
    text: list[str] = []
    try:
        before = os.dup(2)
    except OSError:  # a program without a terminal may have closed it
        yield text
        return
    with _anonymous_file() as aside:
        _flush_stderr()
        os.dup2(aside.fileno(), 2)
        try:
            yield text
        finally:
            _flush_stderr()
            os.dup2(before, 2)
            os.close(before)
        aside.seek(0)
        text.append(aside.read().decode("utf-8", "replace"))


def _anonymous_file() -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError:  # no temporary folder can be written to; the text is lost, and nothing else
        return open(os.devnull, "w+b")  # noqa: PTH123


def _flush_stderr() -> None:
    if sys.stderr is not None:
        sys.stderr.flush()
