"""`data.split` of a spec: how the images are divided, or where their division is written down."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from cnncli.catalog.image_sources import PATH
from cnncli.catalog.validators import Validator, any_of, boolean, choice, mapping_of, number, optional, text, whole
from cnncli.errors import KeyPath, Problem
from cnncli.spec.sections.group_pattern import wrong_pattern
from cnncli.spec.sections.section import Section, key
from cnncli.wording import nearest, shown

_GROUPS = "{column: NAME} of a table, {pattern: 'patient_(\\d+)'} for file names, or {dicom: PatientID}"
_IDENTITIES = choice("PatientID", "StudyInstanceUID", "SeriesInstanceUID")


def _test_part() -> Validator:
    """A fraction, a count, or `validation`; there is no training without test images."""
    part = any_of(
        number(0, 1, above=True, below=True),
        whole(1),
        choice("validation"),
        description="a number above 0 and below 1, a whole number of 1 or more, or 'validation'",
    )

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if value == 0 and not isinstance(value, bool):
            way = "write 'validation' to test on the validation images and to keep all others for training"
            problems.append(Problem(path, f"a run needs test images; {way}"))
            return value
        return part.accept(value, path, problems)

    return Validator(part.description, accept, part.schema)


def _group() -> Validator:
    """Where the group of an image stands: a mapping with one key, `column`, `pattern` or `dicom`."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if not isinstance(value, dict) or len(value) != 1:
            problems.append(Problem(path, f"expected {_GROUPS}; got {shown(value)}"))
            return value
        ((kind, where),) = value.items()
        if kind not in ("column", "pattern", "dicom"):
            near = nearest(str(kind), ("column", "pattern", "dicom")) or f"; expected {_GROUPS}"
            problems.append(Problem((*path, kind), f"unknown key{near}", at_key=True))
        elif kind == "column":
            text.accept(where, (*path, kind), problems)
        elif kind == "dicom":
            _IDENTITIES.accept(where, (*path, kind), problems)
        elif wrong := wrong_pattern(where):
            problems.append(Problem((*path, kind), wrong))
        return value

    keys = {**{kind: {"type": "string"} for kind in ("column", "pattern")}, "dicom": _IDENTITIES.schema}
    schema = {"type": "object", "properties": keys, "additionalProperties": False, "maxProperties": 1}
    return Validator(_GROUPS, accept, schema)


@dataclass(frozen=True, kw_only=True)
class Split(Section):
    """How the images are divided; a source's own splits are kept."""

    validation: float | int | Literal["test"] = key(
        any_of(
            number(0, 1, below=True, as_written=True),
            whole(1),
            choice("test"),
            description="a number of at least 0 and below 1, a whole number of 1 or more, or 'test'",
        ),
        "Part of the images to validate on: a fraction, a count, 0 for none, or 'test'",
        0.1,
    )
    test: float | int | Literal["validation"] = key(
        _test_part(),
        "Part of the images to test on, where the source has no test images of its own; or 'validation'",
        0.2,
    )
    stratify: bool = key(boolean, "Keep the proportions of the classes; without it the last images are taken", True)
    group: dict[str, str] | None = key(
        optional(_group()), "Keep images that belong together in one split, such as those of one patient", None
    )
    folder: dict[str, str] | None = key(
        optional(mapping_of(choice("train", "validation", "test"))),
        "Which folders are which splits, where their names do not say so: {batch1: train, holdout: test}",
        None,
    )
    file: str | None = key(
        optional(PATH), "A division to use again: a run, or a file that 'cnncli data --write-split' wrote", None
    )

    def held_out(self, kind: Literal["validation", "test"]) -> float | int:
        """The part of the images that is held out for this split alone: 0 where another split stands in for it."""
        part = self.validation if kind == "validation" else self.test
        return 0 if isinstance(part, str) else part

    def not_used(self, own: Collection[str], where: str) -> Iterator[Problem]:
        """The parts that the spec sets although the source has these images itself, which win.

        `validation: 0` is honoured: it leaves the source's validation images out.

        Args:
            own: Names of the splits that the source has, or that a file lists.
            where: The source or the file, for the message.
        """
        for part, value in (("validation", self.validation), ("test", self.test)):
            if part in own and part in self.set_keys and value != 0:
                yield Problem(
                    ("data", "split", part),
                    f"{where} has its own {part} images, and they are used: data.split.{part}: {value} has no effect",
                    at_key=True,
                    code="split-not-used",
                )


def taken_from_training(where: str, part: str) -> str:
    """Says that part of the training images become test images, and how to keep all of them for training."""
    return (
        f"{where} has validation images and no test images: {part} become the test images; to keep all of them for "
        "training, set data.split.test to validation, which tests on the validation images"
    )
