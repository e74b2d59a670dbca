"""Images a second of `cnncli predict FOLDER --out`, paired with another checkout, and its memory for ever more images.

    python benchmarks/predict_many.py RUN FOLDER [--other CHECKOUT [--python ITS_PYTHON]] [--rounds 3]
    python benchmarks/predict_many.py RUN FOLDER --memory 2000 20000 200000
    python benchmarks/predict_many.py RUN FOLDER --kills 20

The other checkout, one from before there was --out, prints CSV. Whole processes are measured, with their start. With
--memory the images of FOLDER are linked into other folders until there are so many. With --kills the command is killed
with `kill -9` so often, at random moments, and continued; then four shards are merged; both must have the bytes of one
command.
"""

import argparse
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parents[1]
QUIET = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def start(checkout, *arguments, python=sys.executable, **options):
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    return subprocess.Popen([python, "-P", "-m", "cnncli", "predict", *map(str, arguments)], env=environment, **options)


def measured(checkout, *arguments, **options):
    """Seconds and peak memory, in MiB, of a command."""
    began = time.perf_counter()
    with start(checkout, *arguments, **QUIET, **options) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, process.returncode
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def speed(run, folder, other, python, rounds, out):
    count = sum(file.is_file() for file in folder.rglob("*"))
    commands = {"--out": (HERE, folder, "--run", run, "--out", out, "--overwrite")}
    if other:
        commands[str(other)] = (other, folder, "--run", run, "--csv")
    times = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            times[name].append(measured(*command, python=python if name == str(other) else sys.executable))
    for name, results in times.items():
        seconds, memory = (statistics.median(values) for values in zip(*results, strict=True))
        print(f"{name:<24} {seconds:6.1f} s  {count / seconds:8,.0f} images/s  {memory:6.0f} MiB")
    if other:
        ratios = [theirs[0] / ours[0] for ours, theirs in zip(*times.values(), strict=True)]
        print(f"times as many images a second: {', '.join(f'{ratio:.2f}' for ratio in ratios)}")


def memory(run, folder, counts, out):
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    with tempfile.TemporaryDirectory(dir=folder.absolute().parent) as place:
        made = 0
        for count in counts:
            for number in range(made, count):
                file = files[number % len(files)]
                link = Path(place, f"{number // 1000:04d}", f"{number}{file.suffix}")
                link.parent.mkdir(exist_ok=True)
                os.link(file, link)
            made = count
            seconds, peak = measured(HERE, place, "--run", run, "--out", out, "--overwrite")
            print(f"{count:9,} images  {seconds:6.1f} s  {peak:6.0f} MiB", flush=True)


def kills(run, folder, number, out, draws):
    whole = out.with_stem("whole")
    longest, _ = measured(HERE, folder, "--run", run, "--out", whole)
    command = (folder, "--run", run, "--out", out, "--resume")
    done = same = 0
    while done < number:
        with start(HERE, *command, **QUIET) as process:
            try:
                process.wait(draws.uniform(0.3, longest))
            except subprocess.TimeoutExpired:
                process.kill()
                done += 1
                continue
        same += out.read_bytes() == whole.read_bytes()
        out.unlink()
        Path(f"{out}.job.json").unlink()
    with start(HERE, *command, **QUIET):
        pass
    print(f"killed {done} times: {'the same' if out.read_bytes() == whole.read_bytes() else 'OTHER'} bytes at the end")
    shards = [out.with_stem(f"shard-{number}") for number in range(1, 5)]
    for at, shard in enumerate(shards, 1):
        measured(HERE, folder, "--run", run, "--out", shard, "--shard", f"{at}/4")
    measured(HERE, "--merge", *shards, "--out", out, "--overwrite")
    print(f"four shards, merged: {'the same' if out.read_bytes() == whole.read_bytes() else 'OTHER'} bytes")


def main(arguments):
    with tempfile.TemporaryDirectory() as place:
        out = Path(place) / f"answers{arguments.suffix}"
        if arguments.memory:
            memory(arguments.run, arguments.folder, arguments.memory, out)
        elif arguments.kills:
            kills(arguments.run, arguments.folder, arguments.kills, out, random.Random(arguments.seed))
        else:
            speed(arguments.run, arguments.folder, arguments.other, arguments.python, arguments.rounds, out)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--other", type=Path)
    parser.add_argument("--python", default=sys.executable, help="of the other checkout")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", type=int, nargs="+")
    parser.add_argument("--kills", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--suffix", default=".csv")
    main(parser.parse_args())
