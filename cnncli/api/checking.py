"""Checks a spec without training it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cnncli.errors import Problem, SpecError
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.runner.inputs.preconditions import missing_inputs
from cnncli.spec import load


@dataclass(frozen=True)
class SpecReport:
    """What `cnncli.check_spec` finds; shows itself as a table in a notebook.

    Args:
        errors: What must be corrected before a training; none when the spec is valid.
        warnings: What is legal but probably wrong, and which images and weights do not exist.
        images: Number of images that were looked at; None when none were to be.

    Example:
        >>> import cnncli
        >>> report = cnncli.check_spec("mnist.yaml", {"train.epoch": 5})
        >>> [(problem.key, problem.suggestion) for problem in report.errors]
        [('train.epoch', 'epochs')]
    """

    errors: tuple[Problem, ...]
    warnings: tuple[Problem, ...] = ()
    images: int | None = field(default=None, repr=False)

    def _repr_html_(self) -> str:
        from cnncli.records.html import html_table  # a check itself starts without the records

        rows = [
            (kind, f"{one.place.line}:{one.place.column}" if one.place else "", one.key, one.message)
            for kind, problems in (("error", self.errors), ("warning", self.warnings))
            for one in problems
        ]
        return html_table(("", "place", "key", "problem"), rows)


def check_spec(
    source: str | os.PathLike[str] | Mapping[str, Any],
    overrides: Mapping[str, Any] | Sequence[str] = (),
    *,
    runs_dir: str | os.PathLike[str] = "runs",
    build: bool = False,
    data: bool = False,
    notice: Notice = warn,
) -> SpecReport:
    """Reads a spec and lists every problem; TensorFlow is only started to build the model.

    Args:
        source: As in `load_spec`.
        overrides: As in `load_spec`.
        runs_dir: Directory of the runs whose weights the spec names.
        build: Build and compile the model as well.
        data: Look at the images as well: whether they are there, can be divided, and have headers that can be read.
        notice: Receives a line about images that are not used or look wrong; by default a Python warning.

    Raises:
        DataError: With `data`: a training would refuse the images. With `build`: only the images give their size or the
            classes, and they are missing.
        ResourceError: With `build`: the model does not fit into memory.

    Example:
        >>> import cnncli
        >>> cnncli.check_spec("mnist.yaml", build=True)
        SpecReport(errors=(), warnings=())
    """
    try:
        loaded = load(source, overrides)
    except SpecError as error:
        return SpecReport(error.problems)
    spec = loaded.spec
    missing = missing_inputs(spec.data, spec.model, expanded(runs_dir), spec.track, loaded.document.file)
    warnings = (*loaded.warnings, *(loaded.locate(SpecError(missing)).problems if missing else ()))
    images = None
    try:
        if data:
            from cnncli.runner.inputs.training_images import checked_images

            images = sum(map(len, checked_images(spec, notice).samples.values()))
        if build:
            with isolated():
                from cnncli.runner.summary import check_build

                check_build(spec)
    except SpecError as error:
        return SpecReport(loaded.locate(error).problems, warnings)
    return SpecReport((), warnings, images)
