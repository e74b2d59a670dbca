"""The four functions of the Python API."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnncli.api.run import Run
from cnncli.isolation import isolated
from cnncli.runs import find_run
from cnncli.spec import Spec, load

if TYPE_CHECKING:
    import keras

    from cnncli.observer import TrainingObserver


def load_spec(source: str | os.PathLike[str] | Mapping[str, Any], overrides: Mapping[str, Any] | None = None) -> Spec:
    """Reads and checks a spec; TensorFlow is not started.

    Args:
        source: Path of a YAML file, YAML text, or the same as nested dicts and lists. A `str` with a line break is
            text, any other `str` a path.
        overrides: Values to set by their keys, as `--set` does: `{"train.epochs": 5}`.

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
    return load(source, overrides or {}).spec


def build_model(spec: Spec) -> keras.Model:
    """Builds the model of a spec with initial weights; the same seed gives the same weights.

    The images are only loaded where the spec leaves their size or the classes open. A model with
    `standardize: featurewise` has no statistics of the images yet: its mean is 0 and its deviation 1.

    Args:
        spec: Spec from `load_spec`.

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
    with isolated():
        from cnncli.runner.inputs.splits import load_input_spec
        from cnncli.runner.model.build import build_model as build

        return build(spec, load_input_spec(spec.data))


def train(
    spec: Spec,
    runs_dir: str | os.PathLike[str] = "runs",
    observers: Sequence[TrainingObserver] = (),
    *,
    command: Sequence[str] = (),
) -> Run:
    """Trains a spec, keeps the best weights, evaluates them on the test images and writes a run folder.

    Prints nothing; pass an observer to follow the training. After Ctrl-C or an exception the run folder is complete up
    to then and `Run.resume` continues it. Works in any thread; signal handlers are left alone.

    Args:
        spec: Spec from `load_spec`.
        runs_dir: Directory in which the run folder is created.
        observers: Receive the events of the training.
        command: Command line to record in environment.json.

    Returns:
        The finished run.

    Raises:
        SpecError: The model cannot be built.
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
    with isolated():
        from cnncli.runner.train import train as run_training

        return Run.of_training(run_training(spec, Path(runs_dir), observers, command))


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
    return Run(find_run(None if run is None else os.fspath(run), Path(runs_dir)))
