"""Every key of a spec: type, range, default and one line of explanation. Defaults live here and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, NamedTuple, Self

from cnncli.catalog.entries import Entry, entry_validator
from cnncli.catalog.entry_lists import entry_list
from cnncli.catalog.image_sources import PATH
from cnncli.catalog.validators import boolean, choice, list_of, number, optional, text, whole
from cnncli.catalog.weights import model_weights
from cnncli.errors import KeyPath, Problem
from cnncli.machine import MOST_THREADS
from cnncli.spec.graph import Network, Node, read_network
from cnncli.spec.sections import devices, sources, values
from cnncli.spec.sections.duration import duration, seconds_of
from cnncli.spec.sections.section import Section, key, sections_of, subsection
from cnncli.spec.sections.smaller_images import SmallerImages, smaller_images
from cnncli.spec.sections.sources import Source
from cnncli.spec.sections.split import Split
from cnncli.spec.sections.stages import PhaseSpec, StageSpec, phases_of, stage_list, with_epochs
from cnncli.spec.sections.trackers import trackers
from cnncli.spec.sections.tune import Tune


@dataclass(frozen=True, kw_only=True)
class Image(Section):
    """What the model is given of each image; the same in training, evaluation and prediction."""

    size: int | list[int] | None = key(
        values.image_size, "Height and width, or one number for both; as the images are unless set", None
    )
    color: str | None = key(
        optional(choice("rgb", "grayscale")), "rgb unless set for image files; for arrays, as they are", None
    )
    resize: str = key(choice("stretch", "pad", "crop"), "How images of other proportions are made to fit", "stretch")
    interpolation: str = key(
        choice("nearest", "bilinear", "bicubic", "lanczos", "area"),
        "How pixels are computed when the size changes",
        "bilinear",
    )
    white: float | None = key(
        optional(number(0, above=True)),
        "The value of white, where it is not the largest that the format can hold",
        None,
    )
    icc: str = key(
        choice("ignore", "srgb"), "Whether colour profiles in files are ignored or converted to sRGB", "ignore"
    )
    frame: int | str | None = key(
        values.frame, "Which page of a TIFF, or frame of a DICOM, of several: a number from 0, first or middle", None
    )
    window: list[float] | None = key(
        optional(values.pixel_range),
        "Of DICOM files, the values that become black and white; what each file says unless set",
        None,
    )
    schedule: list[SmallerImages] = key(smaller_images, "The first parts of the training, on smaller images", [])


@dataclass(frozen=True, kw_only=True)
class Data(Section):
    """Where the images come from, and what the model is given of them."""

    source: Source = key(sources.source, "A built-in data set, or a place with images")
    classes: list[str] | dict[str, str] | None = key(
        values.classes, "Which classes, in which order; a mapping gives them other names", None
    )
    exclude: list[str] = key(
        list_of(text, description="a list of images", empty=True),
        "Image files to leave out, as predictions.csv names them, or folders of them",
        [],
    )
    corrections: str | None = key(
        optional(PATH),
        "Corrected labels: a table of image and class, as the page of 'cnncli data --labels' saves it; an image "
        "without a class is left out",
        None,
    )
    unreadable: str = key(
        choice("error", "exclude"), "What to do about image files that cannot be read: stop, or leave them out", "error"
    )
    image: Image = subsection(Image, "What the model is given of each image")
    split: Split = subsection(Split, "How the images are divided")
    scale: list[float] = key(
        values.pixel_range, "The range that pixels 0 to 255 are mapped to, inside the model", [0, 1]
    )
    standardize: str | None = key(
        optional(choice("featurewise", "samplewise")),
        "Instead of a range: mean 0 and deviation 1, over the training images or in each image",
        None,
    )
    cache: str | dict[str, float] = key(
        values.cache,
        "Where decoded images are kept: on the disk, of which {disk: 20} sets a limit in GB, in memory, or off",
        "disk",
    )

    @property
    def caches_on_disk(self) -> bool:
        """Whether the cache folder is written to."""
        return self.cache not in ("off", "memory")

    @property
    def cache_bound(self) -> int | None:
        """Bytes that the cache folder may hold; None where no limit is set."""
        return int(self.cache["disk"] * 10**9) if isinstance(self.cache, dict) else None


@dataclass(frozen=True, kw_only=True)
class Model(Section):
    """The layers, from the image to the probabilities, as written.

    Args:
        network: What the blocks and layers come to.
    """

    blocks: dict[str, Any] = key(
        values.blocks, "Lists of layers with parameters, to use in 'layers' like a Keras layer", {}
    )
    layers: list[Any] = key(
        values.layers, "Keras layers and blocks by name, in order; each takes the one above it, or its 'inputs'"
    )
    weights: str | dict[str, str] | None = key(
        model_weights, "Initial weights of the layers whose names and shapes match", None
    )
    network: Network = field(compare=False, repr=False)

    @classmethod
    def read(cls, value: Any, path: KeyPath, problems: list[Problem], root: type[Section] | None = None) -> Self | None:
        """Checks the keys, then what the layers say; every problem is added."""
        before = len(problems)
        checked = cls._values(value, path, problems, root or cls)
        blocks, layers = (value.get("blocks", {}), value.get("layers")) if isinstance(value, dict) else ({}, None)
        if not isinstance(blocks, dict) or not isinstance(layers, list) or not layers:
            return None
        network = read_network(blocks, layers, problems)
        return cls(**checked, network=network) if checked is not None and len(problems) == before else None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Every Keras layer of the model, in order, once blocks and repeats are written out."""
        return self.network.nodes


@dataclass(frozen=True, kw_only=True)
class Checkpoint(Section):
    """When a training is saved so that it can be resumed; always at the end of an epoch."""

    steps: int | None = key(optional(whole(1)), "Also save after this number of steps of an epoch", None)
    minutes: float | None = key(
        optional(number(0, above=True)), "Also save within an epoch when this number of minutes has passed", 5
    )


@dataclass(frozen=True, kw_only=True)
class Train(Section):
    """How the model is trained."""

    epochs: int = key(
        whole(1), "Passes over the training images, at most with max_time; with stages, the sum of theirs", 10
    )
    max_time: float | str | None = key(
        optional(duration), "Time for the training, such as 10m: as many epochs as fit, at most 'epochs'", None
    )
    batch_size: int = key(whole(1), "Images in one step", 32)
    optimizer: Entry = key(
        entry_validator("optimizer"),
        "A Keras optimizer; its learning_rate may be a schedule",
        Entry("optimizer", "Adam"),
    )
    learning_rate_factors: dict[str, float] | None = key(values.rate_factors, "Factors of the rate, by weight", None)
    loss: Entry = key(
        entry_validator("loss"),
        "A Keras loss; labels are encoded to suit it",
        Entry("loss", "SparseCategoricalCrossentropy"),
    )
    metrics: list[Entry] = key(
        entry_list("metric", "a list of metrics"),
        "Keras metrics, reported for every epoch and at the end",
        [Entry("metric", "accuracy")],
    )
    class_weight: dict[str, float] | Literal["balanced"] | None = key(
        values.class_weight, "'balanced', or how much each class counts in the loss, by name", None
    )
    sampling: str | None = key(
        optional(choice("balanced")), "'balanced' shows every class as often as the largest", None
    )
    monitor: str | None = key(
        optional(text), "The metric that decides which epoch is best; val_accuracy where there is one", None
    )
    callbacks: list[Entry] = key(
        entry_list("callback", "a list of callbacks"), "Keras callbacks, such as EarlyStopping", []
    )
    stages: list[StageSpec] = key(
        stage_list, "Parts of the training, one after the other, in which different layers learn", []
    )
    features: int | str = key(
        whole(0, words=("auto",)),
        "Whether the output of frozen layers is computed once: auto, where nothing is augmented; a number, for as many "
        "augmented views of each image; 0, never",
        "auto",
    )
    jit_compile: bool = key(boolean, "Compile a training step to one XLA program", False)
    precision: str = key(
        choice("float32", "mixed_bfloat16", "mixed_float16", "auto"),
        "The number format that layers compute in; weights stay float32",
        "float32",
    )
    threads: int | str = key(
        whole(1, MOST_THREADS, words=("auto",)),
        "Threads of one operation: auto, few for a small network; or a number",
        "auto",
    )
    devices: int | str | list[str] | None = key(
        devices.devices,
        "What shares each step: all graphics cards, a number of them, or [GPU:0, GPU:1]; one device unless set",
        None,
    )
    synchronized: bool = key(boolean, "Whether BatchNormalization uses the images of all devices, if several", True)
    deterministic: bool = key(
        boolean,
        "Allow only operations that give the same bits every time; a CPU does so anyway, a GPU does not",
        False,
    )
    checkpoint: Checkpoint = subsection(Checkpoint, "When the training is saved")

    @classmethod
    def read(cls, value: Any, path: KeyPath, problems: list[Problem], root: type[Section] | None = None) -> Self | None:
        """Checks the keys; where the epochs are not set, they follow from the stages or the time."""
        return super().read(with_epochs(value), path, problems, root)

    @property
    def max_seconds(self) -> float | None:
        """Seconds for the training; None without a limit."""
        return seconds_of(self.max_time)

    @property
    def phases(self) -> tuple[PhaseSpec, ...]:
        """The phases of the training: its stages, or a single one where there are none."""
        return phases_of(self.stages, self.epochs, self.optimizer)


@dataclass(frozen=True, kw_only=True)
class Spec(Section):
    """One image classifier and its training; frozen.

    Args:
        by_hand: What the file alone says, and the keys that were set beside it; None where nothing was set, or where
            the file alone is no spec.

    Example:
        >>> import cnncli
        >>> spec = cnncli.load_spec("mnist.yaml")
        >>> spec.data.source.name, spec.train.batch_size, spec.train.optimizer.name
        ('arrays', 25, 'Adam')
    """

    name: str = key(values.run_name, "Prefix of the run folder; the name of the file unless set", "run")
    seed: int = key(whole(0, 2**32 - 1), "Everything random follows from it", 0)
    data: Data = subsection(Data, "Where the images come from", required=True)
    augment: list[Entry] = key(values.augmentations, "Random changes of the training images, in order", [])
    model: Model = subsection(Model, "The layers", required=True)
    train: Train = subsection(Train, "How the model is trained")
    calibration: str | None = key(
        optional(choice("temperature")),
        "'temperature' corrects the confidences of predictions, exports and the server by the validation images",
        None,
    )
    tune: Tune = subsection(Tune, "A search for better values of other keys, with 'cnncli tune'")
    track: list[Entry] = key(trackers, "Programs that show the training as it runs: TensorBoard, MLflow", [])
    silence: list[str] = key(
        list_of(text, description="a list of lint rules", empty=True), "Codes of lint rules to ignore", []
    )
    by_hand: ByHand | None = field(default=None, compare=False, repr=False)

    def plain(self) -> dict[str, Any]:
        """The spec as YAML or JSON has it, every default written out; `tune` only where it has a space to search."""
        return {name: value for name, value in super().plain().items() if name != "tune" or self.tune.space}


class ByHand(NamedTuple):
    """A spec before keys were set by hand, as with `--set`, and these keys."""

    before: Spec
    keys: frozenset[KeyPath]

    def has(self, path: KeyPath) -> bool:
        """Whether a key, or one around it, was set by hand."""
        return any(path[:length] in self.keys for length in range(1, len(path) + 1))


@cache
def sections() -> Mapping[KeyPath, type[Section]]:
    """Every section of the spec by its path; the spec itself has the empty one."""
    return dict(sections_of(Spec))
