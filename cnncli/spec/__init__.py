"""YAML text → one frozen `Spec`, or every problem with its place. Never imports TensorFlow."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnncli.errors import Place, Problem, SpecError
from cnncli.machine import expanded
from cnncli.spec.lint import lint, not_for_a_trial
from cnncli.spec.overrides import apply_overrides, read_file, read_single_file
from cnncli.spec.padded import with_black_beyond
from cnncli.spec.reader import NOT_A_SPEC, Document, read_leniently, read_value
from cnncli.spec.rules import check
from cnncli.spec.schema import ByHand, Spec
from cnncli.spec.search_space import wrong_choices
from cnncli.spec.sections.values import is_name
from cnncli.spec.shapes.network_shapes import NetworkShapes, infer_shapes
from cnncli.spec.static_data_info import static_data_info

__all__ = ["LoadedSpec", "Spec", "load", "parse"]

_SET = "--"
"""How the place of a value that was set by hand begins."""


@dataclass(frozen=True)
class LoadedSpec:
    """A spec that passed every check, with what is legal but probably wrong."""

    spec: Spec  # the spec, frozen, with every default filled in
    warnings: tuple[Problem, ...]  # lint with its place
    document: Document  # the text it came from, to locate problems that appear later
    shapes: NetworkShapes  # the network with the shapes of its layers, as far as the spec alone determines them

    def with_overrides(self, overrides: Mapping[str, Any] | Sequence[str]) -> LoadedSpec:
        """The same spec with other values, checked again; this one stays as it is.

        Args:
            overrides: Values by key, `{"train.epochs": 5}`, or a list of `key=value`.

        Raises:
            SpecError: With every problem found.
        """
        return parse(_overridden(self.document, overrides), self.spec.name) if overrides else self

    @contextlib.contextmanager
    def locating(self) -> Iterator[None]:
        """Inside, problems of a SpecError get their places in the text."""
        try:
            yield
        except SpecError as error:
            raise self.locate(error) from error

    def locate(self, error: SpecError) -> SpecError:
        """The same error with the place of each problem, for problems found after reading."""
        return _located(error.problems, self.document)


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    is_complete: bool = False,
) -> LoadedSpec:
    """Reads, merges and checks a spec.

    Args:
        source: Path of a file, YAML text (a `str` with a line break), or dicts and lists.
        overrides: Values by key, `{"train.epochs": 5}`, or a list of `key=value`; applied last.
        is_complete: Take it as it was recorded, without what new specs get by default, and refuse `extends`, so that
            no other file is read. The spec of a run may be a stranger's.

    Raises:
        SpecError: With every problem found, each at its line and column; those of dicts have a path and no place.
    """
    if isinstance(source, Mapping):
        document, name = Document("<dict>", read_value(json.dumps(source, default=str), "<dict>")), "run"
    elif isinstance(source, str) and "\n" in source:
        document, name = read_leniently(source, "<text>"), "run"
    else:
        path = expanded(source)
        document, name = read_single_file(path) if is_complete else read_file(path), path.stem
    loaded = parse(_overridden(document, overrides), name)
    if overrides:
        loaded = _with_what_the_file_says(loaded, document, name)
    return loaded if is_complete else dataclasses.replace(loaded, spec=with_black_beyond(loaded.spec))


def _with_what_the_file_says(loaded: LoadedSpec, document: Document, name: str) -> LoadedSpec:
    """The same, with the warnings that the file alone gives, or that are about a value that was set by hand."""
    try:
        alone = parse(document, name)
    except SpecError:  # what is set by hand makes it right
        return loaded
    keys = {path for path, place in loaded.document.values.items() if place.file.startswith(_SET)}
    by_hand = ByHand(alone.spec, frozenset(keys))
    warnings = not_for_a_trial(loaded.warnings, alone.warnings, by_hand)
    return dataclasses.replace(loaded, spec=dataclasses.replace(loaded.spec, by_hand=by_hand), warnings=tuple(warnings))


def _overridden(document: Document, overrides: Mapping[str, Any] | Sequence[str]) -> Document:
    if isinstance(overrides, Mapping):  # JSON is YAML
        overrides = [f"{key}={json.dumps(value, default=str)}" for key, value in overrides.items()]
    return apply_overrides(document, overrides) if overrides else document


def parse(document: Document, default_name: str = "run") -> LoadedSpec:
    """Checks a document that was read already.

    Raises:
        SpecError: With every problem found.
    """
    value: Any = document.value
    if not isinstance(value, dict):
        raise _located([Problem((), NOT_A_SPEC)], document)
    if "name" not in value and is_name(default_name):
        value = {"name": default_name, **value}
    problems: list[Problem] = []
    spec = Spec.read(value, (), problems)
    if spec is None:
        raise _located(problems, document)
    info = static_data_info(spec.data)
    shapes = infer_shapes(spec.model.nodes, info.shape, info.classes)
    if (problems := check(spec, shapes)) or document.problems:
        raise _located(problems, document)
    if problems := list(wrong_choices(document, spec.tune.space, lambda changed: parse(changed, default_name))):
        raise _located(problems, document)
    warnings = in_order([document.locate(warning) for warning in lint(spec, info, shapes)], document.file)
    return LoadedSpec(spec, tuple(warnings), document, shapes)


def _located(problems: Sequence[Problem], document: Document) -> SpecError:
    """All problems with their places, those of the text among them.

    What could not be read counts as null, and problems of such values are left out.
    """
    unread = {problem.place for problem in document.problems}
    located = [document.locate(problem) for problem in problems]
    every = [*document.problems, *(problem for problem in located if problem.place not in unread)]
    return SpecError(in_order(every, document.file), document.file)


def in_order(problems: Sequence[Problem], file: str) -> list[Problem]:
    """Located problems in the order of the text: `file` itself, then what it extends, then what was set by hand."""

    def rank(problem: Problem) -> tuple[int, str, int, int]:
        where, line, column = problem.place or Place(file, 0, 0)
        return (0 if where == file else 2 if where.startswith(_SET) else 1), where, line, column

    return sorted(problems, key=rank)
