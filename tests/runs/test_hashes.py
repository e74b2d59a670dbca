"""`weights.sha256`: right at every moment, also when a kill falls between two renames."""

import hashlib
import os
import shutil
import subprocess

import pytest

from cnncli.errors import RunError
from cnncli.runs import BEST, RunDir, hashes


def write_best(run, content):
    with run.write_hashed(BEST) as path:
        path.write_bytes(content)


def lines_of(run):
    return (run.path / hashes.FILE).read_text().splitlines()


def test_a_file_that_was_written_is_verified(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    run.verify(BEST)
    assert lines_of(run) == [f"{hashlib.sha256(b'first').hexdigest()}  {BEST}"]


def test_a_file_that_was_changed_is_refused_by_name(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    run.best_weights.write_bytes(b"firsT")
    with pytest.raises(RunError, match=r"best\.weights\.h5' is not what the training wrote"):
        run.verify(BEST)


def test_a_file_without_a_line_is_refused(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    (run.path / "weights" / "last.weights.h5").write_bytes(b"other")
    with pytest.raises(RunError, match="has no line for it"):
        run.verify("weights/last.weights.h5")


def test_a_file_that_is_gone_is_told(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    run.best_weights.unlink()
    with pytest.raises(RunError, match="No such file"):
        run.verify(BEST)


def test_a_link_out_of_the_run_is_refused_whatever_it_leads_to(tmp_path):
    run = RunDir(tmp_path / "run")
    write_best(run, b"first")
    shutil.move(run.best_weights, tmp_path / "elsewhere")
    run.best_weights.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="points outside the run directory"):
        run.verify(BEST)


def test_at_every_moment_of_writing_the_file_there_is_verifies(tmp_path, monkeypatch):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    seen = []

    def look(_):
        run.verify(BEST)
        seen.append(run.best_weights.read_bytes())

    monkeypatch.setattr("cnncli.runs.files.at_boundary", look)
    for content in (b"second", b"third"):
        write_best(run, content)
    assert seen == [b"first"] * 5 + [b"second"] * 6 + [b"third"]  # three boundaries of the file, three of the hashes


def test_a_kill_between_the_renames_is_settled_before_the_next_write(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    first = lines_of(run)
    run.write_text(hashes.FILE, "\n".join([*first, f"{'0' * 64}  {BEST}"]) + "\n")  # and the rename never came
    run.verify(BEST)
    run.settle_hashes()
    assert lines_of(run) == first


def test_settling_leaves_what_does_not_match_for_everybody_to_see(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    run.best_weights.write_bytes(b"changed")
    run.settle_hashes()
    with pytest.raises(RunError, match="is not what the training wrote"):
        run.verify(BEST)


def test_a_file_is_hashed_once_however_many_lines_it_has(tmp_path, monkeypatch):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    (first,) = lines_of(run)
    run.write_text(hashes.FILE, "".join(f"{number:064x}  {BEST}\n" for number in range(1000)) + f"{first}\n")
    hashed = []
    own = hashes.sha256_of
    monkeypatch.setattr(hashes, "sha256_of", lambda path: hashed.append(path) or own(path))
    run.settle_hashes()
    assert (lines_of(run), hashed) == ([first], [run.best_weights])


def test_a_file_that_declares_a_terabyte_is_not_read(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    os.truncate(run.best_weights, 1 << 40)  # which would take an hour
    with pytest.raises(RunError, match=r"best\.weights\.h5' cannot be read: File too large"):
        run.verify(BEST)
    run.write_text(hashes.FILE, f"{lines_of(run)[0]}\n{'0' * 64}  {BEST}\n")
    with pytest.raises(RunError, match="File too large"):
        run.settle_hashes()


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs sha256sum")
def test_sha256sum_checks_a_settled_run(tmp_path):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    write_best(run, b"second")
    run.settle_hashes()
    checked = subprocess.run(["sha256sum", "--strict", "-c", hashes.FILE], cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, f"{BEST}: OK\n")


@pytest.mark.parametrize("text", ["nonsense\n", f"{'0' * 64}  ../../etc/passwd\n", f"{'0' * 63}  {BEST}\n", "\xff"])
def test_a_list_that_is_none_is_refused(tmp_path, text):
    run = RunDir(tmp_path)
    write_best(run, b"first")
    (tmp_path / hashes.FILE).write_text(text, encoding="latin-1")
    with pytest.raises(RunError, match=r"damaged|cannot be read"):
        run.verify(BEST)
