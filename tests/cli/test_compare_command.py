"""`cnncli compare` shows which run is better, and whether that is more than luck."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def runs(trained, tmp_path):
    """Two runs, the second of which has a hundred answers fewer right."""
    for name in ("small-001", "small-002"):
        shutil.copytree(trained / "small-001", tmp_path / name)
    file = tmp_path / "small-002" / "predictions.csv"
    heading, *rows = file.read_text().splitlines()
    cells = [row.split(",") for row in rows]
    worse = 0
    for row in cells:
        if row[1] == row[2] and worse < 100:
            row[2], worse = str((int(row[1]) + 1) % 10), worse + 1
    file.write_text("\n".join([heading, *(",".join(row) for row in cells)]) + "\n")
    return tmp_path


def test_the_better_run_is_named_with_what_it_is_better_at(call, runs):
    shown = call("compare", "small-002", "small-001", "--runs-dir", runs)
    assert shown.code == 0
    lines = shown.out.splitlines()
    assert lines[2].split()[-1] == "best"
    assert lines[4].startswith("small-001 against small-002: +10.00 points (")
    assert lines[5] == "  right on 100 images where the other is wrong, wrong on 0 where it is right"
    assert lines[6] == "  p < 0.001, exact < 0.001: more than luck, but both have one spec: it is the luck of the seed"
    assert "more images that changed sides: --json lists all" in shown.out
    found = json.loads(call("compare", "small-002", "small-001", "--runs-dir", runs, "--json").out)
    assert len(found["pairs"][0]["changed"]) == 100
    assert found["best"] == "small-001"


def test_a_page_shows_the_images_that_changed_sides(call, runs):
    file = runs / "page.html"
    result = call("compare", "small-002", "small-001", "--runs-dir", runs, "--html", file)
    assert result.code == 0
    assert f"{file} has the images that changed sides" in result.err
    page = file.read_text("utf-8")
    assert '<span class="figure">+10.00</span>' in page
    assert "both have one spec, so it is the luck of the seed" in page
    assert "Only small-001 is right</bdi>: 100 images" in page
    assert "60 are shown" in page
    assert page.count('src="data:image/webp;base64,') == 60
    wrong = call("compare", "--html", "small-002", "small-001", "--runs-dir", runs)
    assert (wrong.code, "does not end in .html; name the runs before it" in wrong.err) == (2, True)


def test_a_threshold_is_that_of_the_best_run(call, runs):
    missed = call("compare", "small-002", "small-001", "--runs-dir", runs, "--fail-under-best")
    assert missed.code == 7
    assert "small-002 is worse than small-001, by +10.00 points" in missed.err
    assert call("compare", "small-001", "small-002", "--runs-dir", runs, "--fail-under-best").code == 0
    shutil.copytree(runs / "small-001", runs / "small-003")
    assert call("compare", "small-003", "small-001", "--runs-dir", runs, "--fail-under-best").code == 0


def test_one_run_is_none_to_compare_and_an_unknown_one_is_said_to_be(call, runs):
    assert call("compare", "small-001", "--runs-dir", runs).code == 2
    unknown = call("compare", "small-001", "smal-002", "--runs-dir", runs)
    assert (unknown.code, "did you mean 'small-00" in unknown.err) == (6, True)


def test_a_run_is_not_compared_with_itself(call, runs):
    result = call("compare", "small-001", "small-002", runs / "small-001", "--runs-dir", runs)
    assert (result.code, result.out) == (2, "")
    assert f"{runs}/small-001 is named twice" in result.err


@pytest.mark.exhaustive  # as of other commands in test_imports.py; this one waits for scipy.stats
def test_tensorflow_is_not_needed(runs):
    code = (
        "import sys\nfrom cnncli.cli import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit as end: assert not end.code, end.code\n"
        "assert 'tensorflow' not in sys.modules"
    )
    arguments = ["compare", str(runs / "small-001"), str(runs / "small-002")]
    subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True)
