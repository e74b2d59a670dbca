"""What each argument of each Keras class may be.

Keras' signatures give the names and defaults of arguments, not their types. An argument means the same wherever it
appears, so it is described once for its family. Layers, where a few differ, have a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable

from cnncli.catalog.augmentations import augmentation_argument
from cnncli.catalog.layer_arguments import LayerArguments
from cnncli.catalog.validators import (
    Validator,
    any_of,
    axis,
    below_one,
    boolean,
    choice,
    fraction,
    list_of,
    not_negative,
    number,
    positive,
    text,
    whole,
)

_size = whole(1, words=("classes",))
_steps = whole(1, words=("total_steps",))
_warmup = whole(0, words=("total_steps",))
_thresholds = any_of(fraction, list_of(fraction))

_FAMILY: dict[str, dict[str, Validator]] = {
    "optimizer": {
        "adam_beta_1": below_one,
        "adam_beta_2": below_one,
        "adam_lr_ratio": positive,
        "adam_weight_decay": not_negative,
        "amsgrad": boolean,
        "beta": not_negative,
        "beta_1": below_one,
        "beta_2": below_one,
        "beta_2_decay": number(),
        "centered": boolean,
        "clip_threshold": positive,
        "clipnorm": positive,
        "clipvalue": positive,
        "global_clipnorm": positive,
        "ema_momentum": fraction,
        "ema_overwrite_frequency": whole(1),
        "epsilon": positive,
        "epsilon_1": positive,
        "epsilon_2": positive,
        "exclude_embeddings": boolean,
        "exclude_layers": list_of(text),
        "gradient_accumulation_steps": whole(2),
        "initial_accumulator_value": not_negative,
        "l1_regularization_strength": not_negative,
        "l2_regularization_strength": not_negative,
        "l2_shrinkage_regularization_strength": not_negative,
        "learning_rate_power": number(),
        "loss_scale_factor": positive,
        "momentum": fraction,
        "muon_a": number(),
        "muon_b": number(),
        "muon_c": number(),
        "nesterov": boolean,
        "ns_steps": whole(1),
        "relative_step": boolean,
        "rho": below_one,
        "rms_rate": positive,
        "use_ema": boolean,
        "warmup_steps": _warmup,
        "weight_decay": not_negative,
    },
    "schedule": {
        "alpha": not_negative,
        "boundaries": list_of(whole(1)),
        "cycle": boolean,
        "decay_rate": positive,
        "decay_steps": _steps,
        "end_learning_rate": not_negative,
        "first_decay_steps": _steps,
        "initial_learning_rate": not_negative,
        "m_mul": positive,
        "power": positive,
        "staircase": boolean,
        "t_mul": positive,
        "values": list_of(not_negative),
        "warmup_steps": _warmup,
        "warmup_target": positive,
    },
    "loss": {
        "alpha": fraction,
        "apply_class_balancing": boolean,
        "axis": axis,
        "beta": fraction,
        "delta": positive,
        "from_logits": boolean,
        "gamma": not_negative,
        "ignore_class": whole(0),
        "label_smoothing": fraction,
        "margin": number(),
        "q": fraction,
        "remove_diagonal": boolean,
    },
    "metric": {
        "average": choice("micro", "macro", "weighted"),
        "axis": axis,
        "beta": positive,
        "class_id": whole(0),
        "curve": choice("ROC", "PR"),
        "from_logits": boolean,
        "from_sorted_ids": boolean,
        "ignore_class": whole(0),
        "k": whole(1),
        "label_smoothing": fraction,
        "label_weights": list_of(not_negative),
        "multi_label": boolean,
        "name": text,
        "num_classes": _size,
        "num_labels": _size,
        "num_thresholds": whole(2),
        "precision": fraction,
        "recall": fraction,
        "sensitivity": fraction,
        "sparse_y_pred": boolean,
        "specificity": fraction,
        "summation_method": choice("interpolation", "majoring", "minoring"),
        "target_class_ids": list_of(whole(0)),
        "threshold": fraction,
        "thresholds": _thresholds,
        "top_k": whole(1),
    },
    "callback": {
        "baseline": number(),
        "cooldown": whole(0),
        "factor": number(0, 1, above=True, below=True),
        "min_delta": not_negative,
        "min_lr": not_negative,
        "mode": choice("auto", "min", "max"),
        "monitor": text,
        "patience": whole(0),
        "raise_error": boolean,
        "restore_best_weights": boolean,
        "start_from_epoch": whole(0),
        "swap_on_epoch": boolean,
    },
    "initializer": {
        "distribution": choice("truncated_normal", "untruncated_normal", "normal", "uniform"),
        "gain": number(),
        "maxval": number(),
        "mean": number(),
        "minval": number(),
        "mode": choice("fan_in", "fan_out", "fan_avg"),
        "scale": positive,
        "seed": whole(0),
        "stddev": not_negative,
        "value": number(),
    },
    "regularizer": {
        "factor": not_negative,
        "l1": not_negative,
        "l2": not_negative,
        "mode": choice("rows", "columns"),
    },
    "constraint": {
        "axis": axis,
        "max_value": not_negative,
        "min_value": not_negative,
        "rate": fraction,
    },
}


class ArgumentValidators:
    """The validators of all arguments.

    Args:
        entry: Gives the validator of an argument that is itself an object of a family, such as a schedule.
    """

    def __init__(self, entry: Callable[[str], Validator]) -> None:
        self._layers = LayerArguments(entry)
        self._learning_rate = any_of(positive, entry("schedule"))

    def of(self, family: str, name: str, argument: str) -> Validator:
        """What an argument of a class may be.

        Args:
            family: Such as `layer`.
            name: The class, such as `Conv2D`.
            argument: One of the class' arguments.

        Raises:
            KeyError: The tables lack this argument. The tests make sure that there is no such argument.
        """
        if family == "layer":
            return self._layers.of(name, argument)
        if family == "augmentation":
            return augmentation_argument(name, argument)
        if (family, argument) == ("optimizer", "learning_rate"):
            return self._learning_rate
        return _FAMILY[family][argument]
