"""Addresses for processes that train together, and the spec that they or several devices train."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import ports
import pytest
from runner_squares import write_squares

STATEFUL = Path(__file__).parents[1] / "stateful.yaml"


@pytest.fixture
def free_addresses() -> str:
    """Two of this machine, with ports that nobody uses at the moment."""
    return ",".join(ports.free_addresses(2))


@pytest.fixture(scope="module")
def shared(tmp_path_factory) -> Iterator[Callable[..., Path]]:
    """Writes the spec of a training on squares, with further lines; the decoded images are cached beside it."""
    folder = tmp_path_factory.mktemp("shared")

    def write(*lines: str) -> Path:
        source = f"{{folder: {{path: {write_squares(folder / 'squares', 22)}}}}}"
        file = folder / "shared.yaml"
        file.write_text("\n".join([f"extends: {STATEFUL}", "name: shared", f"data: {{source: {source}}}", *lines, ""]))
        return file

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CNNCLI_CACHE_DIR", str(folder / "cache"))
        yield write
