"""A run is written by one process at a time, and what killed processes left is swept."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnncli.errors import ResourceError, RunError
from cnncli.runs import RunDir, lock, require_writable, sweep_runs, writing
from cnncli.runs.folder import LOCK

HOLD = """
import sys
from pathlib import Path
from cnncli.runs import RunDir
run = RunDir(Path(sys.argv[1]))
with run.locked():
    run.set_status("running")
    print("held", flush=True)
    sys.stdin.readline()
"""

DIE_HALFWAY = """
import os, signal, sys
from pathlib import Path
from cnncli.runs import writing
with writing(Path(sys.argv[1])) as path:
    path.write_text("half")
    os.kill(os.getpid(), signal.SIGKILL)
"""
KILLED = """
import sys
from pathlib import Path
from killed_at import kill_at
from cnncli.runs import writing
kill_at(int(sys.argv[1]))
with writing(Path(sys.argv[2])) as path:
    path.write_text("new")
"""
RUNNER = Path(__file__).parents[1] / "runner"


@pytest.fixture
def holder(tmp_path):
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def enter(run: RunDir) -> None:
    with run.locked():
        pass


def test_a_second_process_is_told_who_holds_it(tmp_path, holder):
    with pytest.raises(RunError, match=rf"is being written by process {holder.pid}, since 20\S+Z"):
        enter(RunDir(tmp_path))


def test_a_killed_process_holds_nothing(tmp_path, holder):
    holder.kill()
    holder.wait()
    enter(RunDir(tmp_path))


def test_a_run_is_locked_once_in_one_process_and_free_afterwards(tmp_path):
    run = RunDir(tmp_path)
    with run.locked(), pytest.raises(RunError, match="is being written"):
        enter(run)
    enter(run)


def test_whoever_only_asks_for_the_state_of_a_run_is_not_in_its_way(tmp_path, monkeypatch):
    run = RunDir(tmp_path)
    with run.locked():
        pass
    asking = lock.Lock(tmp_path / LOCK)
    clock = SimpleNamespace(sleep=lambda seconds: asking.release(), monotonic=lambda: 0.0)
    monkeypatch.setattr(lock, "time", clock)
    enter(run)


@pytest.mark.parametrize("name", ["weights", "plots", "checkpoint"])
def test_a_folder_that_leads_elsewhere_is_refused(tmp_path, name):
    (tmp_path / "elsewhere").mkdir()
    run = RunDir(tmp_path / "run")
    run.path.mkdir()
    (run.path / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RunError, match="points outside the run directory"):
        enter(run)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_in_place_of_the_lock_is_not_followed(tmp_path):
    run = RunDir(tmp_path / "run")
    (run.path / "checkpoint").mkdir(parents=True)
    (run.path / "checkpoint" / "lock").symlink_to(tmp_path / "victim")
    with pytest.raises(ResourceError, match="cannot write to"):
        enter(run)
    assert not (tmp_path / "victim").exists()


def test_a_file_system_without_locks_is_not_taken_for_somebody_who_writes(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*arguments):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with pytest.raises(ResourceError, match="No locks available"):
        enter(RunDir(tmp_path))


def test_what_a_killed_process_left_half_written_is_swept_and_nothing_else(tmp_path):
    run = RunDir(tmp_path)
    for name in ("weights/best.weights.h5", "report.txt"):
        subprocess.run([sys.executable, "-c", DIE_HALFWAY, str(tmp_path / name)], check=False)
    mine = tmp_path / ".tmp-notes.txt"
    mine.write_text("mine")
    assert len(list(tmp_path.rglob(".tmp-*"))) == 3
    enter(run)
    assert list(tmp_path.rglob(".tmp-*")) == [mine]


def make_leftover(run: Path) -> Path:
    """A run that was killed in the middle of a write."""
    with RunDir(run).locked():
        subprocess.run([sys.executable, "-c", DIE_HALFWAY, str(run / "plots" / "history.png")], check=False)
    (leftover,) = (run / "plots").iterdir()
    return leftover


class TestSweepRuns:
    def test_what_was_half_written_is_swept_from_every_run(self, tmp_path):
        leftovers = [make_leftover(tmp_path / name) for name in ("a-001", "b-001")]
        (tmp_path / "notes.txt").write_text("mine")
        sweep_runs(tmp_path)
        assert [path.exists() for path in leftovers] == [False, False]
        assert (tmp_path / "notes.txt").exists()

    def test_a_run_that_somebody_writes_is_left_alone_until_he_is_done(self, tmp_path):
        leftover = make_leftover(tmp_path / "a-001")
        with RunDir(leftover.parents[1]).locked():  # which sweeps; the one who writes makes another
            leftover.write_text("half")
            sweep_runs(tmp_path)
            assert leftover.exists()
        sweep_runs(tmp_path)
        assert not leftover.exists()

    def test_a_folder_that_is_no_run_is_left_as_it_is(self, tmp_path):
        mine = tmp_path / "photos" / "plots" / ".tmp-1-abc-cat.png"
        mine.parent.mkdir(parents=True)
        mine.write_text("mine")
        sweep_runs(tmp_path)
        assert sorted(path.name for path in tmp_path.rglob("*")) == [mine.name, "photos", "plots"]

    def test_a_run_that_leads_elsewhere_is_left_alone(self, tmp_path):
        leftover = make_leftover(tmp_path / "runs" / "a-001")
        leftover.parent.rename(tmp_path / "plots")
        (tmp_path / "runs" / "a-001" / "plots").symlink_to(tmp_path / "plots")
        sweep_runs(tmp_path / "runs")
        assert [path.name for path in (tmp_path / "plots").iterdir()] == [leftover.name]

    def test_no_folder_has_nothing_to_sweep(self, tmp_path):
        sweep_runs(tmp_path / "runs")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("boundary", [1, 2, 3])
def test_a_write_that_ends_at_a_boundary_leaves_the_old_file_or_the_new_one(tmp_path, boundary):
    path = tmp_path / "a.txt"
    path.write_text("old")
    program = [sys.executable, "-c", KILLED, str(boundary), str(path)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(RUNNER), *sys.path])}
    assert subprocess.run(program, env=environment, check=False).returncode == -9
    assert path.read_text() == ("new" if boundary == 3 else "old")
    assert len(list(tmp_path.glob(".tmp-*"))) == (boundary == 2)


class TestRequireWritable:
    def test_a_folder_that_is_not_there_yet_is_fine_and_still_not_there(self, tmp_path):
        require_writable(tmp_path / "some" / "runs")
        assert not list(tmp_path.iterdir())

    def test_a_file_in_its_way_is_told(self, tmp_path):
        (tmp_path / "runs").write_text("I am a file")
        with pytest.raises(ResourceError, match="cannot create a run folder in") as caught:
            require_writable(tmp_path / "runs" / "deeper")
        assert "--runs-dir" in caught.value.hint

    @pytest.mark.skipif(not Path("/proc/self/mounts").exists(), reason="needs a folder nobody can write to")
    def test_a_folder_that_cannot_be_written_to_is_told_even_to_root(self):
        with pytest.raises(ResourceError, match="cannot create a run folder"):
            require_writable(Path("/proc/self"))


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() != 0, reason="mounts a small disk, which root may")
def test_a_full_disk_leaves_what_was_there_and_says_what_to_do(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "none", str(place)], check=False).returncode:
        pytest.skip("may not mount here")
    try:
        path = place / "state.npz"
        path.write_bytes(b"old")
        with pytest.raises(ResourceError, match="No space left") as caught, writing(path) as aside:
            aside.write_bytes(bytes(1 << 20))
        assert "free some space" in caught.value.hint
        assert path.read_bytes() == b"old"
        assert [entry.name for entry in place.iterdir()] == ["state.npz"]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_an_address_is_no_folder_of_runs():
    with pytest.raises(ResourceError, match="runs cannot be written to s3://bucket/runs") as raised:
        require_writable(Path("s3://bucket/runs"))
    assert "copy that when the training has ended" in raised.value.hint
