"""Run folders: claimed by one alone, written whole or not at all, found by whatever people call them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnncli.errors import ResourceError, RunError
from cnncli.runs import RunDir, find_run, list_runs, writing

WAIT_THEN_CLAIM = """
import sys
from pathlib import Path
from cnncli.runs import RunDir
print("ready", flush=True)
sys.stdin.readline()
print(*(RunDir.claim(Path(sys.argv[1]), "mnist").name for _ in range(10)))
"""


def make_run(folder: Path, name: str, **status) -> RunDir:
    run = RunDir(folder / name)
    run.path.mkdir(parents=True)
    run.set_status("running")
    if status:
        run.write_json("status.json", {**run.read_json("status.json"), **status})
    return run


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, error: BaseException) -> None:
    with writing(path) as aside:
        aside.write_text("half")
        raise error


def write_to_full_disk(path: Path) -> None:
    with writing(path) as aside:
        aside.symlink_to("/dev/full")
        aside.write_text("new")


class TestClaim:
    def test_numbers_count_per_name(self, tmp_path):
        folder = tmp_path / "not" / "there" / "yet"
        names = [RunDir.claim(folder, prefix).name for prefix in ("mnist", "mnist", "mnist-deep", "mnist")]
        assert names == ["mnist-001", "mnist-002", "mnist-deep-001", "mnist-003"]
        assert left_in(folder) == sorted(names)

    def test_a_number_is_not_given_again_when_an_earlier_run_was_deleted(self, tmp_path):
        for _ in range(3):
            RunDir.claim(tmp_path, "mnist")
        (tmp_path / "mnist-001").rmdir()
        assert RunDir.claim(tmp_path, "mnist").name == "mnist-004"

    def test_other_names_do_not_count(self, tmp_path):
        for name in ("mnist-final", "mnist-", "cifar-007", "mnist-007-copy", "fashion-mnist-009"):
            (tmp_path / name).mkdir()
        assert RunDir.claim(tmp_path, "mnist").name == "mnist-001"

    def test_after_999_comes_1000(self, tmp_path):
        (tmp_path / "mnist-999").mkdir()
        assert RunDir.claim(tmp_path, "mnist").name == "mnist-1000"
        assert RunDir.claim(tmp_path, "mnist").name == "mnist-1001"

    def test_eight_processes_at_once_never_get_the_same_folder(self, tmp_path):
        program = [sys.executable, "-c", WAIT_THEN_CLAIM, str(tmp_path)]
        pipe = subprocess.PIPE
        processes = [subprocess.Popen(program, stdin=pipe, stdout=pipe, text=True) for _ in range(8)]
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 8
        for process in processes:
            process.stdin.write("\n")
            process.stdin.flush()
        names = [name for process in processes for name in process.communicate()[0].split()]
        assert sorted(names) == [f"mnist-{number:03d}" for number in range(1, 81)]

    def test_a_file_in_place_of_the_folder_is_told_with_what_to_do(self, tmp_path):
        (tmp_path / "runs").write_text("I am a file")
        with pytest.raises(ResourceError, match="cannot create a run folder in") as caught:
            RunDir.claim(tmp_path / "runs", "mnist")
        assert "--runs-dir" in caught.value.hint


class TestWriting:
    def test_a_file_appears_when_the_block_ends_and_not_before(self, tmp_path):
        path = tmp_path / "plots" / "history.png"
        with writing(path) as aside:
            aside.write_bytes(b"whole")
            assert aside.parent == path.parent
            assert aside.suffix == ".png"
            assert not path.exists()
        assert path.read_bytes() == b"whole"
        assert left_in(path.parent) == ["history.png"]

    def test_an_exception_leaves_nothing(self, tmp_path):
        with pytest.raises(ZeroDivisionError):
            write_half(tmp_path / "report.txt", ZeroDivisionError())
        assert left_in(tmp_path) == []

    @pytest.mark.parametrize("error", [ZeroDivisionError, KeyboardInterrupt])
    def test_the_file_that_was_there_survives(self, tmp_path, error):
        path = tmp_path / "report.txt"
        path.write_text("from the last epoch")
        with pytest.raises(error):
            write_half(path, error())
        assert path.read_text() == "from the last epoch"
        assert left_in(tmp_path) == ["report.txt"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
    def test_a_full_disk_is_told_and_the_old_file_survives(self, tmp_path):
        path = tmp_path / "report.txt"
        path.write_text("old")
        with pytest.raises(ResourceError, match=r"cannot write '.*report\.txt': No space left") as caught:
            write_to_full_disk(path)
        assert isinstance(caught.value.__cause__, OSError)
        assert path.read_text() == "old"
        assert left_in(tmp_path) == ["report.txt"]

    def test_a_folder_that_cannot_be_made_is_told(self, tmp_path):
        (tmp_path / "plots").write_text("I am a file")
        with pytest.raises(ResourceError, match="cannot write"), writing(tmp_path / "plots" / "history.png"):
            pytest.fail("nothing to write to")

    def test_a_name_that_is_a_folder_is_told(self, tmp_path):
        (tmp_path / "report.txt").mkdir()
        with pytest.raises(ResourceError, match="cannot write"), writing(tmp_path / "report.txt") as aside:
            aside.write_text("whole")
        assert left_in(tmp_path) == ["report.txt"]

    @pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
    def test_a_folder_that_is_read_only_is_told(self, tmp_path):
        tmp_path.chmod(0o500)
        try:
            with pytest.raises(ResourceError, match="Permission denied"), writing(tmp_path / "a.txt") as aside:
                aside.write_text("whole")
        finally:
            tmp_path.chmod(0o700)

    def test_json_has_no_word_for_nan_and_the_file_stays_as_it_was(self, tmp_path):
        run = RunDir(tmp_path)
        run.write_json("metrics.json", {"loss": 0.5, "name": "größer"})
        with pytest.raises(ValueError, match="not JSON compliant"):
            run.write_json("metrics.json", {"loss": float("nan")})
        assert run.metrics() == {"loss": 0.5, "name": "größer"}


class TestStatus:
    def test_a_run_starts_once_and_ends_once(self, tmp_path):
        run = RunDir(tmp_path)
        with run.locked():
            run.set_status("running")
            begun = run.status()
        assert (begun["state"], begun["pid"]) == ("running", os.getpid())
        assert "ended" not in begun
        run.write_json("status.json", {**begun, "started": "2026-01-01T00:00:00Z"})
        run.set_status("finished", epochs=3)
        ended = run.status()
        assert (ended["state"], ended["epochs"], ended["started"]) == ("finished", 3, "2026-01-01T00:00:00Z")
        assert ended["ended"] > ended["started"]

    @pytest.mark.parametrize("state", ["interrupted", "diverged", "failed"])
    def test_why_it_ended_is_kept(self, tmp_path, state):
        run = make_run(tmp_path, "mnist-001")
        run.set_status(state, reason="because")
        assert (run.status()["state"], run.status()["reason"]) == (state, "because")

    @pytest.mark.parametrize("host", [None, "elsewhere"])
    def test_a_run_whose_lock_nobody_holds_was_interrupted(self, tmp_path, host):
        run = make_run(tmp_path, "mnist-001", **({"host": host} if host else {}))
        assert run.status()["state"] == "interrupted"  # without a lock, as in a copy
        with run.locked():
            assert run.status()["state"] == "running"
        assert run.status()["state"] == "interrupted"
        assert run.status()["reason"]
        assert run.read_json("status.json")["state"] == "running"  # reading changes nothing

    def test_what_is_finished_stays_finished_without_its_process(self, tmp_path):
        with subprocess.Popen([sys.executable, "-c", ""]) as process:
            pass
        run = make_run(tmp_path, "mnist-001", state="finished", pid=process.pid)
        assert run.status()["state"] == "finished"

    @pytest.mark.parametrize("content", ["", "{", "[1, 2]", "\xff"])
    def test_a_broken_file_is_told_with_its_name(self, tmp_path, content):
        (tmp_path / "status.json").write_text(content, encoding="latin-1")
        with pytest.raises(RunError, match=r"is not a complete run: status\.json"):
            RunDir(tmp_path).status()

    def test_without_a_test_there_are_no_metrics(self, tmp_path):
        assert RunDir(tmp_path).metrics() == {}


class TestFind:
    def test_runs_are_listed_by_name_and_other_folders_passed_over(self, tmp_path):
        for name in ("mnist-002", "cifar-001", "mnist-001"):
            make_run(tmp_path, name)
        (tmp_path / "mnist-003").mkdir()
        (tmp_path / "notes.txt").write_text("")
        assert [run.name for run in list_runs(tmp_path)] == ["cifar-001", "mnist-001", "mnist-002"]

    def test_no_folder_holds_no_runs(self, tmp_path):
        assert list_runs(tmp_path / "runs") == []

    def test_by_path_and_by_name(self, tmp_path):
        run = make_run(tmp_path / "runs", "mnist-001")
        elsewhere = make_run(tmp_path / "elsewhere", "renamed")
        assert find_run("mnist-001", tmp_path / "runs").path == run.path
        assert find_run(str(run.path), tmp_path / "nowhere").path == run.path
        assert find_run(str(elsewhere.path), tmp_path / "runs").path == elsewhere.path

    def test_without_a_name_the_newest_finished_one(self, tmp_path):
        make_run(tmp_path, "a-001", state="finished", ended="2026-01-01T10:00:00Z")
        make_run(tmp_path, "b-001", state="finished", ended="2026-01-03T10:00:00Z")
        make_run(tmp_path, "c-001", state="finished", ended="2026-01-02T10:00:00Z")
        make_run(tmp_path, "d-001", state="diverged", ended="2026-01-04T10:00:00Z")
        make_run(tmp_path, "e-001")
        assert find_run(None, tmp_path).name == "b-001"

    def test_without_a_finished_one_it_says_how_to_get_one(self, tmp_path):
        make_run(tmp_path, "mnist-001")
        with pytest.raises(RunError, match="no finished run") as caught:
            find_run(None, tmp_path)
        assert "cnncli train" in caught.value.hint

    def test_a_name_that_is_nearly_right_is_suggested(self, tmp_path):
        make_run(tmp_path, "mnist-001")
        with pytest.raises(RunError, match=r"no run 'mnits-001'; did you mean 'mnist-001'\?"):
            find_run("mnits-001", tmp_path)

    def test_a_name_like_no_other_gets_no_suggestion(self, tmp_path):
        make_run(tmp_path, "mnist-001")
        with pytest.raises(RunError, match="there is no run") as caught:
            find_run("xyz", tmp_path)
        assert (caught.value.message, "cnncli runs" in caught.value.hint) == ("there is no run 'xyz'", True)

    def test_a_directory_of_runs_that_is_not_here_is_told(self, tmp_path):
        with pytest.raises(RunError, match="there is no run 'mnist-001'") as caught:
            find_run("mnist-001", tmp_path / "runs")
        assert f"there is no folder '{tmp_path / 'runs'}' here" in caught.value.hint

    @pytest.mark.parametrize("name", ["x" * 300, "a" * 5000, "a\0b"])
    def test_a_name_that_no_file_can_have_is_no_run(self, tmp_path, name):
        make_run(tmp_path, "mnist-001")
        with pytest.raises(RunError, match="there is no run"):
            find_run(name, tmp_path)
        assert list_runs(tmp_path / name) == []

    def test_a_folder_that_is_no_run_is_told_apart(self, tmp_path):
        (tmp_path / "photos").mkdir()
        with pytest.raises(RunError, match="is not a run folder"):
            find_run(str(tmp_path / "photos"), tmp_path)

    def test_what_is_near_a_run_is_told_with_the_run(self, tmp_path, monkeypatch):
        monkeypatch.chdir(tmp_path)
        run = make_run(Path("runs"), "photos-001")
        Path("photos").mkdir()
        for name in ("photos.yaml", "notes.txt", "runs/photos-001/best.weights.h5"):
            Path(name).touch()
        told = {
            "photos": ("it has no readable status.json; did you mean 'photos-001'?", ""),
            "photos.yaml": ("is a spec, not a run; did you mean 'photos-001'?", "train it: cnncli train photos.yaml"),
            "notes.txt": ("is a file, not a run", "cnncli runs"),
            "runs/photos-001/best.weights.h5": ("is a part of a run, not the run", f"its folder: {run.path}"),
            "runs": ("is a folder of runs, not a run", "it holds 1 run; name one, such as runs/photos-001"),
        }
        for name, (message, hint) in told.items():
            with pytest.raises(RunError) as caught:
                find_run(name, Path("runs"))
            assert message in caught.value.message
            assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("recorded", "threads", "onednn"),
    [
        *(({"threads": value}, None, None) for value in (True, 0, 10**6, "3")),
        ({"threads": 3}, 3, None),
        *(({"onednn": value}, None, None) for value in (1, "default", "yes; rm", None, ["1"])),
        ({"onednn": "0"}, None, "0"),
        ({"onednn": "1"}, None, "1"),
        ({}, None, None),
    ],
)
def test_the_arithmetic_is_that_of_the_run(tmp_path, monkeypatch, recorded, threads, onednn):
    monkeypatch.setattr("cnncli.environment._threads", None)
    monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", "")  # whatever is set meanwhile is taken back
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    run = RunDir(tmp_path)
    run.write_json("environment.json", recorded)
    from cnncli.environment import threads_to_start_with
    from cnncli.runner.open_run import OpenRun

    OpenRun(run).apply_recorded_threading()
    assert threads_to_start_with() == threads
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == onednn


def test_the_files_of_a_run_are_where_the_design_has_them(tmp_path):
    run = RunDir(tmp_path / "mnist-001")
    run.write_text("spec.yaml", "data: {}\n")
    run.write_json("plots/facts.json", {"a": 1})
    assert run.spec.read_text() == "data: {}\n"
    assert json.loads((run.path / "plots" / "facts.json").read_text()) == {"a": 1}
    assert run.best_weights.relative_to(run.path).as_posix() == "weights/best.weights.h5"
    assert run.checkpoint.relative_to(run.path).as_posix() == "checkpoint/state.npz"
