"""The run folder: which file is what, atomic writes, locks, hashes, and how runs are found."""

from cnncli.runs.files import require_writable, write_text, writing
from cnncli.runs.finding import find_run, list_runs, sweep_runs
from cnncli.runs.folder import BEST, CHECKPOINT, LAST, PACE, PAGE, RunDir, now
from cnncli.runs.weights import verified_weights, weights_file

__all__ = [
    "BEST",
    "CHECKPOINT",
    "LAST",
    "PACE",
    "PAGE",
    "RunDir",
    "find_run",
    "list_runs",
    "now",
    "require_writable",
    "sweep_runs",
    "verified_weights",
    "weights_file",
    "write_text",
    "writing",
]
