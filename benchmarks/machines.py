"""Trainings of two processes compared with those of one device and of two parts of the processor; and how they end.

    python benchmarks/machines.py same [CASE …]          loss and weights after two epochs, the cases of devices.py
    python benchmarks/machines.py kills [NUMBER [SEED]]  kills a process at random, resumes, compares all bytes
    python benchmarks/machines.py trouble [CASE …]       stops, delays and misleads a process; prints how each ends
    python benchmarks/machines.py speed [SPEC …]         images/s of two processes with a core each, of one with both

`same` takes five minutes on two cores, a kill half a minute, `trouble` six minutes, `speed` three.
"""

from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import devices
import numpy as np
from devices import write_digits

HERE = Path(__file__).parent
CHOSEN = (
    *("SGD", "momentum", "AdamW", "Lion", "Muon", "clipnorm", "global_clipnorm", "accumulation", "average"),
    *("average and accumulation", "class weights", "MixUp", "mixed_float16", "resnet"),
)


def addresses(count: int = 2) -> str:
    """Ports of this machine that nobody uses at the moment."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("localhost", 0))
        return ",".join(f"localhost:{each.getsockname()[1]}" for each in sockets)


def rank(folder: Path, number: int, places: str, cases: list[str]) -> None:
    """Trains the cases as one of the processes, one after the other."""
    from cnncli.environment import expect_workers
    from cnncli.workers.addresses import workers_of
    from cnncli.workers.agreement import facts_of
    from cnncli.workers.meeting import meet

    expect_workers()
    with meet(workers_of(places, number), facts_of("train", {}, {}), print) as group:
        from cnncli.isolation import isolated

        for case in cases:
            with isolated():
                from cnncli.runner.train import train

                train(
                    devices.spec_of(folder, case, None), folder / f"rank-{number}" / case.replace(" ", "-"), group=group
                )


def same(cases: list[str]) -> None:
    from cnncli.environment import divide_processor

    divide_processor(2)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_digits(folder)
        places = addresses()
        start = [sys.executable, __file__, "rank", str(folder), places]
        ranks = [subprocess.Popen([*start, str(number), *cases]) for number in (0, 1)]
        if any(process.wait() for process in ranks):
            sys.exit("a process failed")
        for case in cases:
            one = devices.trained(folder, case, None)
            both = devices.trained(folder, case, ["CPU:0", "CPU:1"])
            own = [devices.results(folder / f"rank-{number}" / case.replace(" ", "-")) for number in (0, 1)]
            keys = ("loss", "val_loss", "accuracy")
            off = max(abs(a[key] - b[key]) for a, b in zip(one[0], own[0][0], strict=True) for key in keys)
            weights = max(float(np.abs(one[1][key].astype(float) - own[0][1][key]).max()) for key in one[1])
            equal = all(np.array_equal(both[1][key], other[1][key]) for other in own for key in one[1])
            same_rows = all(a[key] == b[key] for a, b in zip(both[0], own[0][0], strict=True) for key in keys)
            bits = "the bits of two devices, on both ranks" if equal and same_rows else "OTHER BITS than two devices"
            print(f"{case:26} loss, accuracy {off:.1e}  weights {weights:.1e}  {bits}", flush=True)


@contextlib.contextmanager
def training(folder: Path, *commands: list[str], variables: dict[int, dict[str, str]] | None = None) -> Iterator[Any]:
    """A process for each command; their output is in files."""
    started = []
    for number, command in enumerate(commands):
        text = (folder / f"rank-{number}.txt").open("w")
        environment = {**os.environ, **(variables or {}).get(number, {})}
        program = (
            [sys.executable, *command] if command[0].endswith(".py") else [sys.executable, "-m", "cnncli", *command]
        )
        started.append(subprocess.Popen(program, stdout=text, stderr=text, env=environment))
    try:
        yield started
    finally:
        for process in started:
            process.kill()


def ends(folder: Path, started: list[Any], since: float, longest: float = 200.0) -> None:
    """Prints how each process ended."""
    for number, process in enumerate(started):
        try:
            code: Any = process.wait(max(1.0, since + longest - time.monotonic()))
        except subprocess.TimeoutExpired:
            code = "STILL RUNNING"
        seconds = time.monotonic() - since
        lines = [
            line
            for line in (folder / f"rank-{number}.txt").read_text().splitlines()
            if "rank" in line or "error" in line
        ]
        print(f"  rank {number}: exit code {code} after {seconds:.0f} s")
        print(*(f"    {line[:150]}" for line in lines[-3:]), sep="\n", flush=True)
    for status in folder.glob("runs/*/status.json"):
        print(f"  {status.parent.name}: {json.loads(status.read_text())['state']}")


def small_spec(folder: Path, epochs: int) -> Path:
    write_digits(folder)
    path = folder / "digits.yaml"
    value = devices.base(folder, "momentum")
    value["model"]["layers"] = [devices.MODEL[0], "BatchNormalization", *devices.MODEL[1:]]  # with sums within a step
    path.write_text(json.dumps({**value, "name": "digits", "train": {**value["train"], "epochs": epochs}}))
    return path


def await_epoch(folder: Path, process: Any) -> None:
    """Waits until the first epochs are over."""
    until = time.monotonic() + 180
    while time.monotonic() < until and process.poll() is None:
        if any(log.read_text().count("epoch ") > 2 for log in folder.glob("runs/*.rank-1.log")):
            return
        time.sleep(0.1)


def command(spec: Path, folder: Path, places: str, number: int, *more: str) -> list[str]:
    return ["train", str(spec), "--runs-dir", str(folder / "runs"), "--workers", places, "--rank", str(number), *more]


CASES = ["stop 1", "stop 0", "late 1", "late 0", "spec", "version", "port 1", "port 0", "never", "wrong 0", "wrong 1"]


def trouble(cases: list[str]) -> None:
    with tempfile.TemporaryDirectory() as name:
        for case in cases or CASES:
            folder = Path(name) / case.replace(" ", "-")
            folder.mkdir()
            what, _, number = case.partition(" ")
            print(case, flush=True)
            long = what == "stop"
            spec, places = small_spec(folder, 4000 if long else 2), addresses()
            parts = [command(spec, folder, places, rank, "--wait", "80s") for rank in (0, 1)]
            with contextlib.ExitStack() as stack:
                if what == "spec":
                    parts[1] += ["--set", "train.optimizer.SGD.momentum=0.5"]
                elif what == "version":
                    parts[1] = [str(HERE / "machines.py"), "older", *parts[1]]
                elif what == "port":
                    taken = int(places.split(",")[int(number)].rpartition(":")[2])
                    stack.enter_context(socket.create_server(("", taken)))
                elif what == "wrong":
                    parts[int(number)] += ["--set", "train.batch_size=-1"]
                elif what == "never":
                    parts = parts[:1]
                elif what == "late":
                    parts[int(number)] = [str(HERE / "machines.py"), "late", *parts[int(number)]]
                since = time.monotonic()
                started = stack.enter_context(training(folder, *parts))
                if long:
                    await_epoch(folder, started[0])
                    since = time.monotonic()
                    started[int(number)].send_signal(signal.SIGSTOP)
                    time.sleep(60)
                    started[int(number)].send_signal(signal.SIGCONT)
                ends(folder, started, since)


def changed(what: str) -> None:
    """Runs cnncli late, or as another version."""
    import cnncli

    time.sleep(60 if what == "late" else 0)
    cnncli.__version__ = cnncli.__version__ if what == "late" else "0.0.1"
    del sys.argv[1]
    from cnncli.cli import main

    main()


def kills(number: int, seed: int) -> None:
    """Kills rank 0 or 1 at a random moment, resumes both, and compares with a training that was never killed."""
    sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent / "tests" / "runner")]
    from comparison import assert_same
    from runner_squares import write_squares

    from cnncli.runs import RunDir

    draw = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        squares = write_squares(folder / "squares", 22)
        spec = folder / "s.yaml"
        stateful = HERE.parent / "tests" / "runner" / "stateful.yaml"
        spec.write_text(f"extends: {stateful}\nname: s\ndata: {{source: {{folder: {{path: {squares}}}}}}}\n")
        whole = ["train", str(spec), "--runs-dir", str(folder / "whole"), "--devices", "CPU:0,CPU:1"]
        subprocess.run([sys.executable, "-m", "cnncli", *whole], check=True, capture_output=True)
        equal, seconds = 0, 0.0
        for attempt in range(number + 1):
            own, victim = folder / str(attempt), draw.randrange(2)
            own.mkdir()
            places = addresses()
            with training(own, *(command(spec, own, places, rank) for rank in (0, 1))) as started:
                while not (own / "runs" / "s-001" / "data.json").exists() and started[0].poll() is None:
                    time.sleep(0.02)
                if not attempt:  # how long is there to be killed
                    began = time.perf_counter()
                    for process in started:
                        process.wait(180)
                    seconds = time.perf_counter() - began
                    continue
                time.sleep(draw.uniform(0, seconds))
                started[victim].kill()
                codes = [process.wait(90) for process in started]
            run = own / "runs" / "s-001"
            state = RunDir(run).status()["state"]
            resumed = ["resume", str(run), "--workers", addresses(), "--rank"]
            with training(own, [*resumed, "0"], [*resumed, "1", "--runs-dir", str(own)]) as started:
                again = [process.wait(180) for process in started]
            assert_same(RunDir(run), RunDir(folder / "whole" / "s-001"))
            equal += 1
            print(f"killed rank {victim}: exit codes {codes}, {state}; resumed: {again}, the same bytes", flush=True)
        print(f"{equal} of {number}")


SPEEDS = {"cifar10_resnet": ((32, 32, 3), 2560), "caltech4_stridednet": ((96, 96, 3), 2560)}
"""Shipped specs, with the shape and the number of images of noise on which they are timed."""


def speed(names: list[str]) -> None:
    from cnncli.spec.shipped import shipped

    draw = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for network in names or SPEEDS:
            shape, images = SPEEDS[network]
            split = {"train": images, "val": 128, "test": 128}
            arrays = {f"x_{key}": draw.integers(0, 256, (count, *shape), np.uint8) for key, count in split.items()}
            labels = {f"y_{key}": np.arange(count) % 4 for key, count in split.items()}
            np.savez(folder / "images.npz", **arrays, **labels)
            spec = next(one.file for one in shipped() if one.name == network)
            one, two = rates(folder, spec, images, None), rates(folder, spec, images, addresses())
            print(f"{network}: one process {one:,.0f} images/s, two {two:,.0f}, {two / one:.2f}", flush=True)


def rates(folder: Path, spec: Path, images: int, places: str | None) -> float:
    """Images/s in the fastest epoch, with its validation."""
    runs = folder / f"runs-{spec.stem}-{'two' if places else 'one'}"
    values = {"data.source": json.dumps({"arrays": {"path": str(folder / "images.npz")}}), "data.classes": "null"}
    values |= {"train.epochs": "5", "train.batch_size": "128", "train.jit_compile": "false", "data.split": "{}"}
    parts = [
        "train",
        str(spec),
        "--runs-dir",
        str(runs),
        "-q",
        *(f"--set={key}={value}" for key, value in values.items()),
    ]
    commands = [[*parts, "--workers", places, "--rank", str(number)] for number in (0, 1)] if places else [parts]
    own = {number: {"TF_NUM_INTRAOP_THREADS": "1"} for number in (0, 1)} if places else {}
    with training(folder, *commands, variables=own) as started:
        for number, process in enumerate(started):
            if places:
                os.sched_setaffinity(process.pid, {number})
        for process in started:
            if process.wait():
                sys.exit((folder / "rank-0.txt").read_text()[-2000:])
    (history,) = runs.glob("*/history.csv")
    with history.open(newline="") as file:
        return images / min(float(row["seconds"]) for row in csv.DictReader(file))


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "rank":
        rank(Path(rest[0]), int(rest[2]), rest[1], rest[3:])
    elif what == "same":
        same(rest or list(CHOSEN))
    elif what == "kills":
        kills(int(rest[0]) if rest else 20, int(rest[1]) if rest[1:] else 0)
    elif what == "trouble":
        trouble(rest)
    elif what in ("older", "late"):
        changed(what)
    elif what == "speed":
        speed(rest)
