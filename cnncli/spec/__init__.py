"""YAML text → one frozen `Spec`, or every problem with its place. Never imports TensorFlow."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path as FilePath
from typing import Any

from cnncli.errors import Problem, SpecError
from cnncli.spec.layout import layout
from cnncli.spec.lint import lint
from cnncli.spec.overrides import apply_overrides, read_file
from cnncli.spec.problems import in_order
from cnncli.spec.reader import Document, read_leniently
from cnncli.spec.rules import check
from cnncli.spec.schema import Spec
from cnncli.spec.shapes import NetworkShapes, infer_shapes
from cnncli.spec.static_data_info import static_data_info
from cnncli.spec.values import is_name

__all__ = ["LoadedSpec", "Spec", "load", "load_from", "parse"]


@dataclass(frozen=True)
class LoadedSpec:
    """A spec that passed every check, with what is legal but probably wrong.

    Args:
        spec: frozen, with every default filled in.
        warnings: located lint.
        document: the text it came from, for locating what is found later.
        shapes: The network with the shapes of its layers, as far as the spec alone determines them.
    """

    spec: Spec
    warnings: tuple[Problem, ...]
    document: Document
    shapes: NetworkShapes

    def with_overrides(self, overrides: Mapping[str, Any] | Sequence[str]) -> LoadedSpec:
        """The same spec with other values, checked again; this one stays as it is.

        Args:
            overrides: Values by key, `{"train.epochs": 5}`, or a list of `key=value`.

        Raises:
            SpecError: With every problem found.
        """
        if not overrides:
            return self
        document = apply_overrides(self.document, _settings(overrides), layout())
        return parse(document, default_name=self.spec.name)

    def locate(self, error: SpecError) -> SpecError:
        """The same error with the place of each problem, for problems found after reading."""
        return _located(error.problems, self.document)


def load(path: FilePath, overrides: Sequence[str] = (), alone: bool = False) -> LoadedSpec:
    """Reads, merges and checks a spec file.

    Args:
        path: the YAML file.
        overrides: `key=value`, applied last.
        alone: refuse `extends`: no other file is read. The spec of a run is whole, and may be a stranger's.

    Raises:
        SpecError: with every problem that could be found, each at its line and column.
    """
    document = read_file(path, layout(), alone)
    if overrides:
        document = apply_overrides(document, overrides, layout())
    return parse(document, default_name=path.stem)


def load_from(source: str | os.PathLike[str] | Mapping[str, Any], overrides: Mapping[str, Any]) -> LoadedSpec:
    """Checks a spec from a file, a text or nested dicts.

    Args:
        source: Path of a file, YAML text (a `str` with a line break), or dicts and lists.
        overrides: Values by key, applied last.

    Raises:
        SpecError: With every problem found; those of dicts have a path and no place.
    """
    settings = _settings(overrides)
    if isinstance(source, os.PathLike) or (isinstance(source, str) and "\n" not in source):
        return load(FilePath(source), settings)
    text = source if isinstance(source, str) else json.dumps(source, default=str)
    try:
        document = read_leniently(text, "<text>" if text is source else "<dict>")
        if isinstance(document.value, dict) and "extends" in document.value:
            raise _located([Problem(("extends",), "only the spec in a file can extend another", at_key=True)], document)
        return parse(apply_overrides(document, settings, layout()) if settings else document)
    except SpecError as error:
        if text is source:
            raise
        raise SpecError([replace(problem, place=None) for problem in error.problems], error.source) from None


def _settings(overrides: Mapping[str, Any] | Sequence[str]) -> Sequence[str]:
    """Overrides as `key=value`; JSON is YAML."""
    if isinstance(overrides, Mapping):
        return [f"{key}={json.dumps(value, default=str)}" for key, value in overrides.items()]
    return overrides


def parse(document: Document, default_name: str = "run") -> LoadedSpec:
    """Checks a document that was read already.

    Raises:
        SpecError: with every problem found.
    """
    value: Any = document.value
    if not isinstance(value, dict):
        raise _located([Problem((), "a spec is a mapping with the keys data, model and train")], document)
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
    warnings = in_order([document.locate(warning) for warning in lint(spec, shapes)], document.file)
    return LoadedSpec(spec, tuple(warnings), document, shapes)


def _located(problems: Sequence[Problem], document: Document) -> SpecError:
    """All problems with their places, those of the text among them.

    What could not be read counts as null, and problems of such values are left out.
    """
    unread = {problem.place for problem in document.problems}
    located = [document.locate(problem) for problem in problems]
    every = [*document.problems, *(problem for problem in located if problem.place not in unread)]
    return SpecError(in_order(every, document.file), document.file)
