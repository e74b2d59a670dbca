"""What a run records before its first step: its spec, its environment, and its images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnncli.data.brightness import brightness_stats
from cnncli.factory.precision import precision_here
from cnncli.runner.environment import environment
from cnncli.runner.execution.devices import number_here
from cnncli.runner.inputs.corrections import CORRECTIONS, read_corrections, write_corrections
from cnncli.runner.inputs.division_file import DIVISION, write_division
from cnncli.runner.inputs.input_spec import InputSpec
from cnncli.runner.inputs.own_files import with_own_files
from cnncli.runner.inputs.splits import Splits
from cnncli.runner.inputs.streamed import window_of
from cnncli.runner.training.spec_file import absolute, portable_source, write_spec
from cnncli.runs import RunDir, now
from cnncli.spec.backbones import scales_image
from cnncli.spec.pretrained import with_weights
from cnncli.spec.schema import Spec
from cnncli.spec.sections.sources import Source
from cnncli.spec.sections.tune import Tune
from cnncli.startup import CHATTER

if TYPE_CHECKING:
    from cnncli.runner.execution.execution import Execution

_BRIGHTNESS_SAMPLE = 2000
"""Images whose brightness is measured: their mean is then off by about 1 of 255 grey levels (the standard error)."""


def write_records(run: RunDir, spec: Spec, splits: Splits, command: Sequence[str], execution: Execution) -> None:
    """Writes spec.yaml, environment.json and log.txt; before these split.csv and corrections.csv, if it names any."""
    if spec.data.split.file is not None:
        write_division(run.path / DIVISION, splits.samples, splits.source_split, spec.data.source.has_files)
    if spec.data.corrections is not None:
        write_corrections(run.path / CORRECTIONS, read_corrections(spec.data.corrections))
    write_spec(run, _recorded_spec(spec, splits, run.path))
    invocation = {"command": command_line(command), "seed": spec.seed, "time": now()}
    workers = {} if execution.group.workers is None else {"workers": list(execution.group.workers.addresses)}
    run.write_json("environment.json", {**environment(spec.model.nodes, execution.devices), **workers, **invocation})
    run.write_text("log.txt", CHATTER)


def portable_spec(spec: Spec) -> Spec:
    """The spec with what depends on the working directory or the device resolved: paths, `auto`, `all`.

    A training takes no notice of `tune`, which is left out.
    """
    data = spec.data.replace(source=portable_source(spec.data.source))
    if data.split.file is not None:
        data = data.replace(split=data.split.replace(file=absolute(data.split.file)))
    if data.corrections is not None:
        data = data.replace(corrections=absolute(data.corrections))
    train = spec.train.replace(precision=precision_here(spec.train.precision), devices=number_here(spec.train.devices))
    return spec.replace(data=data, model=with_weights(spec.model, absolute), train=train, tune=Tune())


def _recorded_spec(spec: Spec, splits: Splits, run: Path) -> dict[str, Any]:
    """The spec with every default, as YAML has it; it names the run's own copy of a division."""
    portable = portable_spec(spec)
    plain = plain_spec(portable.replace(data=with_own_files(portable.data, run.absolute())))
    for split in ("validation", "test"):
        is_pinned = spec.data.split.file is not None and not isinstance(plain["data"]["split"][split], str)
        if splits.source_split.get(split) == split or (is_pinned and split in splits.samples):
            del plain["data"]["split"][split]
    return plain


def plain_spec(spec: Spec) -> dict[str, Any]:
    """A spec as YAML has it, without defaults that have no effect: in the file they would contradict other keys."""
    plain = spec.plain()
    if spec.data.standardize or not scales_image(spec.model.nodes):
        del plain["data"]["scale"]
    return plain


def write_data_record(run: RunDir, source: Source, splits: Splits, inputs: InputSpec) -> None:
    """Writes data.json."""
    train = splits.samples["train"]
    indices = np.linspace(0, len(train) - 1, min(len(train), _BRIGHTNESS_SAMPLE)).astype(np.int64)
    pixels = asdict(brightness_stats(train.read(indices)))
    if inputs.mean:
        pixels |= {"channel_mean": list(inputs.mean), "channel_std": list(inputs.deviation)}
    names = splits.class_names
    counts = {split: np.bincount(s.labels, minlength=len(names)).tolist() for split, s in splits.samples.items()}
    record = {
        "source": source.plain(),
        "class_names": list(names),
        "image": list(inputs.shape),
        "counts": {split: dict(zip(names, of_classes, strict=True)) for split, of_classes in counts.items()},
        "validation": None if splits.validation is None else splits.validation.tolist(),
        "pixels": pixels,
        "unused": _unused(splits),
        "unreadable": {name: why for unused in splits.unused for name, why in unused.files.items()},
        **({"window": dict(splits.windows)} if splits.windows else {}),
        **({"shards_shuffled_together": window} if (window := window_of(splits)) else {}),
    }
    run.write_json("data.json", record)


def _unused(splits: Splits) -> dict[str, int]:
    """Number of the source's images that no split has, by reason."""
    counts: Counter[str] = Counter()
    for unused in splits.unused:
        counts[unused.reason] += unused.count
    return dict(counts)


def command_line(command: Sequence[str]) -> list[str]:
    """A command line for the record; bytes of a file name that are not UTF-8 are written as `\\udce9`."""
    return [word.encode("utf-8", "backslashreplace").decode("utf-8") for word in command]
