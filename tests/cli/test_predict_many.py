"""`cnncli predict --out` and `--merge`, with the network of a real run."""

import csv
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from cnncli.data.sources.published import mnist


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    """The first 100 test images as PNG files, of which one is cut off."""
    folder = tmp_path_factory.mktemp("digits")
    for number, image in enumerate(mnist.arrays()[2][:100]):
        Image.fromarray(image).save(folder / f"{number}.png")
    (folder / "7.png").write_bytes((folder / "7.png").read_bytes()[:100])
    return folder


def rows(file):
    return list(csv.DictReader(io.StringIO(file.read_text())))


@pytest.mark.slow
def test_answers_in_a_file_are_those_on_the_screen(call, trained, digits, tmp_path):
    out = tmp_path / "answers.csv"
    result = call("predict", digits, "--out", out, "--runs-dir", trained, "--top-k", 2)
    assert (result.code, result.out.startswith(f"{out}: 99 predictions in ")) == (3, True)
    assert f"error: 1 image cannot be read; see {out}.unreadable.csv" in result.err
    shown = json.loads(call("predict", digits, "--json", "--top-k", 2, "--runs-dir", trained).out)
    assert "cut off" in shown.pop(7)["error"]
    for row, entry in zip(rows(out), shown, strict=True):
        assert (row["image"], row["class"]) == (entry["image"].removeprefix(f"{digits}/"), entry["class"])
        assert float(row["probability"]) == pytest.approx(entry["probability"], abs=1e-5)
    again = call("predict", digits, "--out", out, "--runs-dir", trained, "--top-k", 2)
    assert (again.code, "exists already" in again.err) == (5, True)
    again = call("predict", digits, "--out", out, "--runs-dir", trained, "--top-k", 2, "--resume")
    assert (again.code, "; 100 were done before" in again.out) == (3, True)
    again = call("predict", digits, "--out", out, "--runs-dir", trained, "--resume")
    assert (again.code, "--top-k is 1, not 2" in again.err) == (6, True)


@pytest.mark.slow
def test_shards_of_a_list_are_merged(call, trained, digits, tmp_path, monkeypatch):
    listed = "".join(f"{digits / f'{number}.png'}\n" for number in range(100) if number != 7)
    whole, parts = tmp_path / "whole.jsonl", [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for out, more in ((whole, ()), (parts[0], ("--shard", "1/2")), (parts[1], ("--shard", "2/2"))):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(listed.encode())))
        options = ("--probabilities", "--embeddings", "--runs-dir", trained)
        assert call("predict", "-", "--out", out, *options, *more).code == 0
    merged = call("predict", "--merge", *parts, "--out", tmp_path / "all.jsonl")
    assert (merged.code, merged.out) == (0, f"{tmp_path / 'all.jsonl'}: 99 predictions\n")
    assert (tmp_path / "all.jsonl").read_bytes() == whole.read_bytes()
    first = json.loads(whole.read_text().splitlines()[0])
    assert sum(first["probabilities"].values()) == pytest.approx(1, abs=1e-5)
    assert len(first["embedding"]) > 10


@pytest.mark.slow
def test_an_answer_has_the_same_bits_whatever_its_neighbours_are(trained, digits):
    from cnncli import open_run
    from cnncli.inference.tensorflow_graph import TensorFlowGraph
    from cnncli.runner.answers.pipeline import BATCH

    engine = TensorFlowGraph(open_run("small-001", trained), "best", False, pytest.fail, True)
    images = np.random.default_rng(0).integers(0, 256, (BATCH, 28, 28, 1), np.uint8)
    order = np.random.default_rng(1).permutation(BATCH)
    alone = np.zeros_like(images)
    alone[5] = images[0]
    for one, other, lonely in zip(engine.both(images), engine.both(images[order]), engine.both(alone), strict=True):
        assert (one[order] == other).all()
        assert (lonely[5] == one[0]).all()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("x.png --resume", "--resume needs --out"),
        ("x.png --shard 1/2 --probabilities", "--probabilities, --shard needs --out"),
        ("x.png --out a.csv --shard 3/2", "such as 3/16"),
        ("x.png --out a.csv --shard three", "such as 3/16"),
        ("x.png --out a.csv --json", "leave out --json"),
        ("--merge a.csv", "--out ALL.csv"),
        ("--merge a.csv --out b.csv --top-k 2 --shard 1/2", "takes no --top-k, --shard"),
    ],
)
def test_options_that_do_not_go_together(call, arguments, said):
    result = call("predict", *arguments.split())
    assert (result.code, said in result.err, result.out) == (2, True, "")


def test_without_pyarrow_parquet_is_a_sentence(call, monkeypatch, tmp_path, run_beside):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    result = call("predict", "x.png", "--run", run_beside, "--out", tmp_path / "a.parquet")
    assert (result.code, "pip install 'cnncli[parquet]'" in result.err) == (5, True)


@pytest.fixture
def run_beside(tmp_path):
    folder = tmp_path / "runs" / "mnist-001"
    folder.mkdir(parents=True)
    (folder / "status.json").write_text(json.dumps({"state": "finished"}))
    return folder


BAR = """
import sys, time
from cnncli.cli.terminal.predict_many import _bar
from cnncli.cli.terminal.signals import Signals
with Signals() as signals, _bar(signals) as move:
    for done in range(0, 101, 10):
        move(done, 100)
        time.sleep(0.02)
"""


def test_a_terminal_shows_images_a_second_and_a_file_shows_nothing(in_a_terminal):
    shown = in_a_terminal([sys.executable, "-c", BAR], NO_COLOR="1")
    assert "images/s" in shown
    silent = subprocess.run(
        [sys.executable, "-c", BAR.replace("move(done, 100)", "assert move is None")], capture_output=True, check=True
    )
    assert (silent.stdout, silent.stderr) == (b"", b"")
