"""Where weights that a training begins with can come from: `imagenet`, a file, or an earlier run."""

from __future__ import annotations

from typing import Any

from cnncli.catalog.validators import Validator
from cnncli.errors import KeyPath, Problem
from cnncli.wording import nearest, shown

IMAGENET = "imagenet"
SUFFIXES = (".h5", ".hdf5", ".keras")
_RUN = "{run: FOLDER}"
_RUN_SCHEMA = {
    "type": "object",
    "properties": {"run": {"type": "string", "description": "Folder or name of an earlier run"}},
    "required": ["run"],
    "additionalProperties": False,
}
_FILE_SCHEMA = {
    "type": "string",
    "pattern": r"\.([hH]5|[hH][dD][fF]5|[kK][eE][rR][aA][sS])$",
    "description": "A file of weights",
}


def _weights_kind(*, imagenet: bool) -> Validator:
    """The path of a file, a mapping with the key `run`, nothing; where there are any, those of ImageNet."""
    words = f"the path of a weights file (.weights.h5, .keras), {_RUN} for an earlier run, or null"
    if imagenet:
        words = f"'{IMAGENET}', {words}"

    def accept(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
        if value is None or (imagenet and value == IMAGENET):
            return value
        if isinstance(value, dict):
            problems.extend(_wrong_run(value, path))
        elif value == IMAGENET:
            problems.append(Problem(path, "ImageNet weights belong to a backbone: set its own 'weights'"))
        elif not isinstance(value, str) or not value.lower().endswith(SUFFIXES):
            near = nearest(value, [IMAGENET]) if imagenet and isinstance(value, str) else ""
            problems.append(Problem(path, f"expected {words}; got {shown(value)}{near}"))
        return value

    options = [*([{"const": IMAGENET}] * imagenet), _FILE_SCHEMA, _RUN_SCHEMA, {"type": "null"}]
    return Validator(words, accept, {"anyOf": options})


def _wrong_run(value: dict[Any, Any], path: KeyPath) -> list[Problem]:
    for key in value:
        if key != "run":
            return [Problem((*path, key), f"expected the key 'run' alone: {_RUN}; got '{key}'", at_key=True)]
    run = value.get("run", "")
    if not isinstance(run, str) or not run.strip():
        return [Problem((*path, "run"), f"expected the folder or name of an earlier run, got {shown(run)}")]
    return []


backbone_weights = _weights_kind(imagenet=True)
model_weights = _weights_kind(imagenet=False)
