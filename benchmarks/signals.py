"""Trainings interrupted by Ctrl-C and by SIGTERM: seconds until the answer and until the end, and what is left.

The end is counted from the step in progress when the signal came; the last checkpoint is written right after it.

    python benchmarks/signals.py [rounds] [--config configs/mnist.yaml] [--seed N] [--assert]

Each round trains to the end of the first epoch, waits for a random part of the second one, and sends a signal. The last
round of each signal is resumed to the end. A round of configs/mnist.yaml takes 20 seconds on two cores.
"""

import argparse
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
ARTEFACTS = (
    "spec.yaml",
    "status.json",
    "environment.json",
    "data.json",
    "log.txt",
    "history.csv",
    "metrics.json",
    "report.txt",
    "report.json",
    "predictions.csv",
    "weights.sha256",
    "weights/best.weights.h5",
    "weights/last.weights.h5",
    "checkpoint/state.npz",
    "plots/history.png",
    "plots/network.png",
    "plots/confusion_matrix.png",
    "plots/mistakes.png",
    "plots/samples.png",
)
LIMIT = 2.0
"""Seconds from the end of the step to that of the process."""
ANSWER = 1.0
"""Seconds from the signal to the first line."""


def stopped(config, folder, number, rng):
    """Trains and sends the signal; returns the run, its exit code, and the seconds to the answer and after the step."""
    program = [sys.executable, "-m", "cnncli", "train", config, "--runs-dir", folder, "--name", "stopped"]
    run, pipe = folder / "stopped-001", subprocess.PIPE
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=pipe, text=True) as process:
        began = time.perf_counter()
        while not (run / "data.json").exists() and process.poll() is None:
            time.sleep(0.01)
        ready = time.perf_counter()
        while not (run / "history.csv").exists() and process.poll() is None:
            time.sleep(0.01)
        assert process.poll() is None, f"ended after {time.perf_counter() - began:.1f} s: {process.stderr.read()}"
        time.sleep(rng.uniform(0, 0.7) * (time.perf_counter() - ready))
        sent = time.perf_counter()
        process.send_signal(number)
        assert process.stderr.readline() == "stopping; press Ctrl-C again to stop at once\n"
        answered = time.perf_counter() - sent
        output = process.stderr.read()
        process.wait()
        ended = time.time() - (run / "checkpoint" / "state.npz").stat().st_mtime
    assert f"cnncli resume {run}" in output, output
    return run, process.returncode, answered, ended


def main(arguments):
    rng, failures = random.Random(arguments.seed), 0
    for number, code in CODES.items():
        answers, ends = [], []
        with tempfile.TemporaryDirectory() as folder:
            for turn in range(1, arguments.rounds + 1):
                run, exit_code, answered, ended = stopped(arguments.config, Path(folder) / str(turn), number, rng)
                missing = [name for name in ARTEFACTS if not (run / name).is_file()]
                left = [path.name for path in run.rglob(".tmp-*")]
                failures += bool(missing or left or exit_code != code or ended > LIMIT or answered > ANSWER)
                answers.append(answered)
                ends.append(ended)
                faults = (
                    f"exit {exit_code}"
                    + (f", MISSING {missing}" if missing else ", complete")
                    + (f", {left}" * bool(left))
                )
                print(f"{number.name} {turn}: answer {answered:.2f} s, end {ended:.2f} s, {faults}", flush=True)
            resumed = subprocess.run(
                [sys.executable, "-m", "cnncli", "resume", run, "--quiet"], stdout=subprocess.DEVNULL, check=False
            )
            failures += resumed.returncode != 0
        for title, seconds in (("answer", answers), ("end", ends)):
            print(f"{number.name} {title}: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s")
        print(f"{number.name} resumed: exit {resumed.returncode}", flush=True)
    return int(arguments.strict and failures > 0)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rounds", nargs="?", type=int, default=5)
    parser.add_argument("--config", default="configs/mnist.yaml")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--assert", dest="strict", action="store_true", help="exit with 1 when a limit is exceeded")
    sys.exit(main(parser.parse_args()))
