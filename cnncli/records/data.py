"""Findings of the data doctor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from cnncli.records.html import html_table

Severity = Literal["error", "warning", "note"]
"""Training would fail or give misleading results; should be reviewed; for information."""


@dataclass(frozen=True)
class Affected:
    """Subject of a finding: a file, or several that belong together, such as copies of one image.

    Args:
        names: Files or folders as the source names them; none for a row of a table.
        detail: Details of this one: `is cut off: the end of the JPEG is missing`; may be empty.
    """

    names: tuple[str, ...]
    detail: str = ""


@dataclass(frozen=True)
class Finding:
    """One finding of the data doctor.

    Args:
        code: Kind of finding, as listed in docs/doctor.md: `truncated`.
        severity: `error`, `warning` or `note`.
        message: One sentence.
        advice: How to fix it; one sentence, may be empty.
        affected: All subjects, in the order of the data.
        exclude: Files to exclude in order to fix it; none if that does not help.
    """

    code: str
    severity: Severity
    message: str
    advice: str = ""
    affected: tuple[Affected, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class DataReport:
    """Report of the data doctor on a source; shows itself as a table in a notebook.

    Args:
        source: Folder or table.
        class_names: Class names in the order of the labels.
        counts: Number of images by split and class name, including broken ones.
        formats: Number of readable images by format, most frequent first.
        sizes: Width and height of the smallest, the median and the largest readable image; empty if there is none.
        findings: Findings, most severe first.
        decoded: Whether every image was decoded, not only its header.

    Example:
        >>> import cnncli
        >>> report = cnncli.check_data(cnncli.load_spec("mnist.yaml"))
        >>> report.images, report.is_wrong
        (600, False)
    """

    source: str
    class_names: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    formats: Mapping[str, int]
    sizes: tuple[tuple[int, int], ...]
    findings: tuple[Finding, ...]
    decoded: bool

    def _repr_html_(self) -> str:
        return html_table(("finding", "", ""), [(one.severity, one.message, one.advice) for one in self.findings])

    @property
    def images(self) -> int:
        """Number of images in the source."""
        return sum(sum(counts.values()) for counts in self.counts.values())

    @property
    def is_wrong(self) -> bool:
        """Whether training would fail or give misleading results."""
        return any(finding.severity == "error" for finding in self.findings)
