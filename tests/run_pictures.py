"""What trainings of tests draw: to draw a run's pictures takes as long as everything else of a small training."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from cnncli.report import ARTIFACTS, artifacts
from cnncli.report.page import writing

MOST_MISTAKES = writing.MOST_MISTAKES
QUICK = tuple(
    artifact._replace(writer="run_pictures:draw_nothing") if artifact.name.endswith(".png") else artifact
    for artifact in ARTIFACTS
)


def draw_nothing(data: Any, path: Path) -> None:
    Image.new("L", (1, 1)).save(path, "PNG")


@contextmanager
def _patched(entries: Any, mistakes: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(artifacts, "ARTIFACTS", entries)
        patch.setattr(writing, "MOST_MISTAKES", mistakes)
        yield


def quick():
    """Inside, each picture of a run is a single pixel, and its page has few heat maps."""
    return _patched(QUICK, 2)


def whole():
    """Inside, runs have the pictures and the page that users get."""
    return _patched(ARTIFACTS, MOST_MISTAKES)
