"""Tries every choice of a search on its spec, so that what cannot be trained is found before the first trial."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnncli.catalog.entries import Entry, plain
from cnncli.catalog.tuning import ends_of
from cnncli.errors import KeyPath, Problem, SpecError, path_text
from cnncli.spec.overrides import apply_overrides
from cnncli.spec.reader import Document
from cnncli.spec.schema import sections
from cnncli.spec.writer import flow
from cnncli.wording import suggestion


def without_search(document: Document) -> Document:
    """A spec without its section `tune`."""
    return replace(document, value={key: value for key, value in document.value.items() if key != "tune"})


def with_values(document: Document, values: Mapping[str, Any]) -> Document:
    """A spec with other values, by the paths of their keys.

    Raises:
        SpecError: A path does not exist.
    """
    return apply_overrides(document, [f"{key}={json.dumps(plain(value))}" for key, value in values.items()])


def wrong_choices(
    document: Document, space: Mapping[str, Entry], check: Callable[[Document], object]
) -> Iterator[Problem]:
    """The keys of a search that the spec does not have, and the values that it cannot have there.

    Every choice, and both ends of a range, are tried by themselves on the spec as it is.

    Args:
        document: The spec, which passes every check.
        space: Distribution by key.
        check: Raises a SpecError for a spec that cannot be trained.
    """
    base = without_search(document)
    for key, entry in space.items():
        path: KeyPath = ("tune", "space", key)
        try:
            wrong = [
                (place, value, _problems(with_values(base, {key: value}), check)) for place, value in ends_of(entry)
            ]
        except SpecError as error:
            yield from (Problem(path, problem.message, at_key=True) for problem in error.problems)
            continue
        whatever = _of_key(key, [problems for *_, problems in wrong])
        if whatever:  # the key is wrong, not its values
            yield from (Problem(path, _near(key, base) or _of_problem(problem), at_key=True) for problem in whatever)
            continue
        for place, value, problems in wrong:
            for problem in problems:
                yield Problem((*path, entry.name, *place), _message(problem, key, value))


def _problems(document: Document, check: Callable[[Document], object]) -> tuple[Problem, ...]:
    try:
        check(document)
    except SpecError as error:
        return error.problems
    return ()


def _of_key(key: str, tried: Sequence[Sequence[Problem]]) -> list[Problem]:
    """The problems of the first value that all values have, and that are those of the key or of one around it."""
    others = [{(problem.path, problem.message) for problem in problems} for problems in tried[1:]]
    return [
        problem
        for problem in tried[0]
        if key.startswith(path_text(problem.path))
        and (problem.at_key or path_text(problem.path) != key)
        and all((problem.path, problem.message) in problems for problems in others)
    ]


def _near(key: str, document: Document) -> str:
    """What to say of a key of which the last word is that of one that the spec has or may have; empty without one."""
    last = key.rpartition(".")[2]
    of_sections = [path_text((*path, last)) for path, section in sections().items() if last in section.spec_keys()]
    own = [path_text(path) for path in document.values if path[:1] != ("tune",) and path and path[-1] == last]
    near = next((name for name in dict.fromkeys((*own, *of_sections)) if name != key), "")
    return f"this spec has no such key{suggestion(near)}" if near else ""


def _of_problem(problem: Problem) -> str:
    message = problem.message
    return message if message.startswith("unknown") else f"this spec has no such key: {message}"


def _message(problem: Problem, key: str, value: Any) -> str:
    name, with_value = path_text(problem.path), f"with {flow(plain(value))}"
    if name == key:
        return problem.message
    return f"{with_value}, {name}: {problem.message}" if name else f"{with_value}: {problem.message}"
