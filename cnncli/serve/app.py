"""The addresses of the server, and what each answers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

import numpy as np
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from cnncli.serve.batches import Batches
from cnncli.serve.bodies import Bodies
from cnncli.serve.heatmap import heat_map
from cnncli.serve.images import images_in, unread
from cnncli.serve.limits import Limits
from cnncli.serve.metrics import Metrics
from cnncli.serve.openapi import document
from cnncli.serve.refusals import BUSY, Refused
from cnncli.serve.served import Model, ServedRun

_TOP = 5
"""Classes of an answer, unless the request says how many."""

_PAGE = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
}
"""Files of the page, and their types."""

OPEN_TO_ALL = frozenset((*_PAGE, "/health", "/ready"))
"""What needs no token: the page, which asks for it, and the probes."""

_LONG = 1 << 18
"""Bytes of a body whose parts are found aside, so that other requests need not wait for it."""


class App:
    """The application.

    Args:
        runs: The runs, by name.
        batches: What classifies.
        bodies: What receives.
        limits: How many images a request may have.
        metrics: Where images are counted.
        has_token: Whether requests need a token, for the description.
    """

    def __init__(
        self,
        runs: Mapping[str, ServedRun],
        batches: Batches,
        bodies: Bodies,
        limits: Limits,
        metrics: Metrics,
        has_token: bool,
    ) -> None:
        self._runs, self._batches, self._bodies = runs, batches, bodies
        self._limits, self._metrics = limits, metrics
        self._description = document(list(runs), limits, has_token)
        self._heat_maps = 0  # that are being made
        self.closing = False
        folder = files("cnncli.serve") / "page"
        self._page = {path: ((folder / name).read_bytes(), kind) for path, (name, kind) in _PAGE.items()}
        get, post = ["GET"], ["POST"]
        self.asgi = Starlette(
            routes=[
                *(Route(path, self.page, methods=get) for path in self._page),
                Route("/predict", self.predict, methods=post),
                Route("/runs/{run}/predict", self.predict, methods=post),
                Route("/heatmap", self.heatmap, methods=post),
                Route("/runs/{run}/heatmap", self.heatmap, methods=post),
                Route("/runs", self.runs, methods=get),
                Route("/health", self.health, methods=get),
                Route("/ready", self.ready, methods=get),
                Route("/metrics", self.metrics, methods=get),
                Route("/openapi.json", self.openapi, methods=get),
            ],
            exception_handlers={Refused: _refused, HTTPException: _no_such_address, ClientDisconnect: _gone},  # type: ignore[dict-item]
        )

    async def page(self, request: Request) -> Response:
        """The page and its files."""
        content, kind = self._page[request.url.path]
        return Response(content, media_type=kind)

    async def predict(self, request: Request) -> Response:
        """Classifies the images of a request."""
        run = self._run(request.path_params.get("run"))
        model = run.model
        top = _top(request.query_params.get("top"), len(model.classes))
        async with self._images(request) as found:
            probabilities = await self._batches.probabilities(model, unread(found, model.image))
        self._metrics.images.labels(run.name).inc(len(found))
        return JSONResponse({"predictions": [_prediction(model, one, top) for one in probabilities]})

    async def heatmap(self, request: Request) -> Response:
        """Where in the image of a request the evidence was."""
        model = self._run(request.path_params.get("run")).model
        name = request.query_params.get("class")
        if name is not None and name not in model.classes:
            raise Refused(422, "the run has no class of this name; /runs lists them")
        async with self._images(request) as found:
            if len(found) > 1:
                raise Refused(422, "a heat map is of one image; send the others in requests of their own")
            if self._heat_maps >= self._limits.heat_maps:
                raise Refused(429, "too many heat maps are being made; try again in a second", BUSY)
            self._heat_maps += 1
            try:
                return JSONResponse(await heat_map(self._batches, model, found[0], name))
            finally:
                self._heat_maps -= 1

    @contextlib.asynccontextmanager
    async def _images(self, request: Request) -> AsyncIterator[Sequence[bytes]]:
        """Inside, the files of the images of a request are held."""
        async with self._bodies.received(request) as body:
            arguments = body, request.headers.get("content-type", ""), self._limits.images
            if len(body) < _LONG:
                yield images_in(*arguments)
            else:
                yield await asyncio.to_thread(images_in, *arguments)

    async def runs(self, request: Request) -> Response:
        """The runs, their classes, and the size of their images."""
        return JSONResponse({"runs": [_described(run) for run in self._runs.values()]})

    async def health(self, request: Request) -> Response:
        """Answers as long as the process does."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Whether new requests are welcome."""
        if self.closing:
            raise Refused(503, "the server is stopping")
        return JSONResponse({"status": "ready"})

    async def metrics(self, request: Request) -> Response:
        """Figures for Prometheus."""
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def openapi(self, request: Request) -> Response:
        """The description of the addresses."""
        return JSONResponse(self._description)

    def _run(self, name: str | None) -> ServedRun:
        if name is None and len(self._runs) == 1:
            return next(iter(self._runs.values()))
        names = ", ".join(self._runs)
        if name is None:
            raise Refused(422, f"there are several runs; send the image to an address below /runs/NAME, of {names}")
        if name not in self._runs:
            raise Refused(404, f"there is no run of this name; there is {names}")
        return self._runs[name]


def _top(text: str | None, classes: int) -> int:
    if text is None:
        return min(_TOP, classes)
    if not text.isascii() or not text.isdecimal() or not int(text[:9]) > 0:
        raise Refused(422, "top is the number of classes in an answer, 1 or more")
    return min(int(text[:9]), classes)


def _prediction(model: Model, probabilities: np.ndarray, top: int) -> dict[str, Any]:
    order = np.argsort(-probabilities, kind="stable")[:top].tolist()
    ranked = [{"class": model.classes[index], "probability": float(probabilities[index])} for index in order]
    return {**ranked[0], "top": ranked}


def _described(run: ServedRun) -> dict[str, Any]:
    height, width, channels = run.model.image.shape
    return {
        "name": run.name,
        "classes": list(run.model.classes),
        "image": {"height": height, "width": width, "channels": channels},
        "engines": [{"engine": name, "from_images": images} for name, images in run.model.engine.uses],
    }


async def _refused(request: Request, problem: Refused) -> Response:
    return problem.response()


async def _gone(request: Request, error: ClientDisconnect) -> Response:
    return Refused(400, "the request is cut off").response()


async def _no_such_address(request: Request, error: HTTPException) -> Response:
    sentences = {404: "there is nothing at this address", 405: "this address takes another method"}
    return Refused(error.status_code, sentences.get(error.status_code, error.detail), error.headers).response()
