"""What the data doctor found, as JSON and as a list of files to exclude."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from cnncli.records import DataReport, Finding

HEADING = "# Files to leave out, written by `cnncli data`."

_NO_TEXT = re.compile("[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")


def findings_json(report: DataReport) -> dict[str, Any]:
    """All that the doctor says, made of lists, mappings, text and numbers.

    Args:
        report: of a source.

    Returns:
        The fields of the report, and `images`, how many there are, and `ok`, whether one may train on it.
    """
    return {"ok": not report.is_wrong, "images": report.images, **dataclasses.asdict(report)}


def exclude_list(report: DataReport, before: Iterable[str] = ()) -> str:
    """The files to leave out, as the part of a spec that says so; a spec can name it with `extends`.

    Those of errors are in force; those of warnings are comments, for a person to decide.

    Args:
        report: of a source.
        before: what was left out already, and stays so.

    Returns:
        YAML with the key `data.exclude`; its list is empty when nothing needs leaving out.
    """
    errors = {name for finding in report.findings if finding.severity == "error" for name in finding.exclude}
    kept = [name for name in dict.fromkeys(before) if name not in errors]
    lines = ["    # left out before", *(f"    - {_quoted(name)}" for name in kept)] if kept else []
    written = set(kept)
    for finding in sorted(report.findings, key=lambda found: found.severity != "error"):
        names = [name for name in dict.fromkeys(finding.exclude) if name not in written]
        written.update(names)
        lines += _block(finding, names)
    in_force = any(line.lstrip().startswith("-") for line in lines)
    empty = "  exclude: []" + ("  # remove the [] with the first #" if lines else "")
    top = [HEADING, f"# Of {_quoted(report.source)}.", "data:", "  exclude:" if in_force else empty]
    return "\n".join([*top, *lines]) + "\n"


def _block(finding: Finding, names: Sequence[str]) -> list[str]:
    """The lines for the files of one finding."""
    if not names:
        return []
    is_error = finding.severity == "error"
    lines = [f"    # {finding.code}: {finding.message}" + ("" if is_error else "; remove the # of those to leave out")]
    for name in names:
        if re.search("[\ud800-\udfff]", name):
            lines.append(f"    # rename this file, no spec can name it: {_quoted(name)}")
        else:
            lines.append(f"    {'' if is_error else '# '}- {_quoted(name)}")
    return lines


def _quoted(name: str) -> str:
    """A file name in YAML's double quotes; what is no printable text is escaped, and is itself again once read."""
    text = json.dumps(name, ensure_ascii=False)
    return _NO_TEXT.sub(lambda match: f"\\u{ord(match.group()):04x}", text)
