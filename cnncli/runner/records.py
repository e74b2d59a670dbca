"""What a run writes down before its first step: what was asked for, where it ran, and on which images."""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from cnncli import __version__
from cnncli.data.images import pixel_facts
from cnncli.factory.startup import device_name
from cnncli.runner.images import Splits
from cnncli.runner.prepare import Inputs
from cnncli.runs import RunDir, now
from cnncli.spec.schema import Spec
from cnncli.spec.sources import PATHS, Source

_PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "pillow")
_LOOKED_AT = 2000
"""Images whose brightness says what all are like."""


def write_records(
    run: RunDir, spec: Spec, splits: Splits, inputs: Inputs, command: Sequence[str], chatter: str, jit_compile: bool
) -> None:
    """Writes spec.yaml, environment.json, data.json and log.txt."""
    text = yaml.safe_dump(_resolved(spec, splits), sort_keys=False, allow_unicode=True, width=100)
    heading = f"# resolved by cnncli {__version__}; 'cnncli train' with this file repeats the run\n"
    run.write_text("spec.yaml", heading + text)
    run.write_json(
        "environment.json",
        {
            "cnncli": __version__,
            "python": sys.version.split()[0],
            "platform": platform.platform(),
            "device": device_name(),
            "packages": {package: version(package) for package in _PACKAGES},
            "command": list(command),
            "seed": spec.seed,
            "jit_compile": jit_compile,
            "time": now(),
        },
    )
    run.write_json("data.json", _data(spec, splits, inputs))
    run.write_text("log.txt", chatter)


def _resolved(spec: Spec, splits: Splits) -> dict[str, Any]:
    """The spec with every default, as it means the same in any working directory."""
    source = spec.data.source
    arguments = {
        key: str(Path(value).expanduser().absolute()) if (source.name, key) in PATHS else value
        for key, value in source.arguments.items()
    }
    data = spec.data.model_copy(update={"source": Source(source.name, arguments)})
    plain = spec.model_copy(update={"data": data}).plain()
    # Defaults that had no say: written down they would contradict what had
    if spec.data.standardize:
        del plain["data"]["scale"]
    if splits.origins.get("test") == "test":
        del plain["data"]["split"]["test"]
    return plain


def _data(spec: Spec, splits: Splits, inputs: Inputs) -> dict[str, object]:
    train = splits.samples["train"]
    looked_at = np.linspace(0, len(train) - 1, min(len(train), _LOOKED_AT)).astype(np.int64)
    facts = pixel_facts(train.read(looked_at))
    pixels: dict[str, object] = {
        "mean": facts.mean,
        "border_mean": facts.border_mean,
        "border_std": facts.border_std,
    }
    if inputs.mean:
        pixels |= {"channel_mean": list(inputs.mean), "channel_std": list(inputs.deviation)}
    names = splits.class_names
    counts = {split: np.bincount(s.labels, minlength=len(names)).tolist() for split, s in splits.samples.items()}
    return {
        "source": spec.data.source.plain(),
        "class_names": list(names),
        "image": list(inputs.shape),
        "counts": {split: dict(zip(names, found, strict=True)) for split, found in counts.items()},
        "validation": None if splits.validation is None else splits.validation.tolist(),
        "pixels": pixels,
    }
