"""Requests to MLflow's REST API: what is sent, and what each kind of answer means. A server of our own answers."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import math
import subprocess
import sys
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from cnncli.track.mlflow_requests import Measured, PackageNeeded, PlainServer, Refused, RunThere, ServerAway
from cnncli.track.mlflow_sender import Sender, problem_of, send_all


class Answers(ThreadingHTTPServer):
    """Gives the answers that it was told, in order, and keeps what it was asked."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.asked, self.connections = deque(), [], set()
        self.address = f"http://127.0.0.1:{self.server_port}"

    def say(self, *answers):
        """Each is a status with a value of JSON, or with a text."""
        self.answers.extend(answers)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self):
        self.server.connections.add(self.client_address)
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, answer, *headers = self.server.answers.popleft()
        text = answer if isinstance(answer, str) else json.dumps(answer)
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    do_GET = do_POST = do_PUT = answer

    def log_message(self, *_):
        pass


@pytest.fixture
def answers(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("URI", "USERNAME", "PASSWORD", "TOKEN"):
        monkeypatch.delenv(f"MLFLOW_TRACKING_{name}", raising=False)
    with started(Answers()) as server:
        yield server


@contextlib.contextmanager
def started(server):
    with server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield server
        server.shutdown()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_is_busy_does_not_answer_for_now(answers, status):
    answers.say((status, "<html>wait</html>"))
    with pytest.raises(ServerAway) as raised:
        PlainServer(answers.address).run("1")
    assert problem_of(raised.value, answers.address) == f"the MLflow server {answers.address} does not answer"


@pytest.mark.parametrize("place", ["127.0.0.1:9", "no-such-host.invalid"])
def test_one_that_is_not_there_does_not_answer(place):
    with pytest.raises(ServerAway):
        PlainServer(f"http://{place}").run("1")


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (200, "<html>sign in</html>"),
        (401, "You are not authenticated."),
        (403, {"error_code": "PERMISSION_DENIED", "message": "no"}),
        (404, "<html>nothing</html>"),
        (500, ["no object"]),
    ],
)
def test_other_answers_are_left_to_the_package(answers, status, answer):
    answers.say((status, answer))
    with pytest.raises(PackageNeeded):
        PlainServer(answers.address).run("1")


def test_a_redirect_is_followed_without_the_password(answers):
    with started(Answers()) as other:
        answers.say((307, "", ("Location", f"{other.address}/elsewhere")))
        other.say((200, {}))
        PlainServer(answers.address.replace("://", "://me:secret@")).describe("1", "text")
        ((method, path, headers, body),) = other.asked
    assert (method, path, "Authorization" in headers) == ("POST", "/elsewhere", False)
    assert json.loads(body)["value"] == "text"


def test_one_connection_serves_a_run(answers):
    answers.say((200, {}), (200, {}))
    server = PlainServer(answers.address)
    server.describe("1", "text")
    server.describe("1", "text")
    assert len(answers.connections) == 1


def test_what_the_server_refuses_is_said_in_its_words(answers):
    answers.say((400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "the name is too long"}))
    with pytest.raises(Refused) as raised:
        PlainServer(answers.address).describe("1", "text")
    said = problem_of(raised.value, "http://me:secret@host")
    assert said == "the MLflow server http://host refuses the run: INVALID_PARAMETER_VALUE: the name is too long"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("failed with exception … [SSL: CERTIFICATE_VERIFY_FAILED] …", "set MLFLOW_TRACKING_SERVER_CERT_PATH"),
        ("Max retries exceeded … [SSL: WRONG_VERSION_NUMBER] …", "does not speak https: write http://"),
        ("API request to endpoint failed with error code 404 != 200", "http://host is something else"),
        ("the response body was not in a valid JSON format", "http://host is something else"),
        ("API request to endpoint failed with error code 401 != 200", "asks for a user"),
        ("API request to endpoint failed with error code 503 != 200", "does not answer"),
    ],
)
def test_errors_of_the_package_become_sentences(error, said):
    assert said in problem_of(RuntimeError(error), "http://host")


@pytest.mark.parametrize(
    ("user", "variables", "header"),
    [
        ("", {}, None),
        ("", {"USERNAME": "me", "PASSWORD": "word"}, "me:word"),
        ("", {"USERNAME": "me", "TOKEN": "abc"}, "Bearer abc"),
        ("you:p%40ss@", {"USERNAME": "me", "PASSWORD": "word", "TOKEN": "abc"}, "you:p@ss"),
    ],
)
def test_users_are_those_of_the_address_or_the_variables(answers, monkeypatch, user, variables, header):
    for name, value in variables.items():
        monkeypatch.setenv(f"MLFLOW_TRACKING_{name}", value)
    answers.say((200, {"experiment": {"experiment_id": "7"}}))
    assert PlainServer(answers.address.replace("://", f"://{user}") + "/team/").experiment("a b&c") == "7"
    ((method, path, headers, _),) = answers.asked
    assert (method, urlsplit(path).path) == ("GET", "/team/api/2.0/mlflow/experiments/get-by-name")
    assert parse_qs(urlsplit(path).query) == {"experiment_name": ["a b&c"]}
    if header and ":" in header:
        header = f"Basic {base64.b64encode(header.encode()).decode()}"
    assert headers.get("Authorization") == header


@pytest.mark.parametrize(
    ("address", "variable"),
    [
        ("sqlite:///mlflow.db", ""),
        ("databricks", ""),
        ("http://host?token=a", ""),
        ("http://host", "MLFLOW_TRACKING_INSECURE_TLS"),
        ("http://host", "MLFLOW_TRACKING_AWS_SIGV4"),
        ("http://host", "MLFLOW_WORKSPACE"),
    ],
)
def test_other_servers_and_settings_are_left_to_the_package(monkeypatch, address, variable):
    if variable:
        monkeypatch.setenv(variable, "true")
    with pytest.raises(PackageNeeded):
        PlainServer(address)


def test_recorded_credentials_are_left_to_the_package(answers, tmp_path):
    PlainServer("http://host")
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text("[mlflow]")
    with pytest.raises(PackageNeeded):
        PlainServer("http://host")


def test_an_experiment_that_another_process_creates_meanwhile(answers):
    answers.say((404, {"error_code": "RESOURCE_DOES_NOT_EXIST"}), (400, {"error_code": "RESOURCE_ALREADY_EXISTS"}))
    answers.say((200, {"experiment": {"experiment_id": 5}}))
    assert PlainServer(answers.address).experiment("digits") == "5"
    assert json.loads(answers.asked[1][3]) == {"name": "digits"}


def test_values_are_as_the_server_takes_them(answers):
    answers.say((200, {}), (200, ""))
    server = PlainServer(answers.address)
    server.add_metrics("1", [Measured("loss", math.nan, 2, 3), Measured("acc", 0.1, 2, 3)])
    nan, number = json.loads(answers.asked[0][3])["metrics"]
    assert nan == {"key": "loss", "value": "NaN", "timestamp": 2, "step": 3}
    assert number["value"] == 0.1
    server.set_state("1", "RUNNING")
    assert json.loads(answers.asked[1][3]) == {"run_id": "1", "status": "RUNNING"}


def test_epochs_are_read_page_by_page(answers):
    pages = [{"metrics": [{"step": 1}, {}], "next_page_token": "more"}, {"metrics": [{"step": 2}]}]
    answers.say(*((200, page) for page in pages))
    assert PlainServer(answers.address).epochs("1", "loss") == {0, 1, 2}
    assert "page_token=more" in answers.asked[1][1]


def test_files_go_through_the_server_or_are_left_to_the_package(answers):
    answers.say((200, {}))
    server = PlainServer(answers.address)
    server.add_file(RunThere("1", "RUNNING", frozenset(), "mlflow-artifacts:/0/1/artifacts"), "plots/a b#.png", b"data")
    ((method, path, _, body),) = answers.asked
    assert (method, body) == ("PUT", b"data")
    assert path == "/api/2.0/mlflow-artifacts/artifacts/0/1/artifacts/plots/a%20b%23.png"
    for place in ("s3://bucket/1", "/srv/mlruns/1", "mlflow-artifacts://other:80/1"):
        with pytest.raises(PackageNeeded):
            server.add_file(RunThere("1", "RUNNING", frozenset(), place), "a.png", b"data")


def test_a_server_that_is_away_is_not_waited_for_with_each_run(answers, left_by_training):
    answers.say((503, ""))
    runs, lines = [left_by_training(1, name=f"digits-00{number}") for number in (1, 2, 3)], io.StringIO()
    send_all(runs, Sender(answers.address, None), lines)
    said = [json.loads(line)["error"] for line in lines.getvalue().splitlines()]
    assert said == 3 * [f"the MLflow server {answers.address} does not answer"]
    assert len(answers.asked) == 1


def test_the_process_that_sends_starts_with_little():
    code = "import sys, cnncli.track.mlflow_sender; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert {"mlflow", "numpy", "yaml", "pydantic", "cnncli.spec", "cnncli.catalog"}.isdisjoint(modules)
