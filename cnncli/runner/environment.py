"""What a run was computed with, as environment.json has it, and what of that differs from here and now."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from cnncli import __version__
from cnncli.environment import ONEDNN, THREADS, result_variables
from cnncli.factory.computation.choices import record_of_choices
from cnncli.factory.package_layers import LAYERS_KEY, package_layers
from cnncli.machine import processor_name
from cnncli.notices import Notice
from cnncli.spec.graph import Node
from cnncli.spec.schema import Spec
from cnncli.spec.threads import threads_of
from cnncli.startup import device_name, operation_threads
from cnncli.wording import counted

_PACKAGES = ("tensorflow", "keras", "numpy", "pillow")
_LABELS = {"device": "device", "processor": "processor", "threads": "number of threads", "onednn": "oneDNN setting"}


def environment(nodes: Sequence[Node] = (), devices: Sequence[str] = ()) -> dict[str, Any]:
    """Versions, hardware and variables; packages that define layers of the spec are among the versions.

    `devices` are the names of those that share each step, if not the one that TensorFlow chooses trains alone.
    """
    layers = package_layers(nodes)
    plugins = {layer.package: layer.version for layer in layers.values()}
    of_packages = {name: {"package": layer.package, "version": layer.version} for name, layer in layers.items()}
    return {
        "cnncli": __version__,
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "device": device_name(),
        **({"devices": list(devices)} if devices else {}),
        "processor": processor_name(),
        "threads": operation_threads(),
        "onednn": os.environ.get(ONEDNN, "default"),
        **record_of_choices(),
        "variables": {name: value for name, value in result_variables().items() if name not in (ONEDNN, THREADS)},
        "packages": {**{package: version(package) for package in _PACKAGES}, **plugins},
        **({LAYERS_KEY: of_packages} if layers else {}),
    }


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The differences between two environments that may change the last bits: `tensorflow 2.21.0, now 2.22.0`."""
    texts, packages = [], before.get("packages")
    for name, value in now["packages"].items():
        recorded = packages.get(name) if isinstance(packages, dict) else None
        if name != "pillow" and recorded != value:
            texts.append(f"{name} {recorded}, now {value}")
    texts += [
        f"{label} {before.get(key)}, now {now[key]}" for key, label in _LABELS.items() if before.get(key) != now[key]
    ]
    if before.get("devices") != now.get("devices"):
        texts.append(f"devices {_shown(before.get('devices'))}, now {_shown(now.get('devices'))}")
    recorded = before.get("variables")
    variables = recorded if isinstance(recorded, dict) else {}
    for name in sorted({*variables, *now["variables"]}):
        value, value_now = variables.get(name, "not set"), now["variables"].get(name, "not set")
        if value != value_now:
            texts.append(f"{name} {value}, now {value_now}")
    return texts


def _shown(devices: Any) -> str:
    return " and ".join(map(str, devices)) if isinstance(devices, list) else "one"


def tell_threads(spec: Spec, notice: Notice) -> None:
    """Says so if TensorFlow, which the program had started before, computes with other threads than the spec asks for.

    A variable that the user has set is named by another warning.
    """
    wanted, number = threads_of(spec), operation_threads()
    if number != wanted and THREADS not in result_variables():
        notice(
            f"note: TensorFlow runs in this program already, so an operation takes {counted(number, 'thread')} here "
            f"and not {wanted}: the last digits differ from those of a new process"
        )
