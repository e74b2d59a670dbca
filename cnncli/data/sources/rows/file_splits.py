"""The splits that the files of one data set are called after: `train-00000-of-00002`, `mnist-train`, `val/00000`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnncli.data.names.split_names import split_of, splits_named
from cnncli.errors import DataError
from cnncli.wording import some


def splits_of_files(files: Sequence[Path]) -> dict[Path, str]:
    """The split of each file, by a part of its name or by its folder; empty when they name none.

    Raises:
        DataError: Some are called after several splits, and others after none; or the files are of several data sets.
    """
    ways = (
        lambda file: file.stem.partition("-")[0],
        lambda file: file.stem.rpartition("-")[2],
        lambda file: next(filter(split_of, re.split(r"[-_.]", file.stem)), ""),
        lambda file: file.parent.name,
    )
    found: dict[Path, str] = {}
    for words in ({file: way(file) for file in files} for way in ways):
        splits = splits_named(set(words.values()))
        of_files = {file: splits[word] for file, word in words.items() if word in splits}
        if len(of_files) == len(files):
            _require_one_set(files, of_files)
            return of_files
        if len(set(of_files.values())) > len(set(found.values())):
            found = of_files
    if len(set(found.values())) > 1:
        others = some([str(file) for file in files if file not in found])
        raise DataError(
            f"{some([str(file) for file in found])} are called after splits, and {others} after none",
            "call all files after their splits, such as train-0 and test-0, or move the others to another folder",
        )
    _require_one_set(files, {})
    return {}


def _require_one_set(files: Sequence[Path], splits: Mapping[Path, str]) -> None:
    """Refuses files of one name and split in several folders, as Hugging Face has them for each configuration."""
    folders: dict[tuple[str, str | None], list[Path]] = {}
    for file in files:
        folders.setdefault((file.name, splits.get(file)), []).append(file.parent)
    several = next((each for each in folders.values() if len(each) > 1), [])
    if several:
        raise DataError(
            f"{some([str(each) for each in several])} have files of the same names, so they are several data sets",
            "name one of these folders",
        )
