"""The devices that `train.devices` asks for, as far as this machine has them."""

from __future__ import annotations

from cnncli.errors import ResourceError
from cnncli.runner.execution.execution import Execution, OneDevice
from cnncli.runner.execution.several import SeveralDevices
from cnncli.spec.schema import Train
from cnncli.spec.sections.devices import Devices
from cnncli.startup import tf
from cnncli.wording import counted
from cnncli.workers.group import ALONE, Alone, Group


def execution_for(train: Train, group: Alone = ALONE) -> Execution:
    """Where the steps of a training run, which a group of processes shares.

    Raises:
        ResourceError: The machine has not all of the devices.
    """
    if isinstance(group, Group):
        from cnncli.runner.execution.machines import DevicesOfMachines

        return DevicesOfMachines(group, train.synchronized)
    names = device_names(train.devices)
    return SeveralDevices(names, train.synchronized) if len(names) > 1 else OneDevice(*names)


def number_here(devices: Devices) -> Devices:
    """`train.devices` with a number in place of `all`."""
    return max(1, len(_logical("GPU"))) if devices == "all" else devices


def device_names(devices: Devices) -> tuple[str, ...]:
    """The names of the devices; none for the one that TensorFlow chooses.

    Raises:
        ResourceError: The machine has not all of them.
    """
    devices = number_here(devices)
    if devices in (None, 1):
        return ()
    wanted = devices if isinstance(devices, list) else [f"GPU:{number}" for number in range(int(devices or 0))]
    kind = wanted[0][:3]
    present = _logical(kind)
    if missing := [name for name in wanted if name not in present]:
        raise ResourceError(*_missing(missing[0], kind, len(wanted), len(present)))
    return tuple(wanted)


def _logical(kind: str) -> list[str]:
    return [f"{kind}:{number}" for number in range(len(tf.config.list_logical_devices(kind)))]


def _missing(name: str, kind: str, wanted: int, present: int) -> tuple[str, str]:
    """What to say of a device that is not there, and what to do about it."""
    if kind == "CPU":
        message = f"TensorFlow has started with {counted(present, 'part')} of the processor, and {wanted} are asked for"
        return message, "train in a new process"
    found = f"TensorFlow finds {counted(present, 'GPU')} here" if present else "TensorFlow finds no GPU here"
    instead = f"--devices {present}" if present else "--devices 1, or --devices CPU:0,CPU:1 for a trial"
    return (
        f"there is no device {name}: {found}, and {wanted} {'are' if wanted > 1 else 'is'} asked for",
        f"use {instead}",
    )
