"""The list of runs."""

import json
import time


def make(folder, name, state, started, accuracy=None):
    run = folder / name
    run.mkdir(parents=True)
    status = {"state": state, "started": started, "ended": started, "epochs": 2, "pid": 1, "host": "elsewhere"}
    (run / "status.json").write_text(json.dumps(status))
    if accuracy is not None:
        (run / "metrics.json").write_text(json.dumps({"accuracy": accuracy}))


def names(result):
    return [line.split()[0] for line in result.out.splitlines()[1:]]


def test_runs_are_listed_newest_first_and_sorted_as_asked(call, tmp_path):
    make(tmp_path, "b-001", "finished", "2026-03-01T10:00:00Z", 0.91)
    make(tmp_path, "a-001", "finished", "2026-01-01T10:00:00Z", 0.95)
    make(tmp_path, "c-001", "diverged", "2026-02-01T10:00:00Z")
    (tmp_path / "torn-001").mkdir()
    (tmp_path / "torn-001" / "status.json").write_text("{")
    (tmp_path / "no-run").mkdir()
    listed = call("runs", "--runs-dir", tmp_path)
    assert names(listed) == ["b-001", "c-001", "a-001", "torn-001"]
    assert "2026-03-01 " in listed.out or "2026-02-28 " in listed.out
    assert "broken" in listed.out.splitlines()[-1]
    assert names(call("runs", "--sort", "accuracy", CNNCLI_RUNS_DIR=str(tmp_path)))[:2] == ["a-001", "b-001"]
    assert names(call("runs", "--sort", "name", "--runs-dir", tmp_path)) == ["a-001", "b-001", "c-001", "torn-001"]
    assert names(call("runs", "--sort", "state", "--runs-dir", tmp_path))[:2] == ["torn-001", "c-001"]
    found = json.loads(call("runs", "--json", "--runs-dir", tmp_path).out)
    assert found[0] | {"path": ""} == {
        "name": "b-001",
        "path": "",
        "state": "finished",
        "started": "2026-03-01T10:00:00Z",
        "epochs": 2,
        "accuracy": 0.91,
        "accuracy_interval": None,
        "images": None,
        "reason": None,
    }


def test_times_are_those_of_clocks_here(call, tmp_path, monkeypatch):
    make(tmp_path, "b-001", "finished", "2026-03-01T10:00:00Z", 0.91)
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    shown = call("runs", "--runs-dir", tmp_path).out
    monkeypatch.delenv("TZ")
    time.tzset()
    assert "2026-03-01 19:00" in shown


def test_metrics_without_end_are_no_accuracy(call, tmp_path):
    for number, digits in enumerate(("1" + "0" * 400, "1e999", "-1e999")):
        make(tmp_path, f"a-00{number}", "finished", "2026-03-01T10:00:00Z")
        (tmp_path / f"a-00{number}" / "metrics.json").write_text(f'{{"accuracy": {digits}}}')
    make(tmp_path, "b-001", "finished", "2026-01-01T10:00:00Z", 0.95)
    for sort in ("accuracy", "date"):
        assert sorted(names(call("runs", "--sort", sort, "--runs-dir", tmp_path))) == [
            "a-000",
            "a-001",
            "a-002",
            "b-001",
        ]
    rows = json.loads(call("runs", "--json", "--runs-dir", tmp_path).out)
    assert {row["name"]: row["state"] for row in rows} | {"b-001": ""} == {
        "a-000": "broken",
        "a-001": "broken",
        "a-002": "broken",
        "b-001": "",
    }


def test_an_empty_folder_says_how_to_begin(call, tmp_path):
    result = call("runs", "--runs-dir", tmp_path / "none")
    assert (result.code, result.out) == (0, "")
    assert "cnncli train" in result.err


def test_an_accuracy_has_the_interval_that_its_run_recorded(call, tmp_path):
    make(tmp_path, "b-001", "finished", "2026-03-01T10:00:00Z")
    metrics = {"images": 413, "accuracy": 0.9588, "intervals": {"accuracy": [0.9351, 0.974]}}
    (tmp_path / "b-001" / "metrics.json").write_text(json.dumps(metrics))
    assert "0.959 (0.935–0.974)" in call("runs", "--runs-dir", tmp_path).out
    (tmp_path / "b-001" / "metrics.json").write_text(json.dumps({**metrics, "intervals": {"accuracy": ["a"]}}))
    assert call("runs", "--runs-dir", tmp_path).out.rstrip().endswith(" 0.959")


def test_a_page_lists_them_with_their_curves_and_leads_to_their_pages(call, tmp_path):
    make(tmp_path / "runs", "a <b> ü-001", "finished", "2026-03-01T10:00:00Z", 0.91)
    make(tmp_path / "runs", "c-001", "diverged", "2026-02-01T10:00:00Z", 7.0)
    run = tmp_path / "runs" / "a <b> ü-001"
    (run / "report.html").touch()
    (run / "history.csv").write_text("epoch,val_accuracy\n1,0.5\n2,nan\n3,0.75\n")
    result = call("runs", "--html", "--runs-dir", tmp_path / "runs")
    file = tmp_path / "runs" / "runs.html"
    assert (result.code, result.out) == (0, f"{file}\n")
    page = file.read_text("utf-8")
    assert '<a href="a%20%3Cb%3E%20%C3%BC-001/report.html"><bdi dir="auto">a &lt;b&gt; ü-001</bdi></a>' in page
    assert '<polyline class="curve training" points="2.0,30.0 118.0,2.0"/>' in page
    assert page.count('class="bar"') == page.count('class="spark"') == 1
    elsewhere = tmp_path / "all.html"
    assert call("runs", "--html", elsewhere, "--runs-dir", tmp_path / "runs").code == 0
    assert 'href="runs/a%20%3Cb%3E%20%C3%BC-001/report.html"' in elsewhere.read_text("utf-8")
