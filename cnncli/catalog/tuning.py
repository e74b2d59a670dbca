"""The samplers, pruners and distributions of Optuna that a search may use, and what their arguments may be.

The list is closed, as that of Keras' names is, and written down: a spec is checked the same way whether or not Optuna
is installed. A test holds it against the installed Optuna.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from cnncli.catalog.entries import Entry
from cnncli.catalog.ranges import as_distribution
from cnncli.catalog.validators import (
    Validator,
    any_of,
    boolean,
    choice,
    fraction,
    number,
    optional,
    positive,
    validator,
    whole,
)
from cnncli.errors import KeyPath, Problem
from cnncli.wording import near_word, nearest, shown


@dataclass(frozen=True)
class _Arguments:
    """What a class takes."""

    required: Mapping[str, Validator] = field(default_factory=dict)
    optional: Mapping[str, Validator] = field(default_factory=dict)

    @property
    def all(self) -> dict[str, Validator]:
        return {**self.required, **self.optional}


_SAMPLERS = {
    "TPESampler": _Arguments(
        optional={
            "n_startup_trials": whole(0),
            "n_ei_candidates": whole(1),
            "prior_weight": positive,
            "multivariate": boolean,
            "group": boolean,
            "constant_liar": boolean,
        }
    ),
    "RandomSampler": _Arguments(),
    "GridSampler": _Arguments(),
    "QMCSampler": _Arguments(optional={"qmc_type": choice("sobol", "halton"), "scramble": boolean}),
    "CmaEsSampler": _Arguments(
        optional={
            "sigma0": positive,
            "n_startup_trials": whole(0),
            "popsize": whole(2),
            "consider_pruned_trials": boolean,
            "use_separable_cma": boolean,
            "with_margin": boolean,
            "lr_adapt": boolean,
        }
    ),
    "NSGAIISampler": _Arguments(
        optional={
            "population_size": whole(2),
            "mutation_prob": fraction,
            "crossover_prob": fraction,
            "swapping_prob": fraction,
        }
    ),
}

_auto = choice("auto")
_START = {
    "n_startup_trials": whole(0),
    "n_warmup_steps": whole(0),
    "interval_steps": whole(1),
    "n_min_trials": whole(1),
}
_PRUNERS: dict[str, _Arguments] = {
    "NopPruner": _Arguments(),
    "MedianPruner": _Arguments(optional=_START),
    "PercentilePruner": _Arguments({"percentile": number(0, 100)}, _START),
    "SuccessiveHalvingPruner": _Arguments(
        optional={
            "min_resource": any_of(whole(1), _auto),
            "reduction_factor": whole(2),
            "min_early_stopping_rate": whole(0),
            "bootstrap_count": whole(0),
        }
    ),
    "HyperbandPruner": _Arguments(
        optional={
            "min_resource": whole(1),
            "max_resource": any_of(whole(1), _auto),
            "reduction_factor": whole(2),
            "bootstrap_count": whole(0),
        }
    ),
    "ThresholdPruner": _Arguments(
        optional={
            "lower": optional(number()),
            "upper": optional(number()),
            "n_warmup_steps": whole(0),
            "interval_steps": whole(1),
        }
    ),
}


def _fits_choices(value: Any) -> bool:
    return isinstance(value, list) and len(value) > 1 and all(value.index(item) == i for i, item in enumerate(value))


_choices = validator(
    "a list of two or more different values", _fits_choices, {"type": "array", "minItems": 2, "uniqueItems": True}
)
_DISTRIBUTIONS = {
    "FloatDistribution": _Arguments(
        {"low": number(), "high": number()}, {"log": boolean, "step": optional(number(0, above=True))}
    ),
    "IntDistribution": _Arguments({"low": whole(), "high": whole()}, {"log": boolean, "step": whole(1)}),
    "CategoricalDistribution": _Arguments({"choices": _choices}),
}

_REFUSED = {
    "BruteForceSampler": "GridSampler tries every point as well",
    "GPSampler": "it needs PyTorch; TPESampler is the usual choice",
    "NSGAIIISampler": "it is for several metrics at once",
    "PartialFixedSampler": "leave the key out of 'space' to fix it",
    "WilcoxonPruner": "it compares parts of a data set, and a training reports epochs",
}


def _named(word: str, table: Mapping[str, _Arguments]) -> Validator:
    """The validator of an object that is written as `Name` or `Name: {argument: value}`; its value is an `Entry`."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        named = {value: None} if isinstance(value, str) else value
        if not isinstance(named, dict) or len(named) != 1:
            expected = f"the name of a {word}, or 'Name: {{argument: value}}'"
            problems.append(Problem(path, f"expected {expected}, got {shown(value)}"))
            return value
        name, arguments = next(iter(named.items()))
        if name not in table:
            problems.append(Problem(path, _unknown(word, str(name), table), at_key=isinstance(value, dict)))
            return value
        inside = path if isinstance(value, str) else (*path, name)
        return Entry(
            word, name, _arguments(name, table[name], {} if arguments is None else arguments, inside, problems)
        )

    properties = {
        name: {
            "type": ["object", "null"],
            "properties": {key: each.schema for key, each in arguments.all.items()},
            "required": list(arguments.required),
            "additionalProperties": False,
        }
        for name, arguments in table.items()
    }
    schema = {
        "anyOf": [
            {"enum": [name for name, arguments in table.items() if not arguments.required]},
            {"type": "object", "properties": properties, "additionalProperties": False, "minProperties": 1,
             "maxProperties": 1},
        ]
    }  # fmt: skip
    return Validator(f"a {word} of Optuna ({', '.join(table)})", accept, schema)


def _unknown(word: str, name: str, table: Mapping[str, _Arguments]) -> str:
    if name in _REFUSED:
        return f"'{name}' cannot be used: {_REFUSED[name]}"
    return f"unknown {word} '{name}'{nearest(name, table) or '; there are ' + ', '.join(table)}"


def _arguments(name: str, accepted: _Arguments, values: Any, path: KeyPath, problems: list[Problem]) -> dict[str, Any]:
    """The checked arguments of an object."""
    if not isinstance(values, dict):
        problems.append(Problem(path, f"expected the arguments of {name} as 'argument: value', got {shown(values)}"))
        return {}
    checked, known = {}, accepted.all
    misspelt = {near_word(str(key), known) for key in values if key not in known}
    for key, value in values.items():
        if key in known:
            checked[str(key)] = known[key].accept(value, (*path, key), problems)
        else:
            listed = f"; {name} takes {', '.join(known)}" if known else f"; {name} takes none"
            problems.append(Problem((*path, key), f"unknown argument{nearest(str(key), known) or listed}", at_key=True))
    if missing := [key for key in accepted.required if key not in values and key not in misspelt]:
        listed = " and ".join(f"'{key}'" for key in missing)
        problems.append(Problem(path, f"{name} needs {listed}", at_key=True))
    return checked


def _with_ranges(names: Validator) -> Validator:
    """Distributions whose ends fit together."""

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        before = len(problems)
        is_named = isinstance(value, str) or (isinstance(value, dict) and any(name in _DISTRIBUTIONS for name in value))
        if not is_named and (meant := as_distribution(value)):
            problems.append(Problem(path, f"expected a distribution, got {shown(value)}{meant}"))
            return value
        entry = names.accept(value, path, problems)
        if len(problems) == before and entry.name != "CategoricalDistribution":
            problems.extend(_wrong_range(entry, (*path, entry.name)))
        return entry

    return Validator(names.description, accept, names.schema)


def _wrong_range(entry: Entry, path: KeyPath) -> list[Problem]:
    low, high, step = entry.arguments["low"], entry.arguments["high"], entry.arguments.get("step")
    if not low < high:
        return [Problem((*path, "high"), f"expected a number above 'low', which is {low:g}; got {high:g}")]
    if entry.arguments.get("log") and low <= 0:
        return [Problem((*path, "low"), f"a logarithmic range begins above 0, got {low:g}")]
    if entry.arguments.get("log") and step not in (None, 1):
        return [Problem((*path, "step"), "a logarithmic range has no steps; leave out 'log' or 'step'")]
    if step and (left := (Decimal(str(high)) - Decimal(str(low))) % Decimal(str(step))):
        reached = Decimal(str(high)) - left
        beyond = reached + Decimal(str(step))
        message = f"steps of {step:g} from {low:g} do not reach {high:g}; write {float(reached):g} or {float(beyond):g}"
        return [Problem((*path, "high"), message)]
    return []


sampler = _named("sampler", _SAMPLERS)
_PRUNERS["PatientPruner"] = _Arguments(
    {"wrapped_pruner": _named("pruner", {**_PRUNERS}), "patience": whole(0)}, {"min_delta": number(0)}
)
pruner = _named("pruner", _PRUNERS)
distribution = _with_ranges(_named("distribution", _DISTRIBUTIONS))


def accepted_arguments() -> dict[str, tuple[str, ...]]:
    """The arguments of every class, by its name."""
    return {name: tuple(each.all) for table in (_SAMPLERS, _PRUNERS, _DISTRIBUTIONS) for name, each in table.items()}


def points_of(entry: Entry) -> list[Any] | None:
    """All values of a distribution, in order; None for a range without steps, which has no end of them."""
    arguments = entry.arguments
    if "choices" in arguments:
        return list(arguments["choices"])
    step = arguments.get("step") or (1 if entry.name == "IntDistribution" else None)
    if step is None or arguments.get("log"):
        return None
    low, high, by = (Decimal(str(value)) for value in (arguments["low"], arguments["high"], step))
    kind = int if entry.name == "IntDistribution" else float
    return [kind(low + index * by) for index in range(int((high - low) / by) + 1)]


def ends_of(entry: Entry) -> list[tuple[KeyPath, Any]]:
    """Values of a distribution that tell whether all of them can be used, each with its path within the arguments."""
    arguments = entry.arguments
    if "choices" in arguments:
        return [(("choices", index), value) for index, value in enumerate(arguments["choices"])]
    return [((key,), arguments[key]) for key in ("low", "high")]
