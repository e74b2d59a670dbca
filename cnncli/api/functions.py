"""The functions of the Python API."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from cnncli.environment import divide_processor
from cnncli.isolation import isolated
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.runner.inputs.preconditions import require_images, require_inputs_exist
from cnncli.runner.threads import choose_threads
from cnncli.runs import find_run, require_writable
from cnncli.spec import Spec, load
from cnncli.spec.sections.devices import parts_of_processor

if TYPE_CHECKING:
    import keras
    from PIL import Image

    from cnncli.api.run import Run
    from cnncli.observer import TrainingObserver
    from cnncli.records import DataReport, ModelSummary


SpecLike: TypeAlias = Spec | str | os.PathLike[str] | Mapping[str, Any]
"""A spec, or what `load_spec` makes one of: a path, YAML text, or dicts."""


def load_spec(
    source: str | os.PathLike[str] | Mapping[str, Any], overrides: Mapping[str, Any] | Sequence[str] = ()
) -> Spec:
    """Reads and checks a spec; TensorFlow is not started.

    Args:
        source: Path of a YAML file, YAML text, or the same as nested dicts and lists. A `str` with a line break is
            text, any other `str` a path.
        overrides: Values by their keys, `{"train.epochs": 5}`, or as `--set` takes them, `["train.epochs=5"]`.

    Returns:
        The spec, frozen, with every default filled in.

    Raises:
        SpecError: Something is wrong; `problems` lists all of it.

    Example:
        >>> import cnncli
        >>> spec = cnncli.load_spec("mnist.yaml", {"train.epochs": 5})
        >>> spec.train.epochs
        5
        >>> try:
        ...     cnncli.load_spec("mnist.yaml", {"train.epochs": "ten"})
        ... except cnncli.SpecError as error:
        ...     print(error.problems[0].key)
        train.epochs
    """
    return load(source, overrides).spec


def loaded_spec(spec: SpecLike) -> Spec:
    """The spec, loaded unless it is."""
    return spec if isinstance(spec, Spec) else load_spec(spec)


def check_data(
    source: str | os.PathLike[str] | Spec,
    *,
    quick: bool = False,
    progress: Callable[[int, int], None] | None = None,
    notice: Notice = warn,
) -> DataReport:
    """Inspects images for whatever makes a training fail or mislead; files are only read.

    Args:
        source: A folder of class folders, a table of images, or a spec or the path of one: the images that it uses.
        quick: Read only the headers of the files.
        progress: Receives the number of files done and of all files.
        notice: Receives a line about each download, and about a table that is read in place of its folder;
            `warnings.warn` by default.

    Raises:
        DataError: The images cannot be loaded, or the source lacks a class of the spec.

    Example:
        >>> import cnncli
        >>> cnncli.check_data(cnncli.load_spec("mnist.yaml")).is_wrong
        False
    """
    from cnncli.runner.inputs.source_check import scan_path, scan_source

    if not isinstance(source, Spec) and expanded(source).suffix.lower() in (".yaml", ".yml"):
        source = load_spec(source)
    if isinstance(source, Spec):
        return scan_source(source.data, source.seed, not quick, progress, notice)
    return scan_path(expanded(source), not quick, progress, notice)


def build_model(spec: SpecLike) -> keras.Model:
    """Builds the model of a spec with initial weights; the same seed gives the same weights.

    The images are only loaded where the spec leaves their size or the classes open. A model with
    `standardize: featurewise` has no statistics of the images yet: its mean is 0 and its deviation 1.

    Args:
        spec: Spec from `load_spec`, or what it takes.

    Returns:
        A functional model, not compiled, from `(images, height, width, channels)`, pixels 0…255, to
        `(images, units)`, float32; preprocessing is part of it.

    Raises:
        SpecError: A layer does not fit.
        DataError: Only the images give their size or the classes, and they are missing.
        ResourceError: The model does not fit into memory.

    Example:
        >>> import cnncli
        >>> model = cnncli.build_model(cnncli.load_spec("mnist.yaml"))
        >>> model.input_shape
        (None, 28, 28, 1)
        >>> model.compile("adam", "sparse_categorical_crossentropy")
    """
    spec = loaded_spec(spec)
    with isolated():
        from cnncli.runner.inputs.splits import load_input_spec
        from cnncli.runner.model.build import build_model as build

        inputs = load_input_spec(spec.data)
        return build(spec.model.nodes, inputs, spec.train.precision, spec.seed, spec.name)


def summary(spec: SpecLike, run: Run | None = None) -> ModelSummary:
    """Counts the parameters, multiply-adds, receptive field and memory of every layer, and the memory of a training.

    Args:
        spec: Spec from `load_spec`, or what it takes, or that of a run.
        run: A run whose images the model is for, instead of those of the spec; then no image is needed.

    Raises:
        SpecError: A layer, the loss or the optimizer does not fit.
        DataError: Only the images give their size or the classes, and they are missing.
        ResourceError: The model does not fit into memory.

    Example:
        >>> import cnncli
        >>> cnncli.summary(cnncli.load_spec("mnist.yaml")).rows[-1].output_shape
        (10,)
    """
    spec = loaded_spec(spec)
    with isolated():
        from cnncli.runner.summary import summary as summarize

        return summarize(spec, run)


def preview(spec: SpecLike, path: str | os.PathLike[str] | None = None, *, notice: Notice = warn) -> Image.Image:
    """Draws one training image of each class beside its augmented versions, as the first epochs train on them.

    Args:
        spec: Spec from `load_spec`, or what it takes; with or without augmentation.
        path: PNG file to write as well.
        notice: Receives a line about each download and about classes that are not shown; `warnings.warn` by default.

    Returns:
        A picture of Pillow's, which shows itself in a notebook.

    Raises:
        DataError: The images cannot be loaded, or a class has no training images.
        ResourceError: The file cannot be written.

    Example:
        >>> import cnncli
        >>> cnncli.preview(cnncli.load_spec("mnist.yaml"), "preview.png").format
        'PNG'
    """
    spec = loaded_spec(spec)
    require_images(spec.data)  # before TensorFlow is started
    with isolated():
        from cnncli.runner.preview import preview as draw

        return draw(spec, None if path is None else expanded(path), notice)


def train(
    spec: SpecLike,
    runs_dir: str | os.PathLike[str] = "runs",
    observers: Sequence[TrainingObserver] = (),
    *,
    command: Sequence[str] = (),
) -> Run:
    """Trains a spec, keeps the best weights, evaluates them on the test images and writes a run folder.

    Prints nothing; pass an observer to follow the training. After Ctrl-C or an exception the run folder is complete up
    to then and `Run.resume` continues it. Works in any thread; signal handlers are left alone.

    Args:
        spec: Spec from `load_spec`, or what it takes.
        runs_dir: Directory in which the run folder is created.
        observers: Receive the events of the training.
        command: Command line to record in environment.json.

    Returns:
        The finished run.

    Raises:
        SpecError: The spec is wrong, or the model cannot be built.
        DataError: Images are missing or cannot be read.
        RunError: A run whose weights the spec names is missing, or was changed.
        TrainingError: The loss or a weight became infinite or NaN.
        ResourceError: The directory is not writable, or memory or disk ran out.
        Interrupted: Ctrl-C, or an observer that asked for a stop; the run can be resumed.

    Example:
        >>> import cnncli
        >>> run = cnncli.train(cnncli.load_spec("mnist.yaml", {"train.epochs": 1}), runs_dir="runs")
        >>> run.path.name
        'mnist-001'
    """
    began = time.monotonic()
    spec = loaded_spec(spec)
    require_inputs_exist(spec.data, spec.model, expanded(runs_dir), spec.track)  # before TensorFlow is started
    require_writable(expanded(runs_dir))
    divide_processor(parts_of_processor(spec.train.devices))
    from cnncli.explain.topics import explained
    from cnncli.report import reports_beside
    from cnncli.runner.inputs.training_images import images_ahead

    threads = partial(choose_threads, spec)
    with reports_beside(explained) as reports, images_ahead(spec) as images, isolated(before_start=threads):
        from cnncli.api.run import Run
        from cnncli.runner.environment import tell_threads
        from cnncli.runner.train import train as run_training
        from cnncli.runner.training.observers import Observers

        tell_threads(spec, Observers(observers).on_notice)

        trained = run_training(
            spec, expanded(runs_dir), observers, command, began=began, images=images, reports=reports
        )
        return Run.of_training(trained)


def open_run(run: str | os.PathLike[str] | None = None, runs_dir: str | os.PathLike[str] = "runs") -> Run:
    """Opens a run; nothing is read before it is asked for.

    Args:
        run: Folder of a run, or the name of one in `runs_dir`; the newest finished run by default.
        runs_dir: Directory of runs.

    Raises:
        RunError: There is no such run, or it contains links.

    Example:
        >>> import cnncli
        >>> cnncli.open_run("runs/mnist-001").class_names[:3]
        ('0', '1', '2')
    """
    from cnncli.api.run import Run

    return Run(find_run(None if run is None else os.fspath(run), expanded(runs_dir)))
