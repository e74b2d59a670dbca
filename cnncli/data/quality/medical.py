"""What the headers of DICOM files show together: shades that differ by file, and patients on both sides of a split.

Nothing here names a person: patients and series are told apart by hashes, and files stand for them.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import Literal

from cnncli.data.decode.readers.dicom import DicomFacts
from cnncli.data.inventory.source_inventory import Entry
from cnncli.data.quality.codes import finding
from cnncli.data.quality.rules import Images
from cnncli.records import Affected, Finding
from cnncli.wording import counted

_RULES = {
    "spec": "by the spec",
    "file": "by the window in the file",
    "voi-lut": "by the table in the file",
    "percentile": "by their own darkest and brightest pixels",
}
"""What decides what is black and white in an image."""

Medical = list[tuple[Entry, DicomFacts]]


def window_rules(images: Images, has_window: bool) -> dict[str, int]:
    """Number of grey DICOM images whose black and white each rule decides; `has_window` if the spec sets a window."""
    rules = {entry.name: facts.rule for entry, facts in _medical(images) if facts.rule}  # a file may be in two splits
    counts = Counter("spec" if has_window else rule for rule in rules.values())
    return {rule: counts[rule] for rule in _RULES if counts[rule]}


def misleading_headers(images: Images, has_window: bool, is_grouped: bool) -> list[Finding]:
    """Everything that the headers of DICOM files show together."""
    files = _medical(images)
    grey = [(entry, facts) for entry, facts in files if facts.rule]
    windows = mixed_windows(images, has_window)
    if not windows and not has_window:
        windows = _mixed(grey, "mixed-windows", "windows", lambda facts: facts.window)
    return [
        *windows,
        *_mixed(grey, "mixed-photometric", "kinds of grey", lambda facts: facts.photometric),
        *_mixed(grey, "mixed-scales", "scales", lambda facts: facts.scale),
        *_mixed(grey, "mixed-bits", "numbers of stored bits", lambda facts: facts.bits),
        *finding("annotated", (Affected((entry.name,)) for entry, facts in files if facts.is_annotated)),
        *shared_patients(images),
        *([] if is_grouped else _repeated_patients(files)),
        *_shared_series(files),
    ]


def mixed_windows(images: Images, has_window: bool) -> list[Finding]:
    """Images whose black and white are not decided in the same way."""
    rules = window_rules(images, has_window)
    if len(rules) < 2:
        return []
    affected = [Affected((), f"{counted(count, 'image')} {_RULES[rule]}") for rule, count in rules.items()]
    return finding("mixed-windows", affected, message=f"black and white are decided in {len(rules)} ways")


def shared_patients(images: Images) -> list[Finding]:
    """Patients with images in two splits or more; none where all images have the same, as after anonymising."""
    return finding("patient-across-splits", _spanning(_by_patient(_medical(images)), lambda entry: entry.split))


def _repeated_patients(files: Medical) -> list[Finding]:
    """Patients with several images that a random division may separate."""
    if len({entry.split for entry, _ in files}) != 1:
        return []
    several = [names for names in _by_patient(files).values() if len(names) > 1]
    return finding("patient-repeats", (Affected(tuple(entry.name for entry in names)) for names in several))


def _shared_series(files: Medical) -> list[Finding]:
    """Series with images in two classes or more."""
    return finding("series-across-classes", _spanning(_by(files, "series"), lambda entry: entry.label))


def _spanning(groups: Mapping[bytes, Sequence[Entry]], place: Callable[[Entry], str]) -> Iterator[Affected]:
    """The groups with images in two places or more, each by the first image in each place."""
    for entries in groups.values():
        first: dict[str, str] = {}
        for entry in entries:
            first.setdefault(place(entry), entry.name)
        if len(first) > 1:
            yield Affected(tuple(first.values()))


def _by_patient(files: Medical) -> dict[bytes, list[Entry]]:
    """The images of each patient; empty where there is one patient, which is what removing names leaves."""
    patients = _by(files, "patient")
    return patients if len(patients) > 1 else {}


def _by(files: Medical, identity: Literal["patient", "series"]) -> dict[bytes, list[Entry]]:
    groups: dict[bytes, list[Entry]] = defaultdict(list)
    for entry, facts in files:
        if own := getattr(facts, identity):
            groups[own].append(entry)
    return groups


def _mixed(files: Medical, code: str, things: str, value: Callable[[DicomFacts], Hashable]) -> list[Finding]:
    """A finding where files differ in what should be the same, with the number of files and an example of each."""
    values: dict[Hashable, list[str]] = defaultdict(list)
    for entry, facts in files:
        values[value(facts)].append(entry.name)
    if len(values) < 2:
        return []
    ordered = sorted(values.items(), key=lambda pair: -len(pair[1]))
    affected = [Affected((names[0],), f"{_written(key)} in {counted(len(names), 'file')}") for key, names in ordered]
    return finding(code, affected, message=f"the DICOM files have {len(values):,} different {things}")


def _written(value: Hashable) -> str:
    if value is None:
        return "none"
    return " and ".join(f"{number:g}" for number in value) if isinstance(value, tuple) else f"{value}"


def _medical(images: Images) -> Medical:
    return [(entry, one.dicom) for entry, one in images if one.dicom is not None]
