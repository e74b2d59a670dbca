"""Where trainings can be tracked: a new tracker is one line here and one module in `cnncli/track/`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from cnncli.catalog.entries import Entry
from cnncli.catalog.validators import Validator, any_of, choice, text, whole
from cnncli.errors import CnncliError, KeyPath, Problem, ResourceError
from cnncli.wording import shown

TRACKING_URI = "MLFLOW_TRACKING_URI"
"""The variable from which MLflow takes the address of its server, where a spec has none."""

_SERVERS = ("http", "https", "databricks")  # for these the small package is enough


@dataclass(frozen=True)
class Tracker:
    """A program that collects trainings.

    Args:
        module: Its module in `cnncli.track`, and the extra of cnncli that brings the package.
        package: The package, as Python imports it.
        arguments: What a spec sets, by name.
    """

    module: str
    package: str
    arguments: Mapping[str, Validator]


def _accept_address(value: Any, path: KeyPath, problems: list[Problem]) -> Any:
    if not isinstance(value, str) or not value.strip():
        problems.append(Problem(path, f"expected {_ADDRESS}, got {shown(value)}"))
    elif _has_secret(value):
        message = (
            "every run keeps its spec, so no user name, password or token may stand here; set the variables "
            "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or the whole address in MLFLOW_TRACKING_URI"
        )
        problems.append(Problem(path, message))
    elif reason := _not_an_address(value):
        problems.append(Problem(path, f"expected {_ADDRESS}, got {shown(value)}{reason}"))
    return value


def _not_an_address(text: str) -> str:
    """Why a text cannot be the address of a server, as it continues a sentence; empty when it can."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return ", whose host or port is none"
    if re.match(r"[\w.-]+:\d+(/|$)", text):
        return f"; did you mean 'http://{text}'?"
    if parts.scheme in ("http", "https") and (not host or re.search(r"\s", text)):
        return ", which has no host"
    return ""


def _has_secret(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # as of a password with a slash
        return "@" in address
    return "@" in parts.netloc or bool(parts.query)


_ADDRESS = "the address of a server, such as http://localhost:5000"

TRACKERS: Mapping[str, Tracker] = {
    "TensorBoard": Tracker("tensorboard", "tensorboard", {"update_freq": any_of(choice("epoch"), whole(1))}),
    "MLflow": Tracker(
        "mlflow",
        "mlflow",
        {"tracking_uri": Validator(_ADDRESS, _accept_address, {"type": "string"}), "experiment_name": text},
    ),
}
"""Every tracker by its name in a spec."""


def tracker_name(word: str) -> str | None:
    """The tracker of a name in any case, such as `mlflow`; None when there is none."""
    return next((name for name in TRACKERS if name.lower() == word.lower()), None)


def not_usable(tracker: Entry) -> CnncliError | None:
    """Why a tracker cannot be used on this machine, as far as that shows without importing it; None when it can."""
    known = TRACKERS[tracker.name]
    if find_spec(known.package) is None:
        message = f"{tracker.name} needs a package that is not installed"
        return ResourceError(message, f"pip install 'cnncli[{known.module}]'")
    if tracker.name != "MLflow":
        return None
    address = tracker.arguments.get("tracking_uri") or os.environ.get(TRACKING_URI)
    if not address:
        hint = f"write 'MLflow: {{tracking_uri: http://localhost:5000}}', or set the variable {TRACKING_URI}"
        return ResourceError("MLflow needs the address of its server", hint)
    if reason := _not_an_address(address):
        message = f"the variable {TRACKING_URI} has an address of MLflow's server{reason}"
        return ResourceError(message, f"set it to {_ADDRESS}")
    if urlsplit(address).scheme not in _SERVERS and not _has_whole_package():
        message = "the installed part of MLflow only talks to servers, and this address is none"
        return ResourceError(message, "start one with 'mlflow server', or pip install mlflow")
    return None


def _has_whole_package() -> bool:
    """Whether MLflow's databases can be used; the extra of cnncli brings the part that talks to servers."""
    try:
        return bool(version("mlflow"))
    except PackageNotFoundError:
        return False
