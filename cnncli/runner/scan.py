"""Has the data doctor look at a source: thoroughly when asked, and at headers before every training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from cnncli.data.samples import FileSamples
from cnncli.data.scan import Progress, check_headers, scan_arrays, scan_folder, scan_table
from cnncli.data.sources.location import listed
from cnncli.errors import DataError
from cnncli.records import DataReport
from cnncli.runner.images import load_source
from cnncli.spec.schema import Spec

TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})

_SCANS: Mapping[str, Callable[..., DataReport]] = {"folder": scan_folder, "csv": scan_table}


def scan_path(path: Path, decode: bool = True, progress: Progress | None = None) -> DataReport:
    """Look at a folder of class folders, or at a table of images.

    Args:
        path: of the folder, or of the table.
        decode: decode and compare all images; otherwise only headers are read.
        progress: is told how many files are done, and of how many.

    Raises:
        DataError: there is no such folder or table, or it cannot be read as one.
    """
    is_table = path.suffix.lower() in TABLE_SUFFIXES and not path.is_dir()
    return scan_source("csv" if is_table else "folder", path, {}, decode, progress)


def scan_spec(
    spec: Spec, decode: bool = True, progress: Progress | None = None, notice: Callable[[str], None] | None = None
) -> DataReport:
    """Look at the images of a spec: those of its classes, without those that it excludes.

    Args:
        spec: says the source.
        decode: decode and compare all image files; otherwise only headers are read.
        progress: is told how many files are done, and of how many.
        notice: is told when something is downloaded.

    Raises:
        DataError: the images cannot be had.
    """
    source = spec.data.source
    if source.name not in _SCANS:
        return scan_arrays(source.name, load_source(spec.data, notice), progress)
    given = {**source.arguments, "classes": spec.data.classes, "exclude": spec.data.exclude}
    return scan_source(source.name, given.pop("path"), given, decode, progress)


def scan_source(
    kind: str,
    path: Path | str,
    arguments: Mapping[str, Any],
    decode: bool = True,
    progress: Progress | None = None,
) -> DataReport:
    """Look at a source as a spec names it.

    Args:
        kind: `folder` or `csv`.
        path: of the folder or table.
        arguments: the source's own: `classes`, `exclude`, and for a table its columns, delimiter and `root`.
        decode: decode and compare all images; otherwise only headers are read.
        progress: is told how many files are done, and of how many.

    Raises:
        DataError: there is no such folder or table, it cannot be read as one, or no class has a name asked for.
    """
    return _SCANS[kind](path, **arguments, decode=decode, progress=progress)


def require_readable(splits: Mapping[str, FileSamples], source: Path | str, progress: Progress | None = None) -> None:
    """Refuse to train on files that cannot be read, before the first step instead of in the middle of an epoch.

    Args:
        splits: the files of each split.
        source: what to have `cnncli data` look at, for the message.
        progress: is told how many files are done, and of how many.

    Raises:
        DataError: with the first of the files, and what is wrong with each.
    """
    findings = check_headers(splits, progress)
    broken = [f"{' '.join(one.names)} {one.detail}" for found in findings for one in found.affected]
    if broken:
        files = "1 file" if len(broken) == 1 else f"{len(broken):,} files"
        raise DataError(
            f"{source} has {files} that cannot be read:{listed(broken)}",
            f"mend or exclude them; `cnncli data {source} --list exclude.yaml` lists them all",
        )
