"""What an error of the command line was probably meant to be: a key of the spec, a file, a place beside the spec."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from cnncli.errors import CnncliError, DataError
from cnncli.wording import in_shell


def usage_hint(error: click.ClickException, arguments: Sequence[str]) -> str:
    """A sentence for an error of options and arguments, given those of the command line; otherwise empty."""
    if not isinstance(error, click.UsageError):
        return ""
    of_option = _key_instead(error, arguments) if isinstance(error, click.NoSuchOption) else ""
    return _file_instead(arguments) or of_option or _option_instead(error, arguments)


def missing_hint(error: CnncliError, arguments: Sequence[str]) -> str:
    """What to do where something is not there, given the arguments of the command line; otherwise empty."""
    if not isinstance(error, DataError) or not error.not_there:
        return ""
    from cnncli.runner.inputs.preconditions import beside_the_spec

    if beside := next(filter(None, (beside_the_spec(error, spec) for spec in _specs_among(arguments))), ""):
        return beside
    return _ours(Path(error.not_there)) if os.fspath(error.not_there) in arguments else ""


_OPTIONS = {"init": "-o", "export": "--format", "evaluate": "--on"}
"""By command, the option for what people write as its second argument."""


def _option_instead(error: click.UsageError, arguments: Sequence[str]) -> str:
    """A sentence on the option that an argument too many was meant for; empty where that is not clear."""
    found = re.match(r"Got unexpected extra arguments? \((.+)\)", error.message)
    if not found or error.ctx is None:
        return ""
    extra = max((word for word in arguments if found[1].startswith(word)), key=len, default="")
    if not _takes_keys(error):
        option = _OPTIONS.get(str(error.ctx.command.name))
        return f"it may be what {option} is for: {option} {in_shell(extra)}" if option else ""
    key, equals, value = extra.partition("=")
    if not equals and extra in arguments[1:]:  # `--set train.epochs 3`
        key, value = arguments[arguments.index(extra) - 1], extra
    path = _path_of(key.rpartition(".")[2], arguments)
    return f"{_SET} {path if '.' not in key else key}={value}" if path else ""


def _takes_keys(error: click.UsageError) -> bool:
    return error.ctx is not None and any(each.name == "overrides" for each in error.ctx.command.params)


_SET = "a key of the spec is set with --set: --set"


def _path_of(key: str, arguments: Sequence[str]) -> str:
    """The path of the key of a spec that has this last word; empty when there is none."""
    from cnncli.errors import path_text
    from cnncli.spec.schema import sections

    paths = [(*path, key) for path, section in sections().items() if key in section.spec_keys()]
    if key in ("learning_rate", "lr"):
        paths.append(("train", "optimizer", _optimizer(arguments), "learning_rate"))
    return path_text(paths[0]) if paths else ""


def run_instead(names: Iterable[str], runs_dir: Path) -> str:
    """A sentence on the option for a run, when one of the names of images is that of a run; else empty."""
    runs = (each for each in names if any((at / "status.json").is_file() for at in (runs_dir / each, Path(each))))
    run = next(runs, "")
    return f"a run is named with --run: --run {in_shell(run)}" if run else ""


def _ours(path: Path) -> str:
    """What to do with the name of a shipped spec or a built-in data set where a place of images is expected."""
    from cnncli.catalog.datasets import DATASETS
    from cnncli.spec.shipped import template_called

    if template := template_called(path):
        what = "a built-in data set; to write a spec" if template in DATASETS else "a shipped spec; to write it"
        return f"{template} is {what} here: cnncli init --template {template}"
    if path.name in DATASETS:
        return f"{path.name} is a built-in data set; a spec has it as 'source: {path.name}'"
    return ""


def _file_instead(arguments: Sequence[str]) -> str:
    """A sentence on a file whose name begins as an option does; empty when there is none."""
    before = arguments[: arguments.index("--")] if "--" in arguments else arguments
    file = next((word for word in before if word[:1] == "-" and len(word) > 2 and os.path.lexists(word)), "")
    return f"a file or folder called so is written with its folder: {in_shell(f'./{file}')}" if file else ""


def _key_instead(error: click.NoSuchOption, arguments: Sequence[str]) -> str:
    """A sentence on --set, when an unknown option is the name of a key of the spec; otherwise empty.

    The arguments are those of the command line, among which the spec may be named.
    """
    path = _path_of(error.option_name.lstrip("-").replace("-", "_"), arguments) if _takes_keys(error) else ""
    return f"{_SET} {path}=…" if path else ""


def _optimizer(arguments: Sequence[str]) -> str:
    """The optimizer of the spec that a command line names; that of a spec without one, if it cannot be read."""
    from cnncli.errors import CnncliError
    from cnncli.spec import load

    for file in _specs_among(arguments):
        with contextlib.suppress(CnncliError):
            return load(file).spec.train.optimizer.name
    return "Adam"


def _specs_among(arguments: Sequence[str]) -> list[Path]:
    """The files of specs that a command line names."""
    return [file for word in arguments if word.endswith((".yaml", ".yml")) and (file := Path(word)).is_file()]
