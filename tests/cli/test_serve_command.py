"""What `cnncli serve` refuses before it serves."""

import json
import socket
import sys

import pytest

TOKEN = "0123456789abcdef"


@pytest.fixture
def runs(tmp_path):
    """A folder with a run of each state, as far as it is looked at before the weights."""
    for name, state in (("done", "finished"), ("going", "running"), ("stopped", "interrupted")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "status.json").write_text(json.dumps({"state": state}))
    (tmp_path / "other" / "done").mkdir(parents=True)
    (tmp_path / "other" / "done" / "status.json").write_text('{"state": "finished"}')
    (tmp_path / "short").write_text("secret\n")
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["nosuch"], 6, "there is no run 'nosuch'"),
        (["stopped"], 6, "is not finished: its state is interrupted"),
        (["going"], 6, "is not finished: its state is interrupted"),  # nobody holds its lock
        (["done", "other/done"], 2, "two runs are called done"),
        (["done", "--port", "70000"], 2, "--port"),
        (["done", "--port", "-1"], 2, "--port"),
        (["done", "--host", "no.such.host.invalid"], 5, "there is no address 'no.such.host.invalid'"),
        (["done", "--host", "192.0.2.1"], 5, "cannot serve at 192.0.2.1"),
        (["done", "--host", "0.0.0.0", "--port", "0"], 2, "set a token"),
        (["done", "--host", "::", "--port", "0"], 2, "set a token"),
        (["done", "--token", "short"], 2, "16 or more"),
        (["done", "--token", ""], 2, "--token is an empty text"),
        (["done", "--token", "with blanks and more"], 2, "no blanks"),
        (["done", "--token-file", "short"], 2, "16 or more"),
        (["done", "--token-file", "binary"], 2, "it is not text"),
        (["done", "--token-file", "missing"], 2, "No such file"),
        (["done", "--token-file", "short", "--token", TOKEN], 2, "cannot be combined"),
        ([], 2, "Missing argument"),
        (["done", "--port", "0"], 6, "done"),
    ],
)
def test_what_cannot_be_served_is_told_with_its_exit_code(call, runs, monkeypatch, arguments, code, said):
    monkeypatch.chdir(runs)
    result = call("serve", *arguments, "--runs-dir", runs)
    assert (result.code, said in result.err, result.out) == (code, True, ""), result.err


def test_a_port_that_is_taken(call, runs):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = call("serve", "done", "--runs-dir", runs, "--port", taken.getsockname()[1])
    assert (result.code, "is in use by another program" in result.err) == (5, True), result.err


def test_the_token_may_be_in_a_variable(call, runs):
    assert "16 or more" in call("serve", "done", "--runs-dir", runs, CNNCLI_TOKEN="short").err


@pytest.mark.parametrize("package", ["starlette", "uvicorn", "prometheus_client"])
def test_without_the_extra_it_says_what_to_install(call, runs, monkeypatch, package):
    monkeypatch.setitem(sys.modules, package, None)
    result = call("serve", "done", "--runs-dir", runs)
    assert result.code == 5
    assert f"needs the package {package.replace('_', '-')}" in result.err
    assert "pip install 'cnncli[serve]'" in result.err
