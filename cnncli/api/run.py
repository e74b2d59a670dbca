"""An opened run and what can be done with it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from cnncli.api.heatmap import HeatMappedRun
from cnncli.environment import divide_processor
from cnncli.errors import RunError
from cnncli.isolation import isolated, isolated_images
from cnncli.machine import expanded
from cnncli.notices import Notice, warn
from cnncli.records.html import html_table
from cnncli.runner.inputs.data_record import require_split
from cnncli.runner.inputs.other_images import other_images
from cnncli.runner.inputs.preconditions import images_of_run, require_weights
from cnncli.runner.open_run import OpenRun, Weights
from cnncli.runner.resume_plan import plan_resume
from cnncli.runner.threads import choose_threads
from cnncli.runner.training.new_place import name_place, require_same_images
from cnncli.runner.training.observers import Observers
from cnncli.runner.views.allowed import required_views
from cnncli.spec.sections.devices import parts_of_processor
from cnncli.wording import in_shell

if TYPE_CHECKING:
    from cnncli.api.results import EvaluationResult
    from cnncli.observer import TrainingObserver
    from cnncli.records import Reproduction
    from cnncli.runner.training.results import TrainingResult


class Run(HeatMappedRun):
    """A run folder: what a training left, and what can be done with it. Made by `cnncli.open_run` and `cnncli.train`.

    Each file is read when it is first asked for, and once. Shows itself as a table in a notebook.

    Args:
        folder: Folder of the run.

    Example:
        >>> import cnncli
        >>> run = cnncli.open_run("runs/mnist-001")
        >>> run.state, run.history.best, run.class_names[:3]
        ('finished', 1, ('0', '1', '2'))
        >>> run.metrics["accuracy"] > 0.3
        True
    """

    @classmethod
    def of_training(cls, result: TrainingResult) -> Run:
        """The run of a training that has just ended, which need not be evaluated again."""
        from cnncli.api.results import EvaluationResult

        run = cls(result.run)
        run.history = result.history
        if result.evaluation is not None:
            run._evaluated = EvaluationResult.of(result.evaluation, result.report)
        if result.trained is not None:
            from cnncli.runner.prepare import prepare_after_training

            prepare_after_training(run, result.trained)
        return run

    @property
    def state(self) -> str:
        """`running`, `finished`, `interrupted`, `diverged` or `failed`.

        Raises:
            RunError: status.json is missing or damaged.
        """
        return str(self.status.get("state"))

    model = isolated()(OpenRun.model)

    def evaluate(
        self,
        split: Literal["train", "validation", "test"] | None = None,
        *,
        weights: Weights = "best",
        data: str | os.PathLike[str] | None = None,
        on: str | os.PathLike[str] | None = None,
        allow_changed_weights: bool = False,
        notice: Notice = warn,
        write: bool = False,
        tta: bool = False,
    ) -> EvaluationResult:
        """Measures weights on the images of a split, or on other labelled images; writes nothing unless asked to.

        Args:
            split: The split: `test` by default, of `on` the only one.
            weights: `best`, those of the best epoch; or `last`, those at the end of the training.
            data: Where the images are now, if they were moved; only those of the split need be there.
            on: Other images: a folder with a folder for each class, or with such folders for each split, or a table.
                Their classes have the names of the run's, or those that the spec renamed; not all need be there.
            allow_changed_weights: Accept weights whose checksum does not match the run.
            notice: Receives warnings, such as that images have changed; `warnings.warn` by default.
            write: Write the results into the run, as its training does: a run of an older version gets the files that
                it lacks. Only of the best weights on the run's own test images; those for validation are needed, too.
            tta: Measure as well what test-time augmentation brings: the mean answer to several views of each image, as
                the flips and shifts of the spec's `augment` allow. The other figures stay those of one view.

        Raises:
            ValueError: `write` with another split, other weights or other images.
            DataError: Images are missing, or have classes that the run does not know.
            RunError: The run is incomplete, or has no such split or weights, or for `tta` no flips or shifts.

        Example:
            >>> import cnncli
            >>> result = cnncli.open_run("runs/mnist-001").evaluate("validation")
            >>> result.split, len(result.predictions)
            ('validation', 100)
        """
        of_training = split in (None, "test") and (weights, on) == ("best", None)
        if write and not of_training:
            raise ValueError("write is for the best weights on the run's own test images")
        if self._evaluated and of_training and data is None and not write and not tta:
            return self._evaluated
        moved, other = (None if path is None else expanded(path) for path in (data, on))
        with self._measuring(weights, allow_changed_weights, moved, other), isolated_images():
            if tta:
                required_views(self)
            labelled = None
            if other is None:
                require_split(self.data_record, split or "test")
            else:
                labelled = other_images(other, split, self.spec.data, self.data_record, notice)
            with isolated(before_start=self.apply_recorded_threading):
                from cnncli.api.results import EvaluationResult
                from cnncli.runner.evaluate import evaluate, evaluate_again

                if write:
                    return EvaluationResult.of(evaluate_again(self, notice, moved, allow_changed_weights, tta))
                return EvaluationResult.of(
                    evaluate(self, split, notice, moved, allow_changed_weights, weights, labelled, tta)
                )

    _evaluated: EvaluationResult | None = None

    def resume(
        self,
        epochs: int | None = None,
        observers: Sequence[TrainingObserver] = (),
        *,
        data: str | os.PathLike[str] | None = None,
        devices: int | str | Sequence[str] | None = None,
        command: Sequence[str] = (),
    ) -> Run:
        """Continues an interrupted training; the result is that of a training without the interruption.

        Args:
            epochs: Total number of epochs, in place of the spec's.
            observers: Receive the events of the training.
            data: Where the images are now, if they were moved; the run names this place from then on.
            devices: What shares each step from here on, in place of the spec's `train.devices`.
            command: Command line to record in environment.json.

        Returns:
            The run as it is afterwards; this very object when nothing remained to be trained.

        Raises:
            RunError: Another process is training it, it diverged, or its records are damaged.
            SpecError: The devices are no such value, or cannot train the spec.
            DataError: Its images are missing or have changed.
            TrainingError: The loss or a weight became infinite or NaN.
            ResourceError: The folder is not writable, memory or disk ran out, or the machine has not the devices.
            Interrupted: Ctrl-C, or an observer that requested a stop; the run can be resumed again.

        Example:
            >>> import cnncli
            >>> run = cnncli.open_run("runs/mnist-001").resume()
            >>> run.state
            'finished'
        """
        with self.folder.locked():
            current = Run(self.folder)  # nobody else changes it from here on
            moved = None if data is None else expanded(data)
            spec = plan_resume(current, epochs, devices, moved)
            if spec is None:
                if moved is not None:
                    with images_of_run(current.spec.data, moved):
                        require_same_images(current, moved, Observers(observers).on_notice)
                    name_place(self, moved)
                return self
            divide_processor(parts_of_processor(spec.train.devices))
            from cnncli.explain.topics import explained
            from cnncli.report import reports_beside

            if not self.folder.data.exists():  # it ended before its first step
                require_weights(spec.model, self.path.parent)
            with (
                images_of_run(spec.data, moved),
                reports_beside(explained) as reports,
                isolated(before_start=lambda: choose_threads(spec, current)),
            ):
                from cnncli.runner.resume import resume

                return Run.of_training(resume(current, spec, observers, command, reports=reports))

    def track(self, *trackers: str) -> tuple[str, ...]:
        """Sends this run to trackers, finished or not; what they have is not sent again.

        Args:
            trackers: `TensorBoard`, `MLflow`, or with arguments `MLflow: {tracking_uri: http://localhost:5000}`; those
                of the spec by default.

        Returns:
            For each tracker what it has now, and where.

        Raises:
            SpecError: A tracker is unknown.
            RunError: The spec names no tracker.
            ResourceError: The package of a tracker is missing, or its server does not answer.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").track("TensorBoard")
            ('1 epoch; to see them: tensorboard --logdir runs',)
        """
        from cnncli.spec.sections.trackers import parse_trackers
        from cnncli.track import send_runs

        texts = []
        for sent in send_runs([self.folder], parse_trackers(trackers, "track")):
            if sent.error is not None:
                raise sent.error
            texts.append(sent.text)
        return tuple(texts)

    def reproduce(
        self,
        runs_dir: str | os.PathLike[str] | None = None,
        observers: Sequence[TrainingObserver] = (),
        *,
        data: str | os.PathLike[str] | None = None,
        command: Sequence[str] = (),
    ) -> Reproduction:
        """Trains the spec of this finished run again, into a new run, and compares the two.

        Args:
            runs_dir: Directory of the new run; that of this run by default.
            observers: Receive the events of the training.
            data: Where the images are now, if they were moved; the new run names this place.
            command: Command line to record in environment.json.

        Raises:
            RunError: The run is not finished, or its records are damaged.
            DataError: Its images are missing or have changed.
            CnncliError: Whatever ends a training.

        Example:
            >>> import cnncli
            >>> cnncli.open_run("runs/mnist-001").reproduce().is_same
            True
        """
        current = Run(self.folder)  # it may have been resumed since this one was opened
        if current.state != "finished":
            raise RunError(f"'{self.path}' is not finished", f"finish it first: cnncli resume {in_shell(self.path)}")
        folder = self.path.parent if runs_dir is None else expanded(runs_dir)
        moved = None if data is None else expanded(data)
        require_weights(current.spec.model, self.path.parent)
        with images_of_run(current.spec.data, moved), isolated(before_start=current.apply_recorded_threading):
            from cnncli.runner.reproduce import reproduce

            return reproduce(current, folder, observers, command, moved)

    def __repr__(self) -> str:
        return f"Run({str(self.path)!r})"

    def _repr_html_(self) -> str:
        figures = [(name, f"{value:.4f}") for name, value in self.metrics.items() if isinstance(value, float)]
        return html_table((str(self.path), self.state), figures)
