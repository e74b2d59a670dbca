"""What the processes of a training must have in common, and in which key they differ."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from cnncli import __version__
from cnncli.environment import ONEDNN, THREADS, result_variables
from cnncli.errors import CnncliError, DataError, KeyPath, Problem, ResourceError, SpecError
from cnncli.wording import shown
from cnncli.workers.addresses import Workers

_PACKAGES = ("tensorflow", "keras", "numpy", "pillow")
_MISSING = "none"
_SAME_SPEC = "give every rank the same spec and options"
_SAME_VERSIONS = "install the same versions on every machine"


@dataclass(frozen=True)
class Difference:
    """Something in which a process differs from that of rank 0.

    Args:
        kind: `spec`, `data` or `machine`.
        message: Who has what.
        hint: What to do about it.
        path: The key of the spec.
    """

    kind: str
    message: str
    hint: str
    path: KeyPath = ()

    def error(self) -> CnncliError:
        """As it is raised by every process."""
        if self.kind == "spec":
            return SpecError([Problem(self.path, f"{self.message}; {self.hint}")])
        return (DataError if self.kind == "data" else ResourceError)(self.message, self.hint)

    def plain(self) -> dict[str, Any]:
        """As a message has it."""
        return asdict(self)


def facts_of(command: str, spec: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """What a process says of itself before the others start with it.

    Args:
        command: `train` or `resume`.
        spec: The spec as plain values, without what may be elsewhere on each machine; empty if rank 0 has it.
        options: What else decides on the results.
    """
    versions = {"cnncli": __version__, "Python": ".".join(map(str, sys.version_info[:3]))}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = _MISSING
    variables = {name: value for name, value in result_variables().items() if name not in (ONEDNN, THREADS)}
    program = {"the command": f"cnncli {command}", **options}
    return {"program": program, "versions": versions, "variables": variables, "code": _code(), "spec": dict(spec)}


def difference(facts: Sequence[Mapping[str, Any]], workers: Workers) -> Difference | None:
    """The first thing in which a process differs from that of rank 0."""
    chief = facts[0]
    for rank, own in enumerate(facts[1:], start=1):
        who = (workers.name(rank), workers.name(0))
        for key, here, there in _differing(own["program"], chief["program"]):
            return Difference("machine", _has(who, f"{key} ", here, there), "start all of them with the same options")
        for key, here, there in _differing(own["versions"], chief["versions"]):
            return Difference("machine", _has(who, f"{key} ", here, there), _SAME_VERSIONS)
        for key, here, there in _differing(own["variables"], chief["variables"]):
            return Difference("machine", _has(who, f"{key}=", here, there), "set the same variables for every rank")
        if own["code"] != chief["code"]:
            message = f"{who[0]} has other code of cnncli than {who[1]}, of the same version"
            return Difference("machine", message, _SAME_VERSIONS)
        for path, here, there in _differing_keys(own["spec"], chief["spec"]):
            return Difference("spec", _has(who, "", shown(here), shown(there)), _SAME_SPEC, path)
    return None


def digest(values: Iterable[Any]) -> str:
    """A short hash of texts and bytes."""
    hashed = hashlib.blake2b(digest_size=16)
    for value in values:
        data = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
        hashed.update(len(data).to_bytes(8, "little") + data)
    return hashed.hexdigest()


def _has(who: tuple[str, str], key: str, here: Any, there: Any) -> str:
    """Who has what, such as `rank 1 (b:5000) has keras 3.15.0, and rank 0 (a:5000) has 3.15.1`."""
    return f"{who[0]} has {key}{here}, and {who[1]} has {there}"


def _differing(own: Mapping[str, Any], chief: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys([*chief, *own]):
        if own.get(key, _MISSING) != chief.get(key, _MISSING):
            yield key, own.get(key, _MISSING), chief.get(key, _MISSING)


def _differing_keys(own: Any, chief: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any, Any]]:
    """The keys of two plain values that differ, as deep as possible."""
    if isinstance(own, Mapping) and isinstance(chief, Mapping):
        for key in dict.fromkeys([*chief, *own]):
            yield from _differing_keys(own.get(key, _MISSING), chief.get(key, _MISSING), (*path, key))
    elif isinstance(own, list) and isinstance(chief, list) and len(own) == len(chief):
        for number, (here, there) in enumerate(zip(own, chief, strict=True)):
            yield from _differing_keys(here, there, (*path, number))
    elif own != chief:
        yield path, own, chief


def _code() -> str:
    """A hash of the program itself."""
    folder = Path(__file__).parents[1]
    return digest([part for file in sorted(folder.rglob("*.py")) for part in (file.name, file.read_bytes())])
