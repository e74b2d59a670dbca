"""Validation errors → problems in words, each with its place and the nearest right word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from cnncli.errors import KeyPath, Place, Problem
from cnncli.spec.schema import Section, sections
from cnncli.wording import near_word, nearest, shown

_ELSEWHERE = {
    # words that people put into a section, and how the thing is said here
    "learning_rate": "the learning rate belongs to the optimizer: 'optimizer: {Adam: {learning_rate: 0.001}}'",
    "lr": "the learning rate belongs to the optimizer: 'optimizer: {Adam: {learning_rate: 0.001}}'",
    "input_shape": "the input shape is taken from the data; leave it out",
    "validation_split": "say 'data.split: {validation: 0.1}'",
    "dataset": "say 'data: {source: mnist}'",
    "early_stopping": "say 'train.callbacks: [{EarlyStopping: {patience: 5}}]'",
}


def from_validation(error: ValidationError) -> list[Problem]:
    """Every problem that pydantic found, in our words."""
    known = sections()
    details = error.errors(include_url=False)
    misspelt = set()  # keys that are there under a wrong spelling: not to be called missing as well
    for detail in details:
        *parent, key = detail["loc"] or ("",)
        if detail["type"] == "extra_forbidden":
            misspelt.add((*parent, near_word(str(key), known[tuple(parent)].model_fields)))
    return [_problem(d, known) for d in details if d["type"] != "missing" or d["loc"] not in misspelt]


def _problem(detail: Any, known: Any) -> Problem:
    path: KeyPath = detail["loc"]
    kind = detail["type"]
    if kind == "problem":
        return Problem(path, detail["ctx"]["message"], at_key=detail["ctx"]["at_key"])
    if kind == "extra_forbidden":
        return Problem(path, _unknown_key(path, known), at_key=True)
    if kind == "missing":
        section = known[path[:-1]]
        described = section.model_fields[path[-1]].description
        where = f"'{path[-2]}'" if len(path) > 1 else "a spec"
        return Problem(path[:-1], f"{where} needs '{path[-1]}': {described[0].lower()}{described[1:]}", at_key=True)
    keys = ", ".join(known[path].model_fields) if path in known else ""
    return Problem(path, f"expected the keys {keys}; got {shown(detail['input'])}")


def _unknown_key(path: KeyPath, known: dict[KeyPath, type[Section]]) -> str:
    key, parent = str(path[-1]), path[:-1]
    if key in _ELSEWHERE:
        return f"unknown key; {_ELSEWHERE[key]}"
    for section_path, section in known.items():
        if key in section.model_fields and section_path != parent:
            where = ".".join(map(str, section_path))
            return f"unknown key here; it belongs {f'under {where!r}' if where else 'at the top level'}"
    fields = known[parent].model_fields
    return f"unknown key{nearest(key, fields) or '; known are ' + ', '.join(fields)}"


def in_order(problems: Sequence[Problem], file: str) -> list[Problem]:
    """Located problems in the order of the text: `file` itself, then what it extends, then what was set by hand."""

    def rank(problem: Problem) -> tuple[int, str, int, int]:
        where, line, column = problem.place or Place(file, 0, 0)
        return (0 if where == file else 2 if where.startswith("--set ") else 1), where, line, column

    return sorted(problems, key=rank)
