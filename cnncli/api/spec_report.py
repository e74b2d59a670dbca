"""What a check of a spec returns."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnncli.errors import Problem


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
