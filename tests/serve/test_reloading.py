"""A run that changes while it is served."""

import json
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
from real_server import png

from cnncli.runs import RunDir

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(place, tmp_path):
    """A copy of the run, to be changed."""
    return shutil.copytree(place / "runs" / "shades-001", tmp_path / "shades-001")


@pytest.fixture
def served(folder):
    from cnncli.serve.served import ServedRun

    lines = []
    one = ServedRun(RunDir(folder), "best", None, 32, False, lines.append)
    one.open()
    one.lines = lines
    return one


def touch(file):
    file.write_bytes(file.read_bytes())


def test_nothing_happens_while_nothing_changes(served):
    model = served.model
    assert [served.refresh() for _ in range(3)] == ["", "", ""]
    assert served.model is model


def test_a_new_export_takes_the_place_of_the_old_one_once_it_rests(served, folder):
    model = served.model
    touch(folder / "exports" / "litert" / "check.json")
    assert served.refresh() == ""
    assert served.refresh() == "replaced"
    assert (served.model is not model, served.model.engine.words) == (True, "litert")
    assert served.lines == ["shades-001 has changed and was opened again (litert)"]


def test_an_export_that_is_being_written_or_is_gone_is_not_waited_for_with_tensorflow(served, folder):
    model = served.model
    aside = shutil.move(folder / "exports" / "litert", folder / "exports" / ".tmp-1-litert")
    assert [served.refresh() for _ in range(3)] == ["", "", ""]
    shutil.rmtree(aside)
    assert [served.refresh() for _ in range(3)] == ["", "", ""]
    assert served.model is model


def test_a_training_that_goes_on_is_left_alone_until_it_ends(served, folder):
    model = served.model
    status = json.loads((folder / "status.json").read_text())
    (folder / "status.json").write_text(json.dumps({**status, "state": "interrupted"}))
    touch(folder / "weights.sha256")
    assert [served.refresh() for _ in range(3)] == ["", "", ""]
    assert served.model is model
    (folder / "status.json").write_text(json.dumps(status))
    assert "replaced" in [served.refresh() for _ in range(2)]


def test_a_change_that_cannot_be_opened_is_told_once_and_the_old_one_goes_on(served, folder):
    model = served.model
    before = (folder / "weights.sha256").read_text()
    (folder / "weights.sha256").write_text(before.replace(before[:8], "00000000"))
    assert [served.refresh() for _ in range(4)] == ["", "failed", "", ""]
    assert (served.model is model, len(served.lines)) == (True, 1)
    assert "the old one still answers" in served.lines[0]
    assert model.probabilities([np.zeros((16, 16, 3), np.uint8)]).shape == (1, 2)


def test_a_server_reloads_by_itself(started, folder, tmp_path):
    server = started("shades-001", "--runs-dir", str(tmp_path))
    touch(folder / "exports" / "litert" / "check.json")
    while b'result="replaced"' not in server.ask("/metrics").body:
        assert server.ask("/predict", png(9)).status == 200
        time.sleep(0.1)


def test_a_run_has_the_name_by_which_it_was_given(place, tmp_path, monkeypatch):
    from cnncli.serve.served import ServedRun

    (tmp_path / "current").symlink_to(place / "runs" / "shades-001")
    monkeypatch.chdir(place / "runs" / "shades-001" / "weights")
    names = [
        ServedRun(RunDir(path), "best", None, 32, False, print).name for path in (tmp_path / "current", Path(".."))
    ]
    assert names == ["current", "shades-001"]


def test_probabilities_are_calibrated_where_that_is_wanted_and_again_when_the_temperature_changes(served, folder):
    from cnncli.serve.served import ServedRun

    def write(temperature):
        (folder / "calibration.json").write_text(f'{{"temperature": {temperature}, "fit": {{"images": 60}}}}')

    write(2.0)
    calibrated = ServedRun(RunDir(folder), "best", None, 32, False, print, True)
    calibrated.open()
    images = np.random.default_rng(0).integers(0, 256, (20, *served.model.image.shape)).astype(np.uint8)
    plain = served.model.probabilities(images)
    for temperature in (2.0, 4.0):
        found = calibrated.model.probabilities(images)
        raised = plain.astype(np.float64) ** (1 / temperature)
        assert np.allclose(found, raised / raised.sum(axis=1, keepdims=True), atol=1e-6)
        assert np.array_equal(found.argmax(axis=1), plain.argmax(axis=1))
        write(4.0)
        calibrated.refresh()
        calibrated.refresh()
