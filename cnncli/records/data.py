"""What the data doctor finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
"""How bad a finding is: training would stop or be wrong; a person should look; good to know."""


@dataclass(frozen=True)
class Affected:
    """What a finding is about: a file, or several that belong together, such as copies of one image.

    Args:
        names: files or folders as the source names them; none when a row of a table is meant.
        detail: what is known of this one: `is cut off: the end of the JPEG is missing`; may be empty.
    """

    names: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing the data doctor found, with everything it is true of.

    Args:
        code: what kind of thing, as docs/doctor.md lists them: `truncated`.
        severity: `error`, `warning` or `note`.
        message: one sentence.
        advice: what to do about it; one sentence, may be empty.
        affected: all of them, in the order of the data.
        exclude: the files to leave out to be rid of it; none when leaving out does not help.
    """

    code: str
    severity: Severity
    message: str
    advice: str = ""
    affected: tuple[Affected, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReport:
    """What the data doctor says of a source.

    Args:
        source: the folder or table.
        class_names: in the order of the labels.
        counts: images by split and class name, broken ones included.
        formats: readable images by format, most frequent first.
        sizes: width and height of the smallest, the median and the largest readable image; empty when none is.
        findings: most severe first.
        decoded: whether every image was decoded; headers alone tell less.
    """

    source: str
    class_names: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    formats: Mapping[str, int]
    sizes: tuple[tuple[int, int], ...]
    findings: tuple[Finding, ...]
    decoded: bool

    @property
    def images(self) -> int:
        """How many images the source has."""
        return sum(sum(counts.values()) for counts in self.counts.values())

    @property
    def is_wrong(self) -> bool:
        """Whether training would stop, or learn something wrong."""
        return any(finding.severity == "error" for finding in self.findings)
