"""How ranges and choices of other libraries are written as distributions: `[16, 32]`, `{min: 1, max: 9}`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cnncli.catalog.source import as_yaml
from cnncli.catalog.validators import is_number, is_whole

_CHOICES = ("choice", "choices", "values", "categorical", "options", "grid")
_RANGES = ("uniform", "range", "float", "int", "quniform", "randint", "loguniform", "qloguniform", "loguniformvalues")
_ENDS = (("low", "high"), ("min", "max"), ("from", "to"), ("lower", "upper"), ("start", "stop"))


def as_distribution(value: Any) -> str:
    """The end of a message about what is no distribution, with the one that it means; empty where that is not clear."""
    meant = _choices(value) if isinstance(value, list) else _of_mapping(value) if isinstance(value, dict) else None
    return f"; write '{as_yaml(meant)}'" if meant else ""


def _of_mapping(value: Mapping[str, Any]) -> Mapping[str, Any] | None:
    for low, high in _ENDS:
        if low in value and high in value:
            return _range(value[low], value[high], bool(value.get("log")) or value.get("scale") == "log")
    if len(value) != 1:
        return None
    ((word, inner),) = value.items()
    name = str(word).removeprefix("suggest_").replace("_", "").lower()
    if name in _CHOICES and isinstance(inner, list):
        return _choices(inner)
    if name in _RANGES and isinstance(inner, list) and len(inner) == 2:
        return _range(inner[0], inner[1], "log" in name)
    if name in _RANGES and isinstance(inner, dict):
        return _of_mapping({**inner, **({"log": True} if "log" in name else {})})
    return None


def _choices(values: list[Any]) -> Mapping[str, Any] | None:
    return {"CategoricalDistribution": {"choices": values}} if len(values) > 1 else None


def _range(low: Any, high: Any, log: bool) -> Mapping[str, Any] | None:
    if not is_number(low) or not is_number(high):
        return None
    kind = "IntDistribution" if is_whole(low) and is_whole(high) else "FloatDistribution"
    return {kind: {"low": low, "high": high, **({"log": True} if log else {})}}
