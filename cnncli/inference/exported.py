"""Exports of a run that can answer in its place: whole, of the same weights, and proved equal to its network.

A run may come from anybody. So nothing in the folder of an export is run, names of files are not taken from it, and the
contents that were checked are the ones that a runtime gets.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.catalog.export_formats import ExportFormat
from cnncli.export.description import BOUND, CHECK, DESCRIPTION
from cnncli.runs.hashes import MAX_WEIGHTS, sha256_of
from cnncli.runs.untrusted import Unreadable, read_bytes, read_json

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun
    from cnncli.spec.sections.section import Section

EXPORTS = "exports"
"""Where exports are in a run."""

CALIBRATED = "-calibrated"
"""What the names of folders of calibrated exports end in."""

AUTOMATIC = "automatic"
"""Fact in the model.json of an export that nobody asked for, so that it may be replaced."""


class NotUsable(Exception):
    """An export cannot answer in place of its run; says why."""


@dataclass(frozen=True)
class Origin:
    """What an exported network was made from.

    Args:
        weights: `best` or `last`.
        weights_sha256: Of the file of these weights.
        network_sha256: Of what else decides the answers, from `fingerprint`.
    """

    weights: str
    weights_sha256: str
    network_sha256: str

    def of_files(self, folder: Path, form: ExportFormat) -> dict[str, Any]:
        """This with the hashes of the files of a new export, as model.json has it."""
        files = {name: sha256_of(folder / name) for name in form.files}
        return {**asdict(self), "files_sha256": files}


def fingerprint(run: OpenRun) -> str:
    """Hash of what spec.yaml and data.json say of the network, its classes, and how images are read for it.

    Raises:
        RunError: One of them is missing or damaged.
    """
    spec, record = run.spec, run.data_record
    reading = {key: value for key, value in _written(spec.data).items() if key in ("scale", "standardize")}
    reading["image"] = _written(spec.data.image)
    images = (record.class_names, record.shape, record.channel_mean, record.channel_std)
    decides = (_written(spec.model), reading, _written(spec.train).get("loss"), images)
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()


def _written(section: Section) -> dict[str, Any]:
    """The keys that the file has: a later version of cnncli may know more of them, and the answers stay the same."""
    return {key: value for key, value in section.plain().items() if key in section.set_keys}


def verified_files(run: Path, form: ExportFormat, origin: Origin, temperature: float = 1.0) -> Mapping[str, bytes]:
    """The contents of the files of an exported network, by name.

    Args:
        run: Folder of the run.
        form: Format of the export.
        origin: What it must have been made from.
        temperature: What it must divide its logits by.

    Raises:
        NotUsable: There is no such export, it is of something else, was changed, or was not checked.
    """
    folder = run / EXPORTS / (form.name if temperature == 1 else f"{form.name}{CALIBRATED}")
    if not (folder / DESCRIPTION).is_file():
        raise NotUsable(f"it was not exported to {form.name}")
    facts, check = _json(folder, DESCRIPTION), _json(folder, CHECK)
    place = f"{EXPORTS}/{folder.name}"
    if facts.get("weights") != origin.weights:
        raise NotUsable(f"{place} does not have the {origin.weights} weights")
    if facts.get("weights_sha256") != origin.weights_sha256:
        raise NotUsable(f"the weights have changed since {place} was made")
    if facts.get("network_sha256") != origin.network_sha256:
        raise NotUsable(f"spec.yaml or data.json has changed since {place} was made")
    if facts.get("format") != form.name or facts.get("computes_in") != "float32":
        raise NotUsable(f"{place} has another format or computes otherwise")
    if facts.get("temperature", 1.0) != temperature:
        raise NotUsable(f"{place} has another temperature than the run")
    largest = check.get("largest_difference")
    if check.get("changed_answers") != 0 or check.get("ties", 0) != 0 or not isinstance(largest, int | float):
        raise NotUsable(f"check.json of {place} does not say that it answers as the network does")
    if not 0 <= largest <= BOUND:
        raise NotUsable(f"probabilities of {place} differ from those of the network by {largest:.0e}")
    contents = {}
    for name in form.files:
        contents[name] = _bytes(folder, name)
        recorded = facts.get("files_sha256")
        recorded = recorded.get(name) if isinstance(recorded, dict) else None
        if hashlib.sha256(contents[name]).hexdigest() != recorded:
            raise NotUsable(f"{name} of {place} was changed after it was checked")
    return contents


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        return read_json(folder / name)
    except Unreadable as reason:
        raise NotUsable(f"{name} of {EXPORTS}/{folder.name} cannot be read: {reason}") from None


def _bytes(folder: Path, name: str) -> bytes:
    try:
        return read_bytes(folder / name, MAX_WEIGHTS)
    except Unreadable as reason:
        raise NotUsable(f"{name} of {EXPORTS}/{folder.name} cannot be read: {reason}") from None
