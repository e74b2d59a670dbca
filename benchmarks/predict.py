"""How long `cnncli predict IMAGE` takes from the start of its process to its end, and its peak memory.

    python benchmarks/predict.py RUN IMAGE [OTHER_CHECKOUT [rounds]]

RUN has an export: `cnncli export RUN --format litert`. Each round runs the command with the engine that it chooses,
with TensorFlow, and in the other checkout, if there is one. Prints medians, and ratios to the last of these. Limits:
0.15 of its time and 0.2 of its memory.
"""

import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

TIME, MEMORY = 0.15, 0.2


def measured(arguments, checkout):
    """Seconds, peak memory in MB, and what was answered."""
    began = time.perf_counter()
    command = [sys.executable, "-P", "-m", "cnncli", "predict", *arguments]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(checkout)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    answer = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    assert status == 0, f"the command failed: {command}"
    return time.perf_counter() - began, usage.ru_maxrss / 1000, answer


def main(run, image, other=None, rounds="5"):
    here = Path(__file__).parents[1]
    plain = [image, "--run", run]
    ways = {"quickest": (plain, here), "tensorflow": ([*plain, "--engine", "tensorflow"], here)}
    if other:
        ways["other checkout"] = (plain, Path(other).absolute())
    found = {name: [] for name in ways}
    for _ in range(int(rounds)):
        for name, way in ways.items():
            found[name].append(measured(*way))
    medians = {name: [statistics.median(row[at] for row in rows) for at in (0, 1)] for name, rows in found.items()}
    slowest = list(medians.values())[-1]
    for name, (seconds, megabytes) in medians.items():
        ratios = f"{seconds / slowest[0]:5.3f}  {megabytes / slowest[1]:5.3f}"
        print(f"{name:<15} {seconds:6.2f} s  {megabytes:6.0f} MB  {ratios}")
    answers = {row[2] for rows in found.values() for row in rows}
    print("the same answers" if len(answers) == 1 else f"different answers: {answers}")
    quick = medians["quickest"]
    return quick[0] > TIME * slowest[0] or quick[1] > MEMORY * slowest[1] or len(answers) > 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
