"""Where the processes of one training are, and which of them this is: as options, TF_CONFIG or Slurm tell."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WAIT = 300.0
"""Seconds that a process waits for the others to be started, unless `--wait` sets another number."""

MOST = 1024
"""More processes are a mistake."""

_PORT = 8888
"""On which processes listen where Slurm starts them; those of one machine take the numbers after it."""

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s:,\[\]]+):(?P<port>\d{1,5})\Z")


@dataclass(frozen=True)
class Workers:
    """The processes of a training; each has a rank, counted from 0, and the one of rank 0 writes the run.

    Args:
        addresses: Host and port of each, `machine-1:12345`, by rank.
        rank: That of this process.
        wait: Seconds to wait for the others to be started.
    """

    addresses: tuple[str, ...]
    rank: int
    wait: float = WAIT

    @property
    def is_chief(self) -> bool:
        """Whether this process writes the run."""
        return not self.rank

    @property
    def options(self) -> str:
        """What names these processes on a command line, to add to `cnncli resume RUN`.

        Example:
            >>> Workers(("a:12345", "b:12345"), 1).options
            ' --workers a:12345,b:12345 --rank 1'
        """
        wait = "" if self.wait == WAIT else f" --wait {self.wait:g}s"
        return f" --workers {','.join(self.addresses)} --rank {self.rank}{wait}"

    def name(self, rank: int) -> str:
        """A process as messages name it: `rank 1 (machine-2:12345)`."""
        return f"rank {rank} ({self.addresses[rank]})"

    def place(self, rank: int) -> tuple[str, int]:
        """Host and port of a process."""
        host, _, port = self.addresses[rank].rpartition(":")
        return host.strip("[]"), int(port)


def workers_of(text: str, rank: int | None, wait: float = WAIT, variables: Mapping[str, str] = os.environ) -> Workers:
    """The processes that `--workers` and `--rank` name.

    Args:
        text: Addresses with commas between them; or `TF_CONFIG` or `slurm`, for what these variables have.
        rank: The rank of this process; None for that of the variables.
        wait: Seconds to wait for the others.
        variables: Environment variables.

    Raises:
        ValueError: With a sentence on what is wrong.

    Example:
        >>> workers_of("a:12345,b:12345", 1).name(1)
        'rank 1 (b:12345)'
    """
    own: int | None = None
    if text == "TF_CONFIG":
        addresses, own = _from_tf_config(variables)
    elif text == "slurm":
        addresses, own = _from_slurm(variables)
    else:
        addresses = [address.strip() for address in text.split(",")]
    rank = own if rank is None else rank
    for address in addresses:
        match = _ADDRESS.match(address)
        if match is None or not 0 < int(match["port"]) < 65_536:
            raise ValueError(f"--workers: expected HOST:PORT,HOST:PORT, TF_CONFIG or slurm; got '{address}'")
    if repeated := next((address for address in addresses if addresses.count(address) > 1), None):
        raise ValueError(f"--workers: '{repeated}' is listed twice; processes of one machine need ports of their own")
    if not 2 <= len(addresses) <= MOST:
        raise ValueError(f"--workers: expected two addresses or more, got {len(addresses)}")
    if rank is None:
        raise ValueError(f"--workers requires --rank, the number of this process from 0 to {len(addresses) - 1}")
    if not 0 <= rank < len(addresses):
        raise ValueError(f"--rank: expected a number from 0 to {len(addresses) - 1}, got {rank}")
    return Workers(tuple(addresses), rank, wait)


def processes_in_tf_config(variables: Mapping[str, str] = os.environ) -> int:
    """How many processes the variable TF_CONFIG names; 1 without one that can be understood.

    Example:
        >>> processes_in_tf_config({})
        1
    """
    try:
        return len(_from_tf_config(variables)[0])
    except ValueError:
        return 1


def _from_tf_config(variables: Mapping[str, str]) -> tuple[list[str], int]:
    """What the variable TF_CONFIG says, as TensorFlow's `TFConfigClusterResolver` reads it; a chief comes first.

    Source: TensorFlow 2.21, tensorflow/python/distribute/cluster_resolver/tfconfig_cluster_resolver.py.
    """
    text = variables.get("TF_CONFIG")
    if not text:
        raise ValueError("--workers TF_CONFIG: the variable TF_CONFIG is not set")
    try:
        config: dict[str, Any] = json.loads(text)
        cluster, task = config["cluster"], config["task"]
        jobs = [(job, index) for job in ("chief", "worker") for index in range(len(cluster.get(job, ())))]
        addresses = [str(cluster[job][index]) for job, index in jobs]
        return addresses, jobs.index((task["type"], int(task["index"])))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ValueError(
            'TF_CONFIG: expected {"cluster": {"worker": ["HOST:PORT", …]}, "task": {"type": "worker", "index": N}}'
        ) from None


def _from_slurm(variables: Mapping[str, str]) -> tuple[list[str], int]:
    """A process for every task of a Slurm step, as TensorFlow's `SlurmClusterResolver` numbers them.

    Source: TensorFlow 2.21, tensorflow/python/distribute/cluster_resolver/slurm_cluster_resolver.py.
    """
    try:
        hosts = expanded_hosts(variables["SLURM_STEP_NODELIST"])
        tasks = _repeated(variables["SLURM_STEP_TASKS_PER_NODE"])
        rank = int(variables["SLURM_PROCID"])
    except KeyError as missing:
        raise ValueError(f"--workers slurm: the variable {missing.args[0]} is not set; start it with srun") from None
    addresses = [f"{host}:{_PORT + n}" for host, count in zip(hosts, tasks, strict=True) for n in range(count)]
    return addresses, rank


def expanded_hosts(text: str) -> list[str]:
    """The names in a list of hosts as Slurm writes it.

    Example:
        >>> expanded_hosts("gpu[08-10,12],login1")
        ['gpu08', 'gpu09', 'gpu10', 'gpu12', 'login1']
    """
    hosts = []
    for name, ranges in re.findall(r"([^,\[\]]+)(?:\[([^\]]*)\])?", text):
        for part in ranges.split(",") if ranges else [""]:
            first, _, last = part.partition("-")
            numbers = range(int(first), int(last or first) + 1) if part else [None]
            hosts += [name if number is None else f"{name}{number:0{len(first)}}" for number in numbers]
    return hosts


def _repeated(text: str) -> list[int]:
    """Numbers as Slurm counts tasks: `2(x3),1` is 2, 2, 2, 1."""
    return [int(n) for n, times in re.findall(r"(\d+)(?:\(x(\d+)\))?", text) for _ in range(int(times or 1))]
