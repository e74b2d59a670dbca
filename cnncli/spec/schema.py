"""Every key of a spec: type, range, default and one line of explanation. Defaults live here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PrivateAttr,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

from cnncli.catalog.entries import Entry, entry_kind
from cnncli.catalog.validators import Validator, boolean, choice, list_of, number, optional, text, whole
from cnncli.catalog.weights import model_weights
from cnncli.errors import KeyPath, Problem
from cnncli.spec import sources, values
from cnncli.spec.graph import Network, Node, read_network
from cnncli.spec.sources import Source
from cnncli.spec.stages import PhaseSpec, StageSpec, phases_of, stage_list, with_epochs

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

    kind: Validator

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
        _raise(problems, value)
        return kept


def _raise(problems: list[Problem], value: Any) -> None:
    """Hands problems to pydantic, which puts the path of the section before theirs."""
    if problems:
        raise ValidationError.from_exception_data("spec", [_detail(problem, value) for problem in problems])


def _detail(problem: Problem, value: Any) -> InitErrorDetails:
    context = {"message": problem.message, "at_key": problem.at_key}
    return InitErrorDetails(type=PydanticCustomError("problem", "{message}", context), loc=problem.path, input=value)


def _plain(value: Any) -> Any:
    if isinstance(value, Entry | Source | StageSpec):
        return value.plain()
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


class Section(BaseModel):
    """A part of the spec with keys of its own: frozen, and no unknown key passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Image(Section):
    """What the model sees of each image; the same in training, evaluation and prediction."""

    size: Annotated[int | list[int] | None, Of(values.image_size)] = Field(
        default=None, description="Height and width, or one number for both; as the images are unless given"
    )
    color: Annotated[str | None, Of(optional(choice("rgb", "grayscale")))] = Field(
        default=None, description="Of image files rgb unless given, of arrays as they are"
    )
    resize: Annotated[str, Of(choice("stretch", "pad", "crop"))] = Field(
        default="stretch", description="How images of other proportions are made to fit"
    )
    interpolation: Annotated[str, Of(choice("nearest", "bilinear", "bicubic", "lanczos", "area"))] = Field(
        default="bilinear", description="How pixels are computed when the size changes"
    )


class Split(Section):
    """How the images are divided; a source's own splits are kept."""

    validation: Annotated[float | int | Literal["test"], Of(values.part)] = Field(
        default=0.1,
        description="Part of the images to validate on: a fraction, a count, 0 for none, or 'test'",
    )
    test: Annotated[float | int, Of(values.test_part)] = Field(
        default=0.2, description="Part of the images to test on, where the source has no test images of its own"
    )
    stratify: Annotated[bool, Of(boolean)] = Field(
        default=True,
        description="Keep the proportions of the classes; without it the last images are taken",
    )


class Data(Section):
    """Where the images come from, and what the model sees of them."""

    source: Annotated[Source, Of(sources.source)] = Field(description="A built-in data set, or a place with images")
    classes: Annotated[list[str] | dict[str, str] | None, Of(values.classes)] = Field(
        default=None, description="Which classes, in which order; a mapping gives them other names"
    )
    exclude: Annotated[list[str], Of(list_of(text, words="a list of images", empty=True))] = Field(
        default=[], description="Image files to leave out, as predictions.csv names them, or folders of them"
    )
    image: Image = Field(default=Image(), description="What the model sees of each image")
    split: Split = Field(default=Split(), description="How the images are divided")
    scale: Annotated[list[float], Of(values.pixel_range)] = Field(
        default=[0, 1], description="The range that pixels 0 to 255 are mapped to, inside the model"
    )
    standardize: Annotated[str | None, Of(optional(choice("featurewise", "samplewise")))] = Field(
        default=None,
        description="Instead of a range: mean 0 and deviation 1, over the training images or in each image",
    )
    cache: Annotated[bool, Of(boolean)] = Field(
        default=True, description="Keep decoded image files in the user's cache folder"
    )


class Model(Section):
    """The layers, from the image to the probabilities; kept as written, `nodes` is what they come to."""

    blocks: Annotated[dict[str, Any], Of(values.blocks)] = Field(
        default={}, description="Lists of layers with parameters, to use in 'layers' like a Keras layer"
    )
    layers: Annotated[list[Any], Of(values.layers)] = Field(
        description="Keras layers and blocks by name, in order; each takes the one above it, or its 'inputs'"
    )
    weights: Annotated[str | dict[str, str] | None, Of(values.weights)] = Field(
        default=None, description="What the layers begin with, where their names and shapes are the same"
    )
    _network: Network = PrivateAttr()

    @model_validator(mode="after")
    def _read_network(self) -> Self:
        problems: list[Problem] = []
        model_weights.accept(self.weights, ("model", "weights"), problems)
        self._network = read_network(self.blocks, self.layers, problems)
        _raise([Problem(problem.path[1:], problem.message, at_key=problem.at_key) for problem in problems], self.layers)
        return self

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every Keras layer of the model, in order, once blocks and repeats are written out."""
        return self._network.nodes

    @property
    def unused_blocks(self) -> tuple[str, ...]:
        """Blocks that no layer comes from."""
        return self._network.unused


class Checkpoint(Section):
    """When a training is saved, so that it can go on from there; always at the end of an epoch."""

    steps: Annotated[int | None, Of(optional(whole(1)))] = Field(
        default=None, description="Save after every so many steps of an epoch as well"
    )
    minutes: Annotated[float | None, Of(optional(number(0, above=True)))] = Field(
        default=5, description="Save within an epoch, too, when so many minutes have passed since the last time"
    )


class Train(Section):
    """How the model is trained."""

    epochs: Annotated[int, Of(whole(1))] = Field(
        default=10, description="Passes over the training images; those of all stages, where there are some"
    )
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
    class_weight: Annotated[dict[str, float] | Literal["balanced"] | None, Of(values.class_weight)] = Field(
        default=None, description="'balanced', or how much each class counts in the loss, by name"
    )
    sampling: Annotated[str | None, Of(optional(choice("balanced")))] = Field(
        default=None, description="'balanced' shows every class as often as the largest"
    )
    monitor: Annotated[str | None, Of(optional(text))] = Field(
        default=None,
        description="The metric that says which epoch is best; val_accuracy where there is one",
    )
    callbacks: Annotated[list[Entry], Of(list_of(entry_kind("callback"), words="a list of callbacks", empty=True))] = (
        Field(default=[], description="Keras callbacks, such as EarlyStopping")
    )
    stages: Annotated[list[StageSpec], Of(stage_list)] = Field(
        default=[], description="Parts of the training, one after the other, in which different layers learn"
    )
    jit_compile: Annotated[bool, Of(boolean)] = Field(
        default=False, description="Make one XLA program of a training step"
    )
    precision: Annotated[str, Of(choice("float32", "mixed_bfloat16", "mixed_float16", "auto"))] = Field(
        default="float32", description="What the layers compute in; weights stay float32"
    )
    deterministic: Annotated[bool, Of(boolean)] = Field(
        default=False,
        description="Allow only operations that give the same bits every time; a CPU does so anyway, a GPU does not",
    )
    checkpoint: Checkpoint = Field(default=Checkpoint(), description="When the training is saved")

    @model_validator(mode="before")
    @classmethod
    def _with_epochs(cls, value: Any) -> Any:
        return with_epochs(value)

    @property
    def phases(self) -> tuple[PhaseSpec, ...]:
        """The phases of the training: its stages, or a single one where there are none."""
        return phases_of(self.stages, self.epochs, self.optimizer)


class Spec(Section):
    """One image classifier and its training."""

    name: Annotated[str, Of(values.run_name)] = Field(
        default="run", description="Prefix of the run folder; the name of the file unless given"
    )
    seed: Annotated[int, Of(whole(0, 2**32 - 1))] = Field(default=0, description="Everything random follows from it")
    data: Data = Field(description="Where the images come from")
    augment: Annotated[list[Entry], Of(values.augmentations)] = Field(
        default=[], description="Random changes of the training images, in order"
    )
    model: Model = Field(description="The layers")
    train: Train = Field(default=Train(), description="How the model is trained")
    silence: Annotated[list[str], Of(list_of(text, words="a list of lint rules", empty=True))] = Field(
        default=[], description="Lint rules whose warnings are not wanted, by code"
    )

    def plain(self) -> dict[str, Any]:
        """The spec as YAML or JSON has it, every default written out."""
        return self.model_dump(mode="json")


def sections() -> Mapping[KeyPath, type[Section]]:
    """Every section of the spec by its path; the spec itself has the empty one."""
    found: dict[KeyPath, type[Section]] = {(): Spec}

    def walk(section: type[Section], path: KeyPath) -> None:
        for key, info in section.model_fields.items():
            if isinstance(info.annotation, type) and issubclass(info.annotation, Section):
                found[*path, key] = info.annotation
                walk(info.annotation, (*path, key))

    walk(Spec, ())
    return found
