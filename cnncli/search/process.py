"""Starts the process of a trial, and talks with it over its standard input and output, a line at a time."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import cnncli
from cnncli.runs.lock import Lock

GO, PRUNE = "go", "prune"

_PROGRAM = """\
import sys
package = sys.argv.pop(1)
if package not in sys.path:
    sys.path.insert(0, package)
from cnncli.search.trial import main
main()
"""
"""Runs this very cnncli, also where it is not installed; the current folder, which may hold anything, is left out."""


class TrialProcess:
    """The process of a trial. Inside a `with`; at its end the process saves what it has, and ends.

    It has a session of its own, so that Ctrl-C reaches it through this process alone. When this process dies, the
    input of the trial ends, and it saves what it has as well; until then nobody else takes the trial.

    Args:
        run: Folder of the trial.
        weights_dir: Directory of the runs whose weights a spec may name.
        command: Command line to record in the run.
        lock: Held by both processes.
    """

    def __init__(self, run: Path, weights_dir: Path, command: list[str], lock: Lock) -> None:
        package = str(Path(cnncli.__file__).parent.parent)
        self._arguments = [sys.executable, "-P", "-c", _PROGRAM, package, str(run), str(weights_dir), *command]
        self._inherited = () if sys.platform == "win32" else (lock.fileno(),)

    def __enter__(self) -> TrialProcess:
        self._process = subprocess.Popen(
            self._arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            start_new_session=True,
            pass_fds=self._inherited,
        )
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(OSError):  # it may have ended
            self._process.stdin.close()
        for _ in self._process.stdout:  # else it waits for somebody to read what it says
            pass
        self._process.wait()
        self._process.stdout.close()

    def follow(
        self, on_epoch: Callable[[int, Mapping[str, float]], bool], notice: Callable[[str], None]
    ) -> dict[str, Any]:
        """Follows the trial to its end.

        Args:
            on_epoch: Receives the number of an epoch and its metrics; returns whether the trial goes on.
            notice: Receives what the training has to say.

        Returns:
            How it ended: `state`, `reason`, `hint` and `exit_code`; the state is `crashed` for a process that died.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        end: dict[str, Any] = {}
        for line in self._process.stdout:
            message = json.loads(line)
            if message["event"] == "epoch":
                goes_on = on_epoch(message["epoch"], message["metrics"])
                with contextlib.suppress(OSError):  # it may have died; then the loop ends
                    self._process.stdin.write(f"{GO if goes_on else PRUNE}\n")
                    self._process.stdin.flush()
            elif message["event"] == "notice":
                notice(message["text"])
            else:
                end = message
        code = self._process.wait()
        return end or {"state": "crashed", "reason": _reason(code), "hint": "", "exit_code": 1}


def _reason(code: int) -> str:
    if code >= 0:
        return f"its process ended with the code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = str(-code)
    killed = "; the system kills processes when memory runs out" if name == "SIGKILL" else ""
    return f"its process was ended by {name}{killed}"
