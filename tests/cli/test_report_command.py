"""The command that writes the page of a run."""

import html
import json
import webbrowser

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("drawn")]


def test_the_page_has_the_figures_of_the_run_and_can_be_opened(call, trained, monkeypatch):
    opened, run = [], trained / "small-001"
    monkeypatch.setattr(webbrowser, "open", lambda address: opened.append(address) or False)
    result = call("report", "small-001", "--runs-dir", trained, "--open")
    assert (result.code, result.out) == (0, f"{run / 'report.html'}\n"), result.err
    assert opened == [(run / "report.html").as_uri()]
    assert "no browser could be started" in result.err
    page = (run / "report.html").read_text("utf-8")
    metrics = json.loads((run / "metrics.json").read_text("utf-8"))
    assert f">{100 * metrics['accuracy']:.1f} %</span> <span>right: " in page
    low, high = (100 * end for end in metrics["intervals"]["accuracy"])
    assert f"{low:.1f} and {high:.1f} %" in page
    assert page.count('alt="Where the evidence for') == 12
    assert "training finished" in page
    assert (run / "spec.yaml").read_text("utf-8") in html.unescape(page)
    assert 'id="word-recall"' in page
    assert (run / "report.html").stat().st_size < 600_000


def test_a_run_that_is_not_there(call, trained):
    assert call("report", "nowhere", "--runs-dir", trained).code == 6
