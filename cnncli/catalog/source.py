"""Reads names, arguments, defaults and docstrings out of the installed Keras' source, without importing it.

Importing Keras takes seconds; parsing the one file a class lives in takes a fraction of a millisecond.
"""

from __future__ import annotations

import ast
import importlib.util
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cnncli.catalog.augmentations import GENERATOR, GENERATOR_WORDS

REQUIRED = "required"
"""Stands for the default of an argument that has none."""

_MODULES = {
    "layer": "layers",
    "optimizer": "optimizers",
    "schedule": "optimizers/schedules",
    "loss": "losses",
    "metric": "metrics",
    "callback": "callbacks",
    "initializer": "initializers",
    "regularizer": "regularizers",
    "constraint": "constraints",
    "activation": "activations",
    "augmentation": "layers",
}

# Arguments that a base class takes through **kwargs and that make sense in a spec.
_INHERITED = {"layer": {"name": None, "trainable": True, "dtype": None}}

# Arguments of Keras that are not a person's to set: they are for Keras itself, they name what cnncli names, or they
# are about sequences of batches.
_HIDDEN = {
    "": {"self", "name", "dtype"},
    "layer": {"self", "weights", "lora_rank", "lora_alpha", "quantization_config", "gptq_unpacked_column_size",
              "return_state", "stateful", "backward_layer", "renorm_clipping"},
    "loss": {"self", "name", "dtype", "reduction"},
    "metric": {"self", "dtype"},
    "callback": {"self", "verbose"},
    "initializer": {"self", "input_axes", "output_axes"},
    "activation": {"x"},
    "augmentation": {"self", "name", "dtype", "seed", "value_range", "data_format"},
}  # fmt: skip


@dataclass(frozen=True)
class Argument:
    """One argument of a Keras class.

    Args:
        name: as Keras spells it.
        default: its default as Python, or `REQUIRED`.
    """

    name: str
    default: Any

    @property
    def required(self) -> bool:
        """Whether a spec must give it."""
        return self.default is REQUIRED


@cache
def keras_folder() -> Path:
    """Where the installed Keras lives; `find_spec` looks it up without importing it."""
    spec = importlib.util.find_spec("keras")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("keras is not installed; 'pip install cnncli' installs it")
    return Path(spec.origin).parent


@cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def _module_file(module: str) -> Path:
    path = keras_folder().parent.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


@cache
def _imports(file: Path) -> dict[str, tuple[str, str]]:
    """What each name imported in a file is: `Conv2D` → (`keras.src.layers.convolutional.conv2d`, `Conv2D`)."""
    found = {}
    for node in ast.walk(_tree(file)):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                found[name.asname or name.name] = (node.module, name.name)
    return found


@cache
def _definition(file: Path, name: str) -> tuple[Path, ast.ClassDef | ast.FunctionDef] | None:
    """The class or function of this name, followed through imports to where it is written."""
    for node in _tree(file).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and node.name == name:
            return file, node
    if name in _imports(file):
        module, original = _imports(file)[name]
        submodule = _module_file(f"{module}.{original}")
        target = _module_file(module)
        if target.is_file() and target != file:
            return _definition(target, original)
        if submodule.is_file():
            return _definition(submodule, original)
    return None


def _find(family: str, name: str) -> tuple[Path, ast.ClassDef | ast.FunctionDef] | None:
    return _definition(keras_folder() / _MODULES[family] / "__init__.py", name)


def _initializer(file: Path, node: ast.ClassDef) -> ast.FunctionDef | None:
    """The class' own `__init__`, or the nearest one among its bases that says what it takes."""
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            return item
    for base in node.bases:
        name = base.id if isinstance(base, ast.Name) else base.attr if isinstance(base, ast.Attribute) else ""
        found = _definition(file, name)
        if found and isinstance(found[1], ast.ClassDef) and (function := _initializer(found[0], found[1])):
            return function
    return None


def _default(node: ast.expr | None, constants: dict[str, ast.expr]) -> Any:
    if node is None:
        return REQUIRED
    if isinstance(node, ast.Name) and node.id in constants:
        node = constants[node.id]
    try:
        return ast.literal_eval(node)
    except ValueError:
        return ast.unparse(node)


@cache
def _constants(file: Path) -> dict[str, ast.expr]:
    """What a file's own names for values stand for, such as `HORIZONTAL = "horizontal"`."""
    assigned = (node for node in _tree(file).body if isinstance(node, ast.Assign))
    return {name.id: node.value for node in assigned for name in node.targets if isinstance(name, ast.Name)}


@cache
def signature(family: str, name: str) -> dict[str, Argument]:
    """The arguments a spec may give to a Keras class or activation, by name and in Keras' order.

    Args:
        family: such as `layer` or `optimizer`.
        name: a name of the catalogue.
    """
    if name == "ImageDataGenerator":
        return {key: Argument(key, default) for key, default in GENERATOR.items()}
    found = _find(family, name)
    function: ast.FunctionDef | None = None
    constants: dict[str, ast.expr] = {}
    if found:
        file, node = found
        constants = _constants(file)
        function = node if isinstance(node, ast.FunctionDef) else _initializer(file, node)
    arguments: dict[str, Argument] = {}
    if function:
        signed = [*function.args.args, *function.args.kwonlyargs]
        defaults = [
            *[None] * (len(function.args.args) - len(function.args.defaults)),
            *function.args.defaults,
            *function.args.kw_defaults,
        ]
        arguments = {a.arg: Argument(a.arg, _default(d, constants)) for a, d in zip(signed, defaults, strict=True)}
    hidden = _HIDDEN.get(family, _HIDDEN[""])
    arguments = {key: argument for key, argument in arguments.items() if key not in hidden}
    for key, value in _INHERITED.get(family, {}).items():
        arguments.pop(key, None)
        arguments[key] = Argument(key, value)
    return arguments


@cache
def docstring(family: str, name: str) -> str:
    """Keras' own words on a class or function; empty when it has none."""
    if name == "ImageDataGenerator":
        return GENERATOR_WORDS
    found = _find(family, name)
    return (ast.get_docstring(found[1]) or "") if found else ""


def first_line(family: str, name: str) -> str:
    """The first sentence of Keras' docstring, on one line and without its full stop."""
    paragraph = docstring(family, name).split("\n\n")[0]
    return " ".join(paragraph.split()).split(". ")[0].rstrip(".").replace("`", "")
