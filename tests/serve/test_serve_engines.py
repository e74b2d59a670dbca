"""Which of a run's exports answers: the quickest for so many images, or the one that was asked for."""

import shutil

import pytest
from real_server import png

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


@pytest.fixture(scope="module")
def runs_dir(place, tmp_path_factory):
    """A folder with the run, exported to LiteRT and to ONNX."""
    import cnncli

    folder = tmp_path_factory.mktemp("pair")
    shutil.copytree(place / "runs" / "shades-001", folder / "shades-001")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        cnncli.open_run(folder / "shades-001").export("onnx")
    return str(folder)


@pytest.mark.parametrize("engine", ["", "litert", "onnx", "tensorflow"])
def test_it_says_which_engine_gets_how_many_images_and_answers_the_same(started, server, runs_dir, engine):
    named = ("--engine", engine) if engine else ()
    other = started("shades-001", "--runs-dir", runs_dir, *named)
    uses = other.ask("/runs").body["runs"][0]["engines"]
    metrics = other.ask("/metrics").body.decode()
    for use in uses:
        labels = f'engine="{use["engine"]}",run="shades-001"'
        assert f"cnncli_engine_from_images{{{labels}}} {use['from_images']}.0" in metrics
    assert uses[0]["from_images"] == 1
    assert {use["engine"] for use in uses} <= ({engine} if engine else {"litert", "onnx"})
    ours, others = (each.ask("/predict", png(190)).body["predictions"][0] for each in (server, other))
    assert ours["class"] == others["class"]
    assert abs(ours["probability"] - others["probability"]) <= 2e-5
    first, *more = uses
    told = ", ".join(
        [first["engine"], *(f"from {use['from_images']} images at a time {use['engine']}" for use in more)]
    )
    assert f"shades-001: 2 classes, engine {told}\n" in other.stop()[1]


def test_an_engine_that_the_run_does_not_have_is_refused(place, started):
    import subprocess
    import sys

    command = [sys.executable, "-m", "cnncli", "serve", "shades-001", "--engine", "openvino", "--port", "0"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (6, "")
    assert "has no engine openvino: it was not exported to openvino" in done.stderr
    assert "cnncli export" in done.stderr
