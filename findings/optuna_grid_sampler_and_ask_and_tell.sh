#!/usr/bin/env bash
# Optuna's GridSampler makes `tell` fail at the end of a grid, although the result is stored.
#
# One would expect: with `ask` and `tell`, Optuna's documented way without `optimize`, a grid can be tried to its end, and
# `is_exhausted` tells when that is. A point that was enqueued, to be tried again after a failure, is told like any other.
# What happens: the `tell` of the last point raises RuntimeError "`Study.stop` is supposed to be invoked inside an objective
# function or a callback". With one point left, that of an enqueued trial raises KeyError 'grid_id'. Both trials are
# COMPLETE afterwards, so whoever tries `tell` again gets another error.
# Why it matters: a loop around `ask` and `tell` that takes an error of `tell` for a storage that is away repeats it, or
# ends a search whose results are all there. The points of a grid are better enqueued one by one, with another sampler.
# Versions: optuna 5.0.0, Python 3.11, Linux x86-64.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q optuna==5.0.0

cat > "$folder/grid.py" <<'PYTHON'
import sys

import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def tried(points, enqueued=None):
    """The error of the last `tell`, and the states of all trials."""
    study = optuna.create_study(sampler=optuna.samplers.GridSampler({"x": list(range(points))}))
    error = ""
    for number in range(points):
        if number == points - 1 and enqueued is not None:
            study.enqueue_trial({"x": enqueued})
        trial = study.ask()
        trial.suggest_int("x", 0, points - 1)
        try:
            study.tell(trial, 1.0)
        except (RuntimeError, KeyError) as raised:
            error = type(raised).__name__
    return error, {trial.state.name for trial in study.get_trials()}


results = tried(2), tried(3, enqueued=0)
print(results)
sys.exit(0 if results == (("RuntimeError", {"COMPLETE"}), ("KeyError", {"COMPLETE"})) else 1)
PYTHON

"$folder/venv/bin/python" "$folder/grid.py" || { echo "changed"; exit 1; }
