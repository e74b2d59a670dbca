"""Several processes at once, of which some are killed, in every storage: each trial once, exactly as many as asked."""

import contextlib
import csv
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from pathlib import Path

import optuna
import pytest
from optuna.storages import RDBStorage
from optuna.trial import TrialState
from ports import free_port

from cnncli.search.storage import open_storage

pytestmark = pytest.mark.exhaustive

SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
TRIALS = 4


class Journal:
    """The default: a file in the folder of the search."""

    def __init__(self, folder):
        self.location, self._file = None, folder / "runs" / "tiny-tune" / "study.journal"

    def stop(self):
        self._file.rename(self._file.with_suffix(".away"))

    def start(self):
        self._file.with_suffix(".away").rename(self._file)

    def open(self):
        return None

    def is_free(self):
        return True


class Sqlite:
    """A file elsewhere; its folder is away when it is stopped."""

    def __init__(self, folder):
        self._folder = folder / "shared"
        self._folder.mkdir()
        self.location = f"sqlite:///{self._folder}/study.db"

    def stop(self):
        self._folder.rename(self._folder.with_suffix(".away"))

    def start(self):
        self._folder.with_suffix(".away").rename(self._folder)

    def open(self):
        return RDBStorage(self.location)

    def is_free(self):
        """Whether nobody is within a transaction."""
        with contextlib.closing(sqlite3.connect(self._folder / "study.db")) as database:
            try:
                database.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError:
                return False
        return True


class Postgres:
    """A server of its own on a free port."""

    def __init__(self, folder):
        # not in the folder of the test, into which the user postgres cannot look
        self._folder, self._bin = Path(tempfile.mkdtemp()), SERVERS[-1].parent
        self._as = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if self._as:
            shutil.chown(self._folder, "postgres", "postgres")
        self._port = free_port()
        self._run("initdb", "-D", self._folder / "data", "-U", "me", "-A", "trust", "--no-sync")
        self.start()
        self.location = f"postgresql://me:secret@127.0.0.1:{self._port}/postgres"

    def _run(self, program, *arguments):
        command = [*self._as, str(self._bin / program), *map(str, arguments)]
        with tempfile.TemporaryFile("w+") as said:  # no pipe: the server inherits it, and never closes it
            code = subprocess.run(command, check=False, stdout=said, stderr=said, cwd="/").returncode
            said.seek(0)
            assert code == 0, said.read()

    def stop(self):
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "stop")

    def start(self):
        options = f"-p {self._port} -k {self._folder} -c listen_addresses=127.0.0.1"
        self._run("pg_ctl", "-D", self._folder / "data", "-w", "-o", options, "-l", self._folder / "log", "start")

    def open(self):
        return RDBStorage(self.location.replace("postgresql:", "postgresql+psycopg2:"))

    def is_free(self):
        return True  # but for the rows of a trial, which are those of its process

    def remove(self):
        self.stop()
        shutil.rmtree(self._folder)


@pytest.fixture(params=["journal", "sqlite", "postgres"])
def storage(request, tmp_path):
    if request.param == "postgres" and not SERVERS:
        pytest.skip("PostgreSQL is not installed")
    made = {"journal": Journal, "sqlite": Sqlite, "postgres": Postgres}[request.param](tmp_path)
    yield made
    if request.param == "postgres":
        made.remove()


def arguments(storage, trials=TRIALS):
    where = ["--storage", storage.location] if storage.location else []
    return ["--set", f"tune.trials={trials}", "--set", "tune.sampler=RandomSampler", *where]


def wait_for(is_true, what):
    for _ in range(6000):
        if is_true():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited in vain for {what}")


def ended(commands, storage):
    with contextlib.suppress(Exception):
        return sum(trial.state.is_finished() for trial in commands.trials(storage.open()))
    return 0


def check(commands, storage, trials=TRIALS):
    """Each trial once, exactly as many as asked, and best.yaml is that of the best."""
    made = commands.trials(storage.open())
    assert Counter(trial.state for trial in made) == {TrialState.COMPLETE: trials}
    assert len({tuple(trial.params.values()) for trial in made}) == trials
    folders = sorted(commands.search.glob("trial-*"))
    assert [folder.name for folder in folders] == [f"trial-{number:03d}" for number in range(trials)]
    for trial, folder in zip(made, folders, strict=True):
        rows = list(csv.DictReader((folder / "history.csv").open()))
        assert [int(row["epoch"]) for row in rows] == [1, 2]
        assert [float(row["val_loss"]) for row in rows] == pytest.approx(list(trial.intermediate_values.values()))
        assert json.loads((folder / "status.json").read_text())["state"] == "finished"
    best = min(made, key=lambda trial: trial.value)
    assert f"trial {best.number}, val_loss" in (commands.search / "best.yaml").read_text()


def stop(worker, storage, commands):
    """Stops a process while it does nothing for which the others would wait."""
    with open_storage(storage.location, commands.search, print).turn:
        worker.send_signal(signal.SIGSTOP)
        while not storage.is_free():
            worker.send_signal(signal.SIGCONT)
            time.sleep(0.1)
            worker.send_signal(signal.SIGSTOP)


def test_three_at_once_on_nothing_of_which_one_is_killed_and_one_sleeps(commands, storage):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    workers = [commands.start_tune(*arguments(storage)) for _ in range(3)]
    wait_for(lambda: len(list(commands.search.glob("trial-*/status.json"))) >= 2, "the first trainings")
    stop(workers[1], storage, commands)
    wait_for(lambda: ended(commands, storage) >= 2, "two trials")
    workers[0].kill()
    storage.stop()
    assert any("cannot be reached" in line for line in workers[2].stderr)
    storage.start()
    wait_for(lambda: ended(commands, storage) >= 3, "three trials")
    workers[1].send_signal(signal.SIGCONT)
    said = [worker.communicate() for worker in workers]
    assert [worker.returncode for worker in workers] == [-9, 0, 0], said
    check(commands, storage)
