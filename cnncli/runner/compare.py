"""Compares runs by what they recorded; no network is loaded and no image is read."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from cnncli.errors import RunError
from cnncli.insight.comparison import (
    flattery,
    grouped_difference,
    holm,
    mcnemar,
    paired,
    unpaired_interval,
    welch,
)
from cnncli.insight.intervals import share_interval
from cnncli.records.comparison import ChangedImage, ClassChange, ComparedRun, Comparison, Pair, Repeats, SpecPair
from cnncli.runner.inputs.corrections import CORRECTIONS
from cnncli.runner.inputs.division_file import DIVISION
from cnncli.runner.open_run import OpenRun
from cnncli.runner.recorded_answers import RecordedAnswers, recorded_answers
from cnncli.runs.hashes import sha256_of
from cnncli.runs.image_list import MANIFEST, read_manifest
from cnncli.wording import counted

_NOT_COMPARED = ("seed", "name")
"""Keys of a spec whose values make no other spec."""

_NOTHING = ("null", "[]", "{}")
"""Values that say the same as a key which is not there."""

_VERSIONS = (
    "cnncli",
    "python",
    "platform",
    "device",
    "devices",
    "processor",
    "threads",
    "onednn",
    "packages",
    "variables",
)


def compare(runs: Sequence[OpenRun]) -> Comparison:
    """Compares runs, as `cnncli.compare` says."""
    if len(runs) < 2:
        raise RunError("a comparison needs two runs or more", "name them: cnncli compare mnist-001 mnist-002")
    answers = [recorded_answers(run) for run in runs]
    specs_of = _specs_of(runs)
    plain = [json.dumps({key: of[key] for key in of if key not in _NOT_COMPARED}, sort_keys=True) for of in specs_of]
    numbers = {text: number for number, text in enumerate(dict.fromkeys(plain), start=1)}
    labels = _labels(runs)
    compared = tuple(
        ComparedRun(label, float(of.right.mean()), _ends(_interval(of)), len(of.images), run.spec.seed, numbers[text])
        for label, run, of, text in zip(labels, runs, answers, plain, strict=True)
    )
    best = max(range(len(runs)), key=lambda at: compared[at].accuracy)  # the first of equals
    pairs = [_pair(compared[at], compared[best], answers[at], answers[best]) for at in range(len(runs)) if at != best]
    repeats, specs = _repeats(compared)
    same = all(of.identities == answers[0].identities for of in answers)
    return Comparison(
        compared,
        compared[best].run,
        _differing([_flat(of) for of in specs_of]),
        tuple(_data_differences(labels, runs, answers)),
        _differing([_flat({key: run.environment.get(key) for key in _VERSIONS}) for run in runs]),
        _with_holm(pairs, lambda pair: pair.p),
        repeats,
        specs,
        flattery(np.stack([of.right for of in answers])) if same else None,
        tuple(_notes(compared, pairs, answers)),
    )


def _labels(runs: Sequence[OpenRun]) -> list[str]:
    """What the runs are called: their names, or their folders where two have the same name."""
    names = [run.path.name for run in runs]
    distinct = len(set(names)) == len({run.path for run in runs})
    return names if distinct else [str(run.path) for run in runs]


def _interval(answers: RecordedAnswers) -> tuple[float, float]:
    return share_interval(answers.right, answers.groups)


def _ends(interval: tuple[float, float]) -> tuple[float, float] | None:
    return interval if np.isfinite(interval).all() else None


def _specs_of(runs: Sequence[OpenRun]) -> list[dict[str, Any]]:
    """The specs; where one names its classes, as `cnncli reproduce` does, so do those that take all of the source."""
    specs = [run.spec.plain() for run in runs]
    if any(of["data"]["classes"] for of in specs):
        for run, of in zip(runs, specs, strict=True):
            of["data"]["classes"] = of["data"]["classes"] or list(run.class_names)
    _name_one_place(runs, specs)
    return specs


def _name_one_place(runs: Sequence[OpenRun], specs: Sequence[dict[str, Any]]) -> None:
    """Has all specs name images, divisions and corrections of one content where the first does.

    Images may have been moved between two trainings, and each run has copies of its division and corrections.
    """
    places: dict[tuple[str, str | frozenset[str]], Any] = {}
    for run, of in zip(runs, specs, strict=True):
        data = of["data"]
        for section, key, copy in ((data["split"], "file", DIVISION), (data, "corrections", CORRECTIONS)):
            if section[key] is not None and (run.path / copy).is_file():
                section[key] = places.setdefault((key, sha256_of(run.path / copy)), section[key])
        if contents := frozenset(row["content"] for row in run.image_rows):
            data["source"] = places.setdefault((run.spec.data.source.name, contents), data["source"])


def _flat(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every value in nested mappings and lists as text, by its path: `train.epochs`, `model.layers[0].Dense.units`."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _flat(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple) and value:
        for index, item in enumerate(value):
            yield from _flat(item, f"{path}[{index}]")
    else:
        yield path, json.dumps(value, ensure_ascii=False)


def _differing(values: Sequence[Iterator[tuple[str, str]]]) -> dict[str, tuple[str, ...]]:
    """The paths at which not all have the same value; a value that is not there is empty."""
    mappings = [dict(each) for each in values]
    paths = dict.fromkeys(path for each in mappings for path in each)
    rows = {path: tuple(each.get(path, "") for each in mappings) for path in paths if path != "name"}
    return {path: row for path, row in rows.items() if len({"" if one in _NOTHING else one for one in row}) > 1}


def _data_differences(
    labels: Sequence[str], runs: Sequence[OpenRun], answers: Sequence[RecordedAnswers]
) -> Iterator[str]:
    """Classes, test images and training images that are not the same in all runs."""
    first = runs[0]
    for label, run, of in zip(labels[1:], runs[1:], answers[1:], strict=True):
        names = [name for name in first.class_names if name not in run.class_names]
        names += [name for name in run.class_names if name not in first.class_names]
        if names:
            yield f"{label} and {labels[0]} have other classes: {', '.join(names[:5])}{', …' * (len(names) > 5)}"
        common = len(set(of.identities) & set(answers[0].identities))
        if common < max(len(of.images), len(answers[0].images)):
            images = counted(len(of.images), "test image")
            yield f"{label} has {images}, {labels[0]} {len(answers[0].images):,}; {common:,} are the same"
        trained, before = (_trained(each) for each in (run, first))
        if trained and before and trained != before:
            images = counted(len(trained), "training image")
            yield f"{label} has {images}, {labels[0]} {len(before):,}; {len(trained & before):,} are the same"


def _trained(run: OpenRun) -> set[str]:
    """The contents of the training images; none of a built-in data set, whose images no run lists."""
    if not (run.path / MANIFEST).exists():
        return set()
    return {row["content"] for row in read_manifest(run.path / MANIFEST, run.class_names) if row["split"] == "train"}


def _pair(first: ComparedRun, second: ComparedRun, before: RecordedAnswers, after: RecordedAnswers) -> Pair:
    """The second run against the first, on the test images that both have."""
    place = {identity: index for index, identity in enumerate(before.identities)}
    both = [(place[identity], index) for index, identity in enumerate(after.identities) if identity in place]
    both = [(at, index) for at, index in both if before.true[at] == after.true[index]]
    if not both:
        of = [(int(each.right.sum()), len(each.images)) for each in (before, after)]
        grouped = before.groups is not None or after.groups is not None
        ends = None if grouped else unpaired_interval(*of)
        difference = second.accuracy - first.accuracy
        return Pair(first.run, second.run, 0, difference, ends, 0, 0, None, None, None, (), ())
    at, index = np.array(both).T  # (images,), (images,)
    change = after.right[index].astype(np.int64) - before.right[at]  # (images,)
    groups = next((of.groups[rows] for of, rows in ((after, index), (before, at)) if of.groups is not None), None)
    found = paired(change, groups)
    changed = tuple(
        ChangedImage(after.images[j], str(after.true[j]), str(before.predicted[i]), str(after.predicted[j]))
        for i, j in zip(at[change != 0].tolist(), index[change != 0].tolist(), strict=True)
    )
    classes = _class_changes(after.true[index], change, groups)
    figures = (found.difference, found.interval, found.gained, found.lost, found.exact, found.p)
    return Pair(first.run, second.run, len(both), *figures, None, classes, changed)


def _class_changes(true: np.ndarray, change: np.ndarray, groups: np.ndarray | None) -> tuple[ClassChange, ...]:
    rows = []
    for name in np.unique(true):
        of_class = change[true == name]
        gained, lost = int((of_class > 0).sum()), int((of_class < 0).sum())
        p = mcnemar(gained, lost)[1] if groups is None else grouped_difference(of_class, groups[true == name])[1]
        rows.append((str(name), len(of_class), gained, lost, p))
    adjusted = holm([row[-1] for row in rows])
    changes = [ClassChange(*row[:-1], p) for row, p in zip(rows, adjusted, strict=True) if row[2] != row[3]]
    return tuple(sorted(changes, key=lambda each: (each.p, -abs(each.gained - each.lost))))


def _repeats(runs: Sequence[ComparedRun]) -> tuple[tuple[Repeats, ...], tuple[SpecPair, ...]]:
    """Specs with several runs, and the best of them against each other one."""
    by_spec: dict[int, list[ComparedRun]] = {}
    for run in runs:
        by_spec.setdefault(run.spec, []).append(run)
    several = {spec: of for spec, of in by_spec.items() if len({run.seed for run in of}) > 1}
    accuracies = {spec: [run.accuracy for run in of] for spec, of in several.items()}
    repeats = tuple(
        Repeats(
            spec,
            tuple(run.run for run in several[spec]),
            float(np.mean(of)),
            float(np.std(of, ddof=1)),
            min(of),
            max(of),
        )
        for spec, of in accuracies.items()
    )
    if len(repeats) < 2:
        return repeats, ()
    best = max(repeats, key=lambda each: each.mean)
    pairs = []
    for other in (each for each in repeats if each is not best):
        ends, p = welch(accuracies[other.spec], accuracies[best.spec])
        pairs.append(SpecPair(other.spec, best.spec, best.mean - other.mean, ends, p, p))
    return repeats, _with_holm(pairs, lambda pair: pair.p)


def _with_holm(pairs: Sequence[Any], p_of: Callable[[Any], float | None]) -> tuple[Any, ...]:
    """The pairs with the p that their number asks for."""
    known = [pair for pair in pairs if p_of(pair) is not None]
    raised = dict(zip(map(id, known), holm([p_of(pair) or 0.0 for pair in known]), strict=True))
    return tuple(dataclasses.replace(pair, holm_p=raised.get(id(pair))) for pair in pairs)


def _notes(runs: Sequence[ComparedRun], pairs: Sequence[Pair], answers: Sequence[RecordedAnswers]) -> Iterator[str]:
    """What limits the comparison."""
    sizes = {run.run: run.images for run in runs}
    for pair in pairs:
        if not pair.images:
            yield (
                f"{pair.first} and {pair.second} were tested on different images: the difference may be that of the "
                "images; measure both on the same ones with cnncli evaluate --on"
            )
        elif pair.images < max(sizes[pair.first], sizes[pair.second]):
            yield (
                f"{pair.first} and {pair.second} are compared on the {counted(pair.images, 'test image')} that both "
                "have; their accuracies above are on all of theirs"
            )
    if any(of.groups is not None for of in answers):
        yield "images come in groups: intervals and p count groups, not images"
    if len({(run.spec, run.seed) for run in runs}) > len({run.spec for run in runs}):
        yield "runs of one spec differ by their seeds: compare specs by several seeds each, not by the best one"
