"""Every key of a spec: type, range, default and one line of explanation. Defaults live here and nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from cnncli.catalog.datasets import DATASETS
from cnncli.catalog.entries import Entry, entry_kind
from cnncli.catalog.kinds import Kind, any_of, boolean, choice, list_of, number, shown, text, whole
from cnncli.errors import Path, Problem

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")
_RESERVED = {"con", "prn", "aux", "nul", *(f"com{i}" for i in range(1, 10)), *(f"lpt{i}" for i in range(1, 10))}


def is_name(word: object) -> bool:
    """Whether a word can be the name of a folder on every system: letters, digits, '.', '_' and '-'."""
    return (
        isinstance(word, str)
        and bool(NAME.match(word))
        and not word.endswith(".")
        and word.split(".")[0].lower() not in _RESERVED
    )


REFERENCE = "catalogue"
"""Stands for `$ref` while pydantic puts the JSON Schema together."""


def rename_references(schema: Any, old: str, new: str) -> Any:
    """A JSON Schema with the key of its references renamed."""
    if isinstance(schema, dict):
        return {new if key == old else key: rename_references(value, old, new) for key, value in schema.items()}
    if isinstance(schema, list):
        return [rename_references(item, old, new) for item in schema]
    return schema


@dataclass(frozen=True)
class Of:
    """Annotates a field whose values one of the catalogue's kinds checks."""

    kind: Kind

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Tells pydantic to leave the checking to the kind."""
        return core_schema.no_info_plain_validator_function(
            self.validate, serialization=core_schema.plain_serializer_function_ser_schema(_plain)
        )

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The kind's own JSON Schema; pydantic resolves references itself, so ours go under another key."""
        return dict(rename_references(self.kind.schema, "$ref", REFERENCE))

    def validate(self, value: Any) -> Any:
        """The checked value; raises every problem found in it."""
        problems: list[Problem] = []
        kept = self.kind.accept(value, (), problems)
        if problems:
            raise ValidationError.from_exception_data("spec", [_detail(problem, value) for problem in problems])
        return kept


def _detail(problem: Problem, value: Any) -> InitErrorDetails:
    context = {"message": problem.message, "at_key": problem.at_key}
    return InitErrorDetails(type=PydanticCustomError("problem", "{message}", context), loc=problem.path, input=value)


def _plain(value: Any) -> Any:
    if isinstance(value, Entry):
        return value.plain()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _run_name() -> Kind:
    words = "letters, digits, '.', '_' and '-', at most 100 of them, the first a letter or digit"

    def accept(value: Any, path: Path, problems: list[Problem]) -> Any:
        if not is_name(value):
            problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
        return value

    return Kind(words, accept, {"type": "string", "pattern": NAME.pattern.replace(r"\Z", "$")})


def _range() -> Kind:
    pair = list_of(number(), 2, "a list of two numbers, the lower one first")

    def accept(value: Any, path: Path, problems: list[Problem]) -> Any:
        before = len(problems)
        kept = pair.accept(value, path, problems)
        if len(problems) == before and not kept[0] < kept[1]:
            problems.append(Problem(path, f"expected {pair.words}, got {shown(value)}"))
        return kept

    return Kind(pair.words, accept, pair.schema)


def _class_weight() -> Kind:
    words = "'balanced', or a mapping from class names to weights"
    weight = number(0)

    def accept(value: Any, path: Path, problems: list[Problem]) -> Any:
        if isinstance(value, dict) and value:
            return {name: weight.accept(given, (*path, name), problems) for name, given in value.items()}
        if value is not None and value != "balanced":
            problems.append(Problem(path, f"expected {words}, got {shown(value)}"))
        return value

    schema = {
        "anyOf": [
            {"const": "balanced"},
            {"type": "object", "additionalProperties": weight.schema},
            {"type": "null"},
        ]
    }
    return Kind(words, accept, schema)


def _or_nothing(kind: Kind) -> Kind:
    def accept(value: Any, path: Path, problems: list[Problem]) -> Any:
        return None if value is None else kind.accept(value, path, problems)

    return Kind(kind.words, accept, {"anyOf": [kind.schema, {"type": "null"}]})


_PART = any_of(number(0, 1, below=True), whole(1), choice("test"))


class Section(BaseModel):
    """A part of the spec with keys of its own: frozen, and no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Split(Section):
    """How the images are divided; a source's own splits are kept."""

    validation: Annotated[float | int | Literal["test"], Of(_PART)] = Field(
        default=0.1,
        description="Part of the training images to validate on: a fraction, a count, 0 for none, or 'test'",
    )
    stratify: Annotated[bool, Of(boolean)] = Field(
        default=True,
        description="Keep the proportions of the classes; without it the last training images are taken",
    )


class Data(Section):
    """Where the images come from, and what the model sees of them."""

    source: Annotated[str, Of(choice(*DATASETS))] = Field(description="A built-in data set by name")
    split: Split = Field(default=Split(), description="How the images are divided")
    scale: Annotated[list[float], Of(_range())] = Field(
        default=[0, 1], description="The range that pixels 0 to 255 are mapped to, inside the model"
    )


class Model(Section):
    """The layers, from the image to the probabilities."""

    layers: Annotated[list[Entry], Of(list_of(entry_kind("layer"), words="a list of layers"))] = Field(
        description="Keras layers by name, in order; each takes the one above it"
    )


class Train(Section):
    """How the model is trained."""

    epochs: Annotated[int, Of(whole(1))] = Field(default=10, description="Passes over the training images")
    batch_size: Annotated[int, Of(whole(1))] = Field(default=32, description="Images in one step")
    optimizer: Annotated[Entry, Of(entry_kind("optimizer"))] = Field(
        default=Entry("optimizer", "Adam"),
        description="A Keras optimizer; its learning_rate may be a schedule",
    )
    loss: Annotated[Entry, Of(entry_kind("loss"))] = Field(
        default=Entry("loss", "SparseCategoricalCrossentropy"),
        description="A Keras loss; labels are encoded to suit it",
    )
    metrics: Annotated[list[Entry], Of(list_of(entry_kind("metric"), words="a list of metrics", empty=True))] = Field(
        default=[Entry("metric", "accuracy")],
        description="Keras metrics, reported for every epoch and at the end",
    )
    class_weight: Annotated[dict[str, float] | Literal["balanced"] | None, Of(_class_weight())] = Field(
        default=None, description="'balanced', or how much each class counts in the loss, by name"
    )
    monitor: Annotated[str | None, Of(_or_nothing(text))] = Field(
        default=None,
        description="The metric that says which epoch is best; val_accuracy where there is one",
    )
    callbacks: Annotated[list[Entry], Of(list_of(entry_kind("callback"), words="a list of callbacks", empty=True))] = (
        Field(default=[], description="Keras callbacks, such as EarlyStopping")
    )
    precision: Annotated[str, Of(choice("float32", "mixed_bfloat16", "mixed_float16"))] = Field(
        default="float32", description="What the layers compute in; weights stay float32"
    )


class Spec(Section):
    """One image classifier and its training."""

    name: Annotated[str, Of(_run_name())] = Field(
        default="run", description="Prefix of the run folder; the name of the file unless given"
    )
    seed: Annotated[int, Of(whole(0, 2**32 - 1))] = Field(default=0, description="Everything random follows from it")
    data: Data = Field(description="Where the images come from")
    model: Model = Field(description="The layers")
    train: Train = Field(default=Train(), description="How the model is trained")
    silence: Annotated[list[str], Of(list_of(text, words="a list of lint rules", empty=True))] = Field(
        default=[], description="Lint rules whose warnings are not wanted, by code"
    )

    def plain(self) -> dict[str, Any]:
        """The spec as YAML or JSON has it, every default written out."""
        return self.model_dump(mode="json")


def sections() -> Mapping[Path, type[Section]]:
    """Every section of the spec by its path; the spec itself has the empty one."""
    found: dict[Path, type[Section]] = {(): Spec}

    def walk(section: type[Section], path: Path) -> None:
        for key, info in section.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
                found[*path, key] = info.annotation
                walk(info.annotation, (*path, key))

    walk(Spec, ())
    return found
