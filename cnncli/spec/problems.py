"""Problems with the keys of a spec in words, and in the order of the text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cnncli.errors import KeyPath, Place, Problem
from cnncli.wording import nearest

_ELSEWHERE = {
    # words that people put into a section, and how the thing is said here
    "learning_rate": "the learning rate belongs to the optimizer: 'optimizer: {Adam: {learning_rate: 0.001}}'",
    "lr": "the learning rate belongs to the optimizer: 'optimizer: {Adam: {learning_rate: 0.001}}'",
    "input_shape": "the input shape is taken from the data; leave it out",
    "validation_split": "write 'data.split: {validation: 0.1}'",
    "dataset": "write 'data: {source: mnist}'",
    "early_stopping": "write 'train.callbacks: [{EarlyStopping: {patience: 5}}]'",
}


def unknown_key(key: str, path: KeyPath, keys: Mapping[KeyPath, Sequence[str]]) -> str:
    """What to say of a key that its section does not have.

    Args:
        key: As written.
        path: Path of the section.
        keys: The keys of every section, by its path.
    """
    if key in _ELSEWHERE:
        return f"unknown key; {_ELSEWHERE[key]}"
    for section, names in keys.items():
        if key in names and section != path:
            where = f"under '{'.'.join(map(str, section))}'" if section else "at the top level"
            return f"unknown key here; it belongs {where}"
    return f"unknown key{nearest(key, keys[path]) or '; known are ' + ', '.join(keys[path])}"


def in_order(problems: Sequence[Problem], file: str) -> list[Problem]:
    """Located problems in the order of the text: `file` itself, then what it extends, then what was set by hand."""

    def rank(problem: Problem) -> tuple[int, str, int, int]:
        where, line, column = problem.place or Place(file, 0, 0)
        return (0 if where == file else 2 if where.startswith("--set ") else 1), where, line, column

    return sorted(problems, key=rank)
