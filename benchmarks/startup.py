"""Start-up time of commands that load no TensorFlow, compared with `python -c "import click, yaml"` in the same run.

    python benchmarks/startup.py [rounds]

Prints medians and ratios. Limits: 3 times for --help and runs, 5 times for check.
"""

import statistics
import subprocess
import sys
import time

COMMANDS = {
    "import click, yaml": ["-c", "import click, yaml"],
    "cnncli --help": ["-m", "cnncli", "--help"],
    "cnncli runs": ["-m", "cnncli", "runs"],
    "cnncli check": ["-m", "cnncli", "check", "configs/mnist.yaml"],
}
ALLOWED = {"cnncli --help": 3, "cnncli runs": 3, "cnncli check": 5}


def seconds(arguments):
    began = time.perf_counter()
    subprocess.run([sys.executable, *arguments], capture_output=True, check=True)
    return time.perf_counter() - began


def main(rounds):
    for arguments in COMMANDS.values():
        seconds(arguments)  # writes bytecode
    times = {name: [] for name in COMMANDS}
    for _ in range(rounds):
        for name, arguments in COMMANDS.items():
            times[name].append(seconds(arguments))
    medians = {name: statistics.median(values) for name, values in times.items()}
    base = medians["import click, yaml"]
    for name, median in medians.items():
        limit = f"  at most {ALLOWED[name]}" if name in ALLOWED else ""
        print(f"{name:<20} {median * 1000:6.0f} ms  {median / base:5.2f}{limit}")
    return any(medians[name] / base > limit for name, limit in ALLOWED.items())


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 15))
