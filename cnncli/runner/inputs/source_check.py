"""Inspects a source with the data doctor: in full for `cnncli data`, the headers of files before every training."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from cnncli.catalog.image_sources import IMAGE_SOURCES
from cnncli.data.cache_room import LIMIT
from cnncli.data.quality import Plan, check_headers, scan_arrays, scan_files
from cnncli.data.quality.class_warnings import lacking_classes
from cnncli.data.quality.codes import UNREADABLE, finding, most_severe_first
from cnncli.data.recognition import in_folder, opened_table, recognised
from cnncli.data.remote.copies import local_copy, naming_addresses, with_addresses
from cnncli.data.samples import FileSamples
from cnncli.data.sources import load_images
from cnncli.data.split import Drawing, divide, validation_indices
from cnncli.errors import DataError
from cnncli.machine import address_in
from cnncli.notices import Notice, Progress, ignore
from cnncli.records import Affected, DataReport, Finding
from cnncli.runner.inputs.class_check import unused_splits
from cnncli.runner.inputs.input_format import input_format_for
from cnncli.runner.inputs.local_data import local_data
from cnncli.runner.inputs.splits import (
    Splits,
    exclude_list,
    load_source,
    load_splits,
    warn_about_unknown,
)
from cnncli.runs import write_text
from cnncli.runs.untrusted import Unreadable, read_json
from cnncli.spec.schema import Data, Split
from cnncli.spec.static_data_info import static_data_info
from cnncli.wording import by_suffix, counted, in_shell, listed, some


@naming_addresses()
def scan_path(path: Path, decode: bool = True, progress: Progress | None = None, notice: Notice = ignore) -> DataReport:
    """Inspects a folder of class folders, a table of images or files of arrays, as `cnncli.check_data` says.

    A folder may have one of these in it, as for `cnncli init`; a notice says so.
    """
    if address := address_in(path):
        path = local_copy(address, LIMIT, notice)
    plan, place = Plan(None, Split().held_out("validation")), recognised(path)
    if place.source == "folder":
        place = in_folder(path) or place
    for sentence in place.notices:
        notice(sentence)
    if place.source == "table":
        with contextlib.suppress(DataError):  # whatever is wrong with it is found below
            place, _ = opened_table(place, {}, ignore)
    if IMAGE_SOURCES[place.source].images == "arrays":
        report = scan_arrays(place.source, load_images(place.source, place.arguments), progress, plan)
    else:
        report = scan_files(place.source, **place.arguments, decode=decode, progress=progress, plan=plan)
    smallest = Split(validation=1, test=1)  # a spec may choose larger ones
    return _with(report, [one for one in _division(report, smallest, 0) if one.severity == "error"])


@naming_addresses()
def scan_source(
    data: Data, seed: int, decode: bool = True, progress: Progress | None = None, notice: Notice = ignore
) -> DataReport:
    """The same for the images of a spec: those of its classes, without those that it excludes."""
    data = local_data(data, notice)
    source, part, unused = data.source, data.split.held_out("validation"), unused_splits(data.split)
    if not source.has_files:
        report = scan_arrays(source.name, load_source(data, notice), progress, Plan(True, part, unused))
        return _with(report, _checked_division(report, data, seed, notice))
    exclude = exclude_list(data)
    arguments = {**source.arguments, "classes": data.classes, "exclude": exclude}
    if data.split.folder is not None:
        arguments["split_folders"] = data.split.folder
    shape = static_data_info(data).shape
    is_grouped = data.split.group is not None or data.split.file is not None
    plan = Plan(shape is not None, part, unused, input_format_for(data, shape or (1, 1, 3)), is_grouped)
    report = scan_files(source.name, **arguments, decode=decode, progress=progress, plan=plan)
    warn_about_unknown(exclude, notice)
    if data.unreadable == "exclude":
        report = dataclasses.replace(report, findings=most_severe_first(map(_left_out, report.findings)))
    return _with(report, _checked_division(report, data, seed, notice))


def _left_out(finding: Finding) -> Finding:
    """A finding of files that cannot be read, where a training leaves them out; any other as it is."""
    if finding.code not in UNREADABLE:
        return finding
    return dataclasses.replace(finding, severity="warning", advice="training leaves out whatever cannot be read")


def _with(report: DataReport, more: Sequence[Finding]) -> DataReport:
    findings = most_severe_first([*report.findings, *more])
    return dataclasses.replace(report, source=with_addresses(report.source), findings=findings)


def _checked_division(report: DataReport, data: Data, seed: int, notice: Notice) -> list[Finding]:
    """What `_division` finds for the images of a spec, which are loaded where their number alone does not tell."""
    split = data.split
    if split.stratify and split.group is None and split.file is None:
        for problem in split.not_used(report.counts, data.source.where):
            notice(problem.message)
        return _division(report, split, seed)
    try:
        if not report.is_wrong:
            load_splits(data, seed, notice=notice)
    except DataError as error:
        return _refused(error)
    return []


def _division(report: DataReport, split: Split, seed: int) -> list[Finding]:
    """Why the images cannot be divided as a spec asks, or the classes that its validation or test images lack."""
    own, names = report.counts, report.class_names
    counts = [own.get("train", {}).get(name, 0) for name in names]
    if not counts or not all(counts):  # a finding of its own
        return []
    labels, drawing = np.repeat(np.arange(len(counts)), counts), Drawing(True, seed)  # (images,)
    validation = 0 if "validation" in own else split.held_out("validation")
    drawn: dict[str, np.ndarray] = {}
    try:
        if "test" not in own:
            division = divide(labels, names, validation, split.held_out("test"), drawing)
            drawn = {"validation": division.validation, "test": division.test}
        elif validation:
            drawn = {"validation": validation_indices(labels, validation, drawing, names)}
    except DataError as error:
        return _refused(error)
    lacking = (lacking_classes(each, labels, labels[of], names) for each, of in drawn.items() if len(of))
    return finding("missing-class", [Affected((), sentence) for sentence in lacking if sentence])


def _refused(error: DataError) -> list[Finding]:
    return finding("refused", [Affected((), f"{error}; {error.hint}" if error.hint else f"{error}")])


def load_readable_splits(
    data: Data, seed: int, notice: Notice, before: Callable[[Splits], object] = lambda splits: None
) -> Splits:
    """Loads and divides the images of a spec, as `load_splits` does, and checks the headers of its files.

    `before` receives the images before any header is read.

    Raises:
        DataError: Images are missing, or a header cannot be read.
    """
    splits = load_splits(data, seed, notice=notice)
    before(splits)
    files = {split: samples for split, samples in splits.samples.items() if isinstance(samples, FileSamples)}
    windows = _readable(files, data.source.arguments.get("path", data.source.name), notice)
    return dataclasses.replace(splits, windows=windows)


def _readable(files: Mapping[str, FileSamples], source: Path | str, notice: Notice) -> dict[str, int]:
    """What `require_readable` returns and says; of tar shards on a server it is kept, for they are not read again."""
    shards = next((samples.shards for samples in files.values()), None)
    if shards is None:
        return require_readable(files, source, notice)
    kept = shards.kept([(split, samples.names, samples.input_format) for split, samples in files.items()])
    try:
        found = read_json(kept)
        windows, said = found["windows"], found["said"]
    except (Unreadable, KeyError):
        said = []
        windows = require_readable(files, source, said.append)
        write_text(kept, json.dumps({"windows": windows, "said": said}))
    for line in said:
        notice(line)
    return dict(windows)


def require_readable(splits: Mapping[str, FileSamples], source: Path | str, notice: Notice) -> dict[str, int]:
    """Refuses files that cannot be read before the first step, instead of in the middle of an epoch.

    Args:
        splits: Files of each split.
        source: The source, for the message.
        notice: Receives a line about each finding that is no error.

    Returns:
        Of DICOM files, how many have their black and white by which rule.

    Raises:
        DataError: Some cannot be read; the message names the first of them with the reason.
    """
    findings, windows = check_headers(splits)
    errors = [one for each in findings if each.severity == "error" for one in each.affected]
    broken = [f"{' '.join(one.names)} {one.detail}" for one in errors]
    names = [name for one in errors for name in one.names]
    if broken:
        kinds = f" ({by_suffix(names)})" if len(names) > 1 else ""
        raise DataError(
            f"{source} has {counted(len(broken), 'file')} that cannot be read{kinds}:{listed(broken)}",
            f"fix or exclude them; `cnncli data {in_shell(source)} --list exclude.yaml` lists them all; or leave out "
            "whatever cannot be read with data.unreadable: exclude",
        )
    for each in findings:
        detail = next((f", {one.detail or f'such as {some(one.names)}'}" for one in each.affected), "")
        notice(f"warning: {each.message}; {each.advice}{detail}")
    return windows
