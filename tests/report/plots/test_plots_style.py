from __future__ import annotations

import os
import subprocess
import sys

import matplotlib
import pytest

from cnncli.report.plots import style


def test_settings_come_back_even_after_an_error():
    before = dict(matplotlib.rcParams)

    def fail():
        with style.applied(["x"]):
            assert matplotlib.rcParams["text.parse_math"] is False
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()
    assert dict(matplotlib.rcParams) == before


def test_the_persons_matplotlibrc_does_not_matter():
    with matplotlib.rc_context({"text.usetex": True, "axes.grid": True, "font.size": 40}), style.applied():
        assert matplotlib.rcParams["text.usetex"] is False
        assert matplotlib.rcParams["axes.grid"] is False
        assert matplotlib.rcParams["font.size"] == style.NORMAL


def test_no_display_and_no_pyplot_is_needed(tmp_path):
    code = f"""
import sys
from pathlib import Path
from cnncli.records import Epoch, History
from cnncli.report.plots.history import draw_history
draw_history(History((Epoch(1, {{"loss": 1.0}}, 1e-3, 1.0),), "loss", 1), Path({str(tmp_path / "h.png")!r}))
print([m for m in ("matplotlib.pyplot", "tkinter", "click", "rich", "tensorflow") if m in sys.modules])
"""
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | {"MPLBACKEND": "TkAgg"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
