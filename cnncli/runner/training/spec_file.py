"""The spec of a run as its folder keeps it: written when a training begins, changed when it goes on in another way.

Importing this starts no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli import __version__
from cnncli.machine import address_in, expanded
from cnncli.runs import RunDir
from cnncli.spec.sections.sources import Source
from cnncli.spec.writer import spec_text


def write_spec(run: RunDir, plain: Mapping[str, Any]) -> str:
    """Writes spec.yaml; returns its text."""
    repeats = "'cnncli train' with this file" if plain["train"].get("max_time") is None else "'cnncli reproduce'"
    heading = f"# resolved by cnncli {__version__}; {repeats} repeats the run\n"
    text = heading + spec_text(plain)
    run.write_text("spec.yaml", text)
    return text


def change_spec(run: RunDir, plain: Mapping[str, Any], epochs: int | None, source: Source | None) -> str:
    """Changes in spec.yaml, whose content is `plain`, the epochs of the last phase or the place of the images.

    Returns:
        The text of spec.yaml.
    """
    if epochs is not None:
        train = dict(plain["train"])
        if stages := train.get("stages"):
            train["stages"] = [*stages[:-1], {**stages[-1], "epochs": epochs}]
            epochs = sum(stage["epochs"] for stage in train["stages"])
        plain = {**plain, "train": {**train, "epochs": epochs}}
    if source is not None:
        plain = {**plain, "data": {**plain["data"], "source": portable_source(source).plain()}}
    return write_spec(run, plain)


def portable_source(source: Source) -> Source:
    """The source with its paths in full."""
    return Source(source.name, {**source.arguments, **{key: absolute(path) for key, path in source.paths.items()}})


def absolute(path: str) -> str:
    """The path in full; an address as it is, but for an archive on this machine."""
    before, chained, archive = path.rpartition("::")
    if chained and not address_in(archive):
        return f"{before}::{expanded(archive).absolute()}"
    return path if address_in(path) else str(expanded(path).absolute())
