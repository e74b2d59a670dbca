"""The model card of a run: what the network is for, what it learned from, how good it is, in Markdown."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from cnncli.errors import RunError
from cnncli.track.tracked_run import TrackedRun
from cnncli.wording import counted, dimensions, some, with_interval


def model_card(run: TrackedRun) -> str:
    """The card, as far as the files of the run have what it says."""
    return "\n".join(_lines(run)) + "\n"


def _lines(run: TrackedRun) -> Iterator[str]:
    yield f"# {run.name}"
    yield ""
    data, metrics = _read(run, "data.json"), _read(run, "metrics.json")
    names = data.get("class_names")
    if isinstance(names, list) and isinstance(data.get("image"), list):
        classes = f"{counted(len(names), 'class')}: {some([str(name) for name in names])}"
        yield f"Classifies images of {dimensions(data['image'])} into {classes}."
        yield "Of an image of anything else it names one of these, too."
        yield ""
    yield f"- state: {run.state}" + (f", {run.status['reason']}" if run.status.get("reason") else "")
    yield f"- training: {counted(len(run.epochs), 'epoch')}, best epoch {run.best_epoch or 'none'}"
    yield f"- images: {run.summary.source}{_counts(data)}"
    yield f"- network: {counted(run.summary.layers, 'layer')}"
    if text := _accuracy(metrics):
        yield f"- accuracy on the test images: {text}"
    environment = _read(run, "environment.json")
    packages = environment.get("packages")
    versions = [f"cnncli {environment.get('cnncli', '?')}"]
    if isinstance(packages, dict):
        versions += [f"{name} {packages[name]}" for name in ("tensorflow", "keras") if name in packages]
    yield f"- versions: {', '.join(versions)}"
    yield ""
    yield "To train it again: `cnncli train spec.yaml`, with the artefact of this name."


def _read(run: TrackedRun, name: str) -> Mapping[str, Any]:
    with contextlib.suppress(RunError):
        return run.folder.read_json(name)
    return {}


def _counts(data: Mapping[str, Any]) -> str:
    counts = data.get("counts")
    if not isinstance(counts, dict):
        return ""
    sums = [f"{sum(each.values()):,} {split}" for split, each in counts.items() if isinstance(each, dict)]
    return f", {', '.join(sums)}"


def _accuracy(metrics: Mapping[str, Any]) -> str:
    value, images, intervals = metrics.get("accuracy"), metrics.get("images"), metrics.get("intervals")
    if not isinstance(value, float) or not isinstance(images, int) or images < 1:
        return ""
    ends = intervals.get("accuracy") if isinstance(intervals, dict) else None
    pair = (ends[0], ends[1]) if isinstance(ends, list) and len(ends) == 2 else None
    return with_interval(value, pair, images) + f", {counted(images, 'image')}"
