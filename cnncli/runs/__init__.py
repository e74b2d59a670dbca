"""The run folder: which file is what, how files get there whole, and how runs are found."""

from cnncli.runs.files import require_writable, sweep_leftovers, writing
from cnncli.runs.finding import find_run, list_runs
from cnncli.runs.folder import RunDir, now

__all__ = ["RunDir", "find_run", "list_runs", "now", "require_writable", "sweep_leftovers", "writing"]
