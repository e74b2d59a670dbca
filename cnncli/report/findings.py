"""Findings of the data doctor as JSON and as a list of files to exclude."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from typing import Any

from cnncli.records import DataReport, Finding
from cnncli.wording import quoted

HEADING = "# Files to leave out, written by `cnncli data`."


def findings_json(report: DataReport) -> dict[str, Any]:
    """The fields of a report, with `images`, their number, and `ok`, whether the source is ready for training."""
    return {"ok": not report.is_wrong, "images": report.images, **dataclasses.asdict(report)}


def exclude_list(report: DataReport, before: Iterable[str] = ()) -> str:
    """The files to exclude, as a part of a spec with the key `data.exclude`, which can be included with `extends`.

    Files with errors and those excluded `before` are entries; those with warnings are comments, for a person to decide.
    """
    errors = {name for finding in report.findings if finding.severity == "error" for name in finding.exclude}
    entries = [name for name in dict.fromkeys(before) if name not in errors]
    lines = ["    # excluded before", *(f"    - {quoted(name)}" for name in entries)] if entries else []
    written = set(entries)
    for finding in sorted(report.findings, key=lambda finding: finding.severity != "error"):
        names = [name for name in dict.fromkeys(finding.exclude) if name not in written]
        written.update(names)
        lines += _block(finding, names)
    in_force = any(line.lstrip().startswith("-") for line in lines)
    empty = "  exclude: []" + ("  # remove the [] with the first #" if lines else "")
    top = [HEADING, f"# Source: {quoted(report.source)}", "data:", "  exclude:" if in_force else empty]
    return "\n".join([*top, *lines]) + "\n"


def _block(finding: Finding, names: Sequence[str]) -> list[str]:
    """The lines for the files of one finding."""
    if not names:
        return []
    is_error = finding.severity == "error"
    lines = [f"    # {finding.code}: {finding.message}" + ("" if is_error else "; remove the # of those to exclude")]
    for name in names:
        if re.search("[\ud800-\udfff]", name):
            lines.append(f"    # rename this file, a spec cannot name it: {quoted(name)}")
        else:
            lines.append(f"    {'' if is_error else '# '}- {quoted(name)}")
    return lines
