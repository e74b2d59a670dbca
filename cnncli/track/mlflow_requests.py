"""Requests of MLflow's REST API, as far as a run needs it: they take milliseconds, importing MLflow takes seconds.

Source: MLflow, "REST API", https://mlflow.org/docs/latest/rest-api.html.
"""

from __future__ import annotations

import base64
import math
import os
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

import requests

from cnncli.machine import expanded

USERNAME, PASSWORD, TOKEN = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"
"""Variables from which MLflow takes the user."""

_SECONDS = 10.0
"""For which an answer is waited."""

_MOST_VALUES = 25_000  # of a metric, in one answer
_BUSY = (429, 502, 503, 504)
_UNKNOWN_USER = (401, 403)
_PROXIED = "mlflow-artifacts:/"


class ServerAway(Exception):
    """The server does not answer, for now."""


class Refused(Exception):
    """The server answers that it does not do this, and why."""


class PackageNeeded(Exception):
    """It takes MLflow's package to talk to this server, or to find out why not."""


class Measured(NamedTuple):
    """The value of a metric at a time, in milliseconds since 1970, and an epoch."""

    name: str
    value: float
    time: int
    epoch: int


class RunThere(NamedTuple):
    """What a server has of a run: its id, MLflow's word for its state, names of parameters, and where its files are."""

    id: str
    state: str
    parameters: frozenset[str]
    files: str


class PlainServer:
    """A server of http or https that asks for no user, or for a name and password, or a token.

    Every question may raise `ServerAway`, `Refused` or `PackageNeeded`.
    """

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        if parts.scheme not in ("http", "https") or parts.query or _is_special(os.environ):
            raise PackageNeeded
        self._address = address.partition("#")[0].rstrip("/")
        self._session = requests.Session()  # keeps the connection, and takes proxies and certificates as MLflow does
        self._session.headers.update({"User-Agent": "cnncli", **_authorization(os.environ)})

    def experiment(self, name: str) -> str:
        """The id of an experiment, which is created unless it is there."""
        try:
            return str(self._ask("experiments/get-by-name", experiment_name=name)["experiment"]["experiment_id"])
        except Refused as error:
            if not str(error).startswith("RESOURCE_DOES_NOT_EXIST"):
                raise
        try:
            return str(self._tell("experiments/create", name=name)["experiment_id"])
        except Refused as error:
            if not str(error).startswith("RESOURCE_ALREADY_EXISTS"):
                raise
        return self.experiment(name)  # another process was quicker

    def marked_run(self, experiment: str, tag: str, value: str) -> str | None:
        """The id of the run with a tag; None when there is none."""
        order = {"order_by": ["attributes.start_time"], "max_results": 1}
        found = self._tell("runs/search", experiment_ids=[experiment], filter=f"tags.`{tag}` = '{value}'", **order)
        runs = found.get("runs")
        return str(runs[0]["info"]["run_id"]) if runs else None

    def create_run(self, experiment: str, name: str, started: int, tags: dict[str, str]) -> str:
        """Creates a run, which started at a time in milliseconds since 1970; returns its id."""
        pairs = [{"key": key, "value": value} for key, value in tags.items()]
        run = self._tell("runs/create", experiment_id=experiment, run_name=name, start_time=started, tags=pairs)
        return str(run["run"]["info"]["run_id"])

    def run(self, run_id: str) -> RunThere:
        """What the server has of a run."""
        run = self._ask("runs/get", run_id=run_id)["run"]
        parameters = frozenset(each["key"] for each in run["data"].get("params", ()))
        return RunThere(run_id, run["info"]["status"], parameters, run["info"]["artifact_uri"])

    def epochs(self, run_id: str, metric: str) -> set[int]:
        """The epochs of which it has a metric."""
        epochs: set[int] = set()
        more: dict[str, str] = {}
        while True:
            values = {"run_id": run_id, "metric_key": metric, "max_results": _MOST_VALUES, **more}
            answer = self._ask("metrics/get-history", **values)
            epochs |= {int(each.get("step", 0)) for each in answer.get("metrics", ())}
            if not answer.get("next_page_token"):
                return epochs
            more = {"page_token": answer["next_page_token"]}

    def add_metrics(self, run_id: str, metrics: Sequence[Measured]) -> None:
        """Adds at most 1,000 values."""
        values = [
            {"key": name, "value": "NaN" if math.isnan(value) else value, "timestamp": at, "step": epoch}
            for name, value, at, epoch in metrics
        ]
        self._tell("runs/log-batch", run_id=run_id, metrics=values)

    def add_parameters(self, run_id: str, parameters: Sequence[tuple[str, str]]) -> None:
        """Adds at most 100 parameters, which cannot be changed later."""
        self._tell(
            "runs/log-batch", run_id=run_id, params=[{"key": name, "value": value} for name, value in parameters]
        )

    def set_state(self, run_id: str, state: str, ended: int | None = None) -> None:
        """Changes the state, and when the run ended; without a time that is now."""
        end = {} if state == "RUNNING" else {"end_time": ended or int(1000 * time.time())}
        self._tell("runs/update", run_id=run_id, status=state, **end)

    def describe(self, run_id: str, text: str) -> None:
        """Sets the description, in Markdown."""
        self._tell("runs/set-tag", run_id=run_id, key="mlflow.note.content", value=text)

    def add_file(self, run: RunThere, name: str, data: bytes) -> None:
        """Adds a file, or takes the place of one; its name has slashes between folders."""
        if not run.files.startswith(_PROXIED) or run.files.startswith(f"{_PROXIED}/"):
            raise PackageNeeded  # the files are in a store of their own
        place = quote(f"{run.files.removeprefix(_PROXIED)}/{name}")
        kind = {"Content-Type": "application/octet-stream"}
        self._request("PUT", f"mlflow-artifacts/artifacts/{place}", data=data, headers=kind)

    def rest(self) -> None:
        """Ends the connection, which a server does anyway after some seconds; the next question makes another."""
        self._session.close()

    def _ask(self, endpoint: str, **values: Any) -> Any:
        return self._request("GET", f"mlflow/{endpoint}", params=values)

    def _tell(self, endpoint: str, **values: Any) -> Any:
        return self._request("POST", f"mlflow/{endpoint}", json=values)

    def _request(self, method: str, place: str, **content: Any) -> Any:
        try:
            answer = self._session.request(method, f"{self._address}/api/2.0/{place}", timeout=_SECONDS, **content)
        except (requests.exceptions.SSLError, ValueError):  # an address that is none is a ValueError
            raise PackageNeeded from None
        except requests.RequestException as error:
            raise ServerAway from error
        if answer.status_code in _BUSY:
            raise ServerAway
        try:
            said = answer.json() if answer.content else {}
        except ValueError:  # a page to sign in, say
            raise PackageNeeded from None
        if answer.ok:
            return said
        if answer.status_code in _UNKNOWN_USER or not isinstance(said, dict) or "error_code" not in said:
            raise PackageNeeded
        raise Refused(f"{said['error_code']}: {said.get('message', '')}")


def _authorization(variables: Mapping[str, str]) -> dict[str, str]:
    """The header by which the server knows the user; one in the address counts more, and in ~/.netrc."""
    name, password, token = (variables.get(each) for each in (USERNAME, PASSWORD, TOKEN))
    if name and password:
        return {"Authorization": f"Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"}
    return {"Authorization": f"Bearer {token}"} if token else {}


def _is_special(variables: Mapping[str, str]) -> bool:
    """Whether MLflow's own settings change how a server is asked."""
    usual = ("MLFLOW_TRACKING_URI", USERNAME, PASSWORD, TOKEN)
    special = ("MLFLOW_TRACKING_", "MLFLOW_WORKSPACE", "MLFLOW_ENABLE_WORKSPACES")
    if any(name.startswith(special) and name not in usual for name in variables):
        return True
    return expanded("~/.mlflow/credentials").exists()
