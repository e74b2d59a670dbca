"""Learning rates of single weights, as multiples of that of the optimizer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from cnncli.errors import Problem, SpecError
from cnncli.factory.freezing import all_weights
from cnncli.spec.rate_factors import RATE_FACTORS
from cnncli.wording import nearest

if TYPE_CHECKING:
    import keras

_SHOWN = 4


def factors_of_weights(model: keras.Model, factors: Mapping[str, float]) -> tuple[float, ...]:
    """The factor of each weight that trains, in the order of `model.trainable_weights`.

    Args:
        model: Built model.
        factors: Factors by pattern of the weights, named as by `all_weights`; the first that matches counts, and a
            weight that no pattern matches has 1.

    Raises:
        SpecError: A pattern matches no weight.
    """
    names = {id(weight): name for name, weight in all_weights(model).items()}
    known = list(names.values())
    unknown = [pattern for pattern in factors if not any(fnmatchcase(name, pattern) for name in known)]
    if unknown:
        raise SpecError([Problem((*RATE_FACTORS, each), _unknown(each, known), at_key=True) for each in unknown])
    return tuple(_factor(names[id(weight)], factors) for weight in model.trainable_weights)


def multiply_rates(optimizer: Any, factors: Sequence[float]) -> None:
    """Lets an optimizer update each of its variables at a multiple of its learning rate; weight decay stays as it is.

    Args:
        optimizer: Keras optimizer.
        factors: One for each of its variables, in order; none for the rate itself.
    """
    if not factors:
        return
    update = optimizer.update_step

    def update_multiplied(gradient: Any, variable: Any, rate: Any) -> None:
        update(gradient, variable, rate * factors[optimizer._get_variable_index(variable)])

    optimizer.update_step, optimizer.rate_factors = update_multiplied, factors


def rate_factors_of(optimizer: Any) -> Sequence[float]:
    """The factors that `multiply_rates` has given an optimizer."""
    return getattr(optimizer, "rate_factors", ())


def _factor(name: str, factors: Mapping[str, float]) -> float:
    return next((factor for pattern, factor in factors.items() if fnmatchcase(name, pattern)), 1.0)


def _unknown(pattern: str, names: Sequence[str]) -> str:
    hint = nearest(pattern, names) or f"; the first are {', '.join(names[:_SHOWN])}"
    return f"no weight is called '{pattern}'{hint}"
