"""What a run records before its first step: its spec, its environment, and its images."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnncli import __version__
from cnncli.data.brightness import brightness_stats
from cnncli.factory.precision import precision_here
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.training.environment import command_line, environment
from cnncli.runs import RunDir, now
from cnncli.spec.backbones import scales_image
from cnncli.spec.overrides import read_single_file
from cnncli.spec.pretrained import with_weights
from cnncli.spec.schema import Spec
from cnncli.spec.sources import Source
from cnncli.spec.writer import spec_text
from cnncli.startup import CHATTER

_BRIGHTNESS_SAMPLE = 2000
"""Images whose brightness is measured: their mean is then off by about 1 of 255 grey levels (the standard error)."""


def write_records(run: RunDir, spec: Spec, splits: Splits, command: Sequence[str]) -> None:
    """Writes spec.yaml, environment.json and log.txt."""
    write_spec(run, _recorded_spec(spec, splits))
    invocation = {"command": command_line(command), "seed": spec.seed, "time": now()}
    run.write_json("environment.json", {**environment(spec.model.nodes), **invocation})
    run.write_text("log.txt", CHATTER)


def write_spec(run: RunDir, plain: Mapping[str, Any]) -> None:
    """Writes spec.yaml."""
    text = spec_text(plain)
    heading = f"# resolved by cnncli {__version__}; 'cnncli train' with this file repeats the run\n"
    run.write_text("spec.yaml", heading + text)


def set_epochs(run: RunDir, epochs: int) -> None:
    """Changes the epochs of the last phase in spec.yaml, and nothing else.

    Args:
        run: Run whose spec.yaml was read before without an error.
        epochs: Number of epochs of the last stage, or of the training where there are no stages.
    """
    plain = read_single_file(run.spec).value
    train = plain["train"]
    if stages := train.get("stages"):
        stages[-1]["epochs"] = epochs
        epochs = sum(stage["epochs"] for stage in stages)
    train["epochs"] = epochs
    write_spec(run, plain)


def write_data_record(run: RunDir, spec: Spec, splits: Splits, inputs: InputSpec) -> None:
    """Writes data.json."""
    run.write_json("data.json", _data(spec, splits, inputs))


def portable_spec(spec: Spec) -> Spec:
    """The spec with what depends on the working directory or the device resolved: paths, `precision: auto`."""
    source = spec.data.source
    arguments = {**source.arguments, **{name: absolute_path(path) for name, path in source.paths.items()}}
    data = spec.data.replace(source=Source(source.name, arguments))
    train = spec.train.replace(precision=precision_here(spec.train.precision))
    return spec.replace(data=data, model=with_weights(spec.model, absolute_path), train=train)


def absolute_path(path: str) -> str:
    """The path from the root."""
    return str(Path(path).expanduser().absolute())


def _recorded_spec(spec: Spec, splits: Splits) -> dict[str, Any]:
    """The spec with every default, as YAML has it."""
    plain = portable_spec(spec).plain()
    # Defaults without effect: in the file they would contradict the keys that have one
    if spec.data.standardize or not scales_image(spec.model.nodes):
        del plain["data"]["scale"]
    for split in ("validation", "test"):
        if splits.source_split.get(split) == split:
            del plain["data"]["split"][split]
    return plain


def _data(spec: Spec, splits: Splits, inputs: InputSpec) -> dict[str, object]:
    train = splits.samples["train"]
    indices = np.linspace(0, len(train) - 1, min(len(train), _BRIGHTNESS_SAMPLE)).astype(np.int64)
    brightness = brightness_stats(train.read(indices))
    pixels: dict[str, object] = {
        "mean": brightness.mean,
        "border_mean": brightness.border_mean,
        "border_std": brightness.border_std,
    }
    if inputs.mean:
        pixels |= {"channel_mean": list(inputs.mean), "channel_std": list(inputs.deviation)}
    names = splits.class_names
    counts = {split: np.bincount(s.labels, minlength=len(names)).tolist() for split, s in splits.samples.items()}
    return {
        "source": spec.data.source.plain(),
        "class_names": list(names),
        "image": list(inputs.shape),
        "counts": {split: dict(zip(names, of_classes, strict=True)) for split, of_classes in counts.items()},
        "validation": None if splits.validation is None else splits.validation.tolist(),
        "pixels": pixels,
    }
