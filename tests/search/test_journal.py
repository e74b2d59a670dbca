"""The journal file: neither a killed writer nor a full disk damages it, and Optuna itself reads it."""

import json
import resource

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from cnncli.errors import ResourceError
from cnncli.search.journal import Journal
from cnncli.search.turns import FileTurn


@pytest.fixture
def path(tmp_path):
    return tmp_path / "study.journal"


@pytest.fixture
def notices():
    return []


@pytest.fixture
def journal(path, notices):
    def opened():
        return Journal(path, FileTurn(path.with_suffix(".lock"), notices.append), notices.append)

    return opened


def study(backend):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return optuna.create_study(storage=JournalStorage(backend), study_name="s", load_if_exists=True)


def told(backend, value):
    each = study(backend)
    trial = each.ask()
    trial.suggest_float("x", 0, 1)
    each.tell(trial, value)
    return each


def values(backend):
    return [trial.value for trial in study(backend).get_trials()]


def test_optuna_reads_what_is_written(journal, path):
    told(journal(), 1.0)
    told(journal(), 2.0)
    assert values(JournalFileBackend(str(path))) == values(journal()) == [1.0, 2.0]


def test_half_a_line_at_the_end_is_cut_off(journal, path, notices):
    told(journal(), 1.0)
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"op_code":6,"worker_id":"a","tri')
    assert values(journal()) == [1.0]
    assert "the last line was cut off" in notices[0]
    assert path.read_bytes().startswith(whole)
    assert values(JournalFileBackend(str(path))) == [1.0]


def test_a_process_that_is_under_way_writes_after_half_a_line_of_another(journal, path):
    first = journal()
    told(first, 1.0)
    with path.open("ab") as file:
        file.write(b'{"op_code":6,"wor')
    told(first, 2.0)
    assert values(JournalFileBackend(str(path))) == [1.0, 2.0]


@pytest.mark.parametrize(
    "damage", [b'{"op_code":6,"worker_id":"a","tri{"op_code":6,"worker_id":"b","x":1}\n', b"\0" * 80 + b"\n"]
)
def test_a_damaged_line_is_left_out_for_everybody(journal, path, notices, damage):
    under_way = journal()
    told(under_way, 1.0)
    with path.open("ab") as file:
        file.write(damage)
    told(under_way, 2.0)
    assert values(under_way) == [1.0, 2.0]
    assert values(journal()) == [1.0, 2.0]
    assert "one line is damaged" in notices[-1]
    told(under_way, 3.0)
    assert values(JournalFileBackend(str(path))) == values(journal()) == [1.0, 2.0, 3.0]


def test_a_short_damaged_line_is_left_out(journal, path):
    told(journal(), 1.0)
    with path.open("ab") as file:
        file.write(b"{}\n")
    told(journal(), 2.0)
    assert values(journal()) == [1.0, 2.0]


def test_a_full_disk_leaves_whole_lines(journal, path):
    backend = journal()
    told(backend, 1.0)
    size, (soft, hard) = path.stat().st_size, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            backend.append_logs([{"op_code": 10, "worker_id": "a" * 100}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.stat().st_size == size
    told(backend, 2.0)
    assert values(journal()) == [1.0, 2.0]
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b'{"a": 1}\n', b"\0" * 20, b'{"op_codes":'])
def test_a_file_of_somebody_is_left_as_it_is(journal, path, content):
    path.write_bytes(content)
    with pytest.raises(ResourceError, match="is not a journal of a search"):
        journal()
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b'{"op', b'{"op_code":0,"worker_id":"a","stu'])
def test_a_journal_whose_first_line_was_cut_off_begins_anew(journal, path, content):
    path.write_bytes(content)
    told(journal(), 1.0)
    assert values(JournalFileBackend(str(path))) == [1.0]
