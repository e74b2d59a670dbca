"""The sets of classes of a run: thresholds from its validation images, and what they were worth on its test images."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from cnncli.errors import RunError
from cnncli.insight.probabilities import of_logits, with_temperature
from cnncli.insight.sets import ClassSets, MeasuredSets, fit_sets, least_images, measure_sets
from cnncli.notices import ignore
from cnncli.runner.stored_logits import FILE, StoredLogits, stored_logits
from cnncli.runner.temperature import temperature_for
from cnncli.wording import counted, in_shell

if TYPE_CHECKING:
    from cnncli.runner.open_run import OpenRun, Weights


@dataclass(frozen=True)
class RunSets:
    """Sets of classes of a run, at one level.

    Args:
        sets: What belongs into them.
        measured: What they were worth on the test images; None without logits of these.
    """

    sets: ClassSets
    measured: MeasuredSets | None

    @property
    def thresholds(self) -> np.ndarray:
        """The largest -ln p with which a class is in the set, shape `(classes,)`, float64; infinite: it always is."""
        return self.sets.thresholds

    @property
    def sentence(self) -> str:
        """What is promised, on which condition, and what was measured, in lines."""
        level = self.sets.level
        promise = (
            f"sets: they hold the right class in {100 * level:g} % of images like the validation images;\n"
            "nothing is promised of a single image, or of images from elsewhere"
        )
        if self.measured is None:
            return promise
        return f"{promise}\ntest images: {self.measured.sentence(level)}".replace("; ", ";\n")

    def members(self, probabilities: np.ndarray) -> list[list[int]]:
        """The classes in the set of each image, as indices, most probable first; `(images, classes)` go in."""
        order = np.argsort(-probabilities, axis=1, kind="stable")  # (images, classes)
        is_member = np.take_along_axis(self.sets.members(probabilities), order, axis=1)
        return [ranked[inside].tolist() for ranked, inside in zip(order, is_member, strict=True)]


def class_sets(
    run: OpenRun, level: float, weights: Weights, allow_changed_weights: bool, calibrated: bool | None
) -> RunSets:
    """The sets of a run at a level, for its probabilities, calibrated or not.

    Raises:
        ValueError: The level is not between 0 and 1.
        RunError: There are no validation images of its own, too few, no logits of them, or other weights answer.
    """
    if not 0 < level < 1:
        instead = f"; did you mean {level / 100:g}?" if 1 < level < 100 else ""
        raise ValueError(f"a coverage lies between 0 and 1, such as 0.95; got {level:g}{instead}")
    validation = validation_logits(run, f"sets at {level:g}", weights, allow_changed_weights)
    temperature = temperature_for(run, calibrated, weights, ignore)
    sets = fit_sets(_probabilities(validation.logits, temperature), validation.labels, level)
    if sets is None:
        images = len(validation.labels)
        enough = math.floor(1000 * images / (images + 1)) / 1000
        raise RunError(
            f"sets at {level:g} need {counted(least_images(level), 'validation image')}, and this run has {images:,}",
            f"ask for a coverage of at most {enough:g}",
        )
    test = stored_logits(run, "test")
    if test is None:
        return RunSets(sets, None)
    groups = np.zeros(len(test.labels), np.int64) if run.metrics.get("groups") else None  # then there is no interval
    return RunSets(sets, measure_sets(sets, _probabilities(test.logits, temperature), test.labels, groups))


def _probabilities(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The same as an engine gives, which has few digits left of small probabilities."""
    probabilities = of_logits(logits)
    return probabilities if temperature == 1 else with_temperature(probabilities, temperature)


def validation_logits(run: OpenRun, wanted: str, weights: Weights, allow_changed_weights: bool) -> StoredLogits:
    """The logits that thresholds are taken from.

    Args:
        run: The run.
        wanted: What needs them, in the plural, for messages.
        weights: The weights that answer.
        allow_changed_weights: Whether these may be others than the run's.

    Raises:
        RunError: There are none, or other weights answer.
    """
    if weights != "best":
        raise RunError(f"{wanted} have thresholds for the best weights alone", f"leave out --weights {weights}")
    if allow_changed_weights:
        raise RunError(
            f"{wanted} have thresholds for the weights as they were trained", "leave out --allow-changed-weights"
        )
    validation = stored_logits(run, "validation")
    if validation is not None:
        return validation
    if (run.path / FILE).exists():
        raise RunError(
            f"{wanted} take their thresholds from validation images, and '{run.path}' has none of its own",
            "train with data.split.validation: 0.1, for example",
        )
    if run.metrics.get("log_loss", 0) is None:
        raise RunError(
            f"{wanted} need probabilities, and the outputs of this network for an image do not add up to 1",
            "end it in a softmax, or in one sigmoid unit for two classes",
        )
    raise RunError(
        f"'{run.path}' has no {FILE}, from which {wanted} take their thresholds",
        f"write it, also for a run of an older version: cnncli evaluate {in_shell(run.path)} --write",
    )
