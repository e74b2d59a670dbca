"""The description of the addresses for programs: OpenAPI 3.1."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from cnncli import __version__
from cnncli.serve.limits import MIB, Limits

_ERRORS = {
    400: "The request is cut off, or not HTTP.",
    401: "The token is missing or wrong.",
    403: "A browser sends it for a page of another site.",
    404: "There is no run of this name.",
    408: "It took too long to arrive.",
    413: "It is too large, or has too many images or pixels.",
    415: "It is not an image, or of a format that is not read.",
    421: "Without a token, the server answers to names of this machine only.",
    422: "An image is damaged, or the request is not of this form.",
    429: "Too many images are waiting, or heat maps are being made; try again after the seconds in Retry-After.",
}
_AT_THE_DOOR = (400, 408)

_JSON = "application/json"


def document(runs: Sequence[str], limits: Limits, has_token: bool) -> dict[str, Any]:
    """The description, for runs of these names."""
    door = (401,) if has_token else (421,)
    named = {"name": "run", "in": "path", "required": True, "schema": {"type": "string", "enum": list(runs)}}
    text = {"text/plain": {"schema": {"type": "string"}}}
    paths = {
        "/predict": {"post": _predict("Classify images with the only run.", limits, door, [])},
        "/runs/{run}/predict": {"post": _predict("Classify images with a run.", limits, door, [named])},
        "/heatmap": {"post": _heatmap("Where the evidence in an image was, with the only run.", limits, door, [])},
        "/runs/{run}/heatmap": {"post": _heatmap("Where the evidence in an image was.", limits, door, [named])},
        "/runs": {"get": _get("The runs, with their classes.", _content("Runs"), door)},
        "/health": {"get": _get("Whether the process lives.", _content("Status"), door, open_to_all=True)},
        "/ready": {"get": _get("Whether requests are welcome.", _content("Status"), (*door, 503), open_to_all=True)},
        "/metrics": {"get": _get("Figures for Prometheus.", text, door)},
        "/openapi.json": {"get": _get("This description.", {_JSON: {"schema": {"type": "object"}}}, door)},
    }
    components: dict[str, Any] = {"schemas": _schemas(limits)}
    security: list[Any] = []
    if has_token:
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        security = [{"token": []}]
    return {
        "openapi": "3.1.0",
        "info": {"title": "cnncli serve", "version": __version__},
        "paths": paths,
        "components": components,
        "security": security,
    }


def _predict(summary: str, limits: Limits, door: Sequence[int], parameters: Sequence[Any]) -> dict[str, Any]:
    several = {"type": "array", "items": {"type": "string", "contentMediaType": "application/octet-stream"}}
    top = {
        "name": "top",
        "in": "query",
        "description": "Classes in `top`, the most probable first.",
        "schema": {"type": "integer", "minimum": 1, "default": 5},
    }
    bodies = {
        **_ONE_IMAGE,
        "multipart/form-data": {"schema": {"type": "object", "properties": {"image": several}}},
        _JSON: {"schema": {"$ref": "#/components/schemas/Images"}},
    }
    limit = f"At most {limits.body // MIB} MiB and {limits.images} images."
    return _post((summary, limit), door, [*parameters, top], bodies, ("Predictions.", "Predictions"))


def _heatmap(summary: str, limits: Limits, door: Sequence[int], parameters: Sequence[Any]) -> dict[str, Any]:
    of_class = {
        "name": "class",
        "in": "query",
        "description": "Class that the evidence is for; the predicted one unless it is given.",
        "schema": {"type": "string"},
    }
    limit = f"One image of at most {limits.body // MIB} MiB, which is classified about fifty times."
    return _post((summary, limit), door, [*parameters, of_class], _ONE_IMAGE, ("The map.", "HeatMap"))


_BINARY = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
_ONE_IMAGE = {"application/octet-stream": _BINARY, "image/*": _BINARY}


def _post(
    words: tuple[str, str],
    door: Sequence[int],
    parameters: Sequence[Any],
    bodies: Mapping[str, Any],
    answer: tuple[str, str],
) -> dict[str, Any]:
    """An address that takes images: summary and limit, and the description and schema of its answer."""
    names_a_run = any(each["in"] == "path" for each in parameters)
    problems = (*_AT_THE_DOOR, *door, 403, *((404,) if names_a_run else ()), 413, 415, 422, 429)
    return {
        "summary": words[0],
        "description": words[1],
        "parameters": parameters,
        "requestBody": {"required": True, "content": bodies},
        "responses": {"200": {"description": answer[0], "content": _content(answer[1])}, **_problems(problems)},
    }


def _get(summary: str, content: Mapping[str, Any], door: Sequence[int], open_to_all: bool = False) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": {"description": "OK", "content": content}, **_problems((*_AT_THE_DOOR, *door))},
    }
    return {**operation, "security": []} if open_to_all else operation


def _problems(statuses: Sequence[int]) -> dict[str, Any]:
    described = {**_ERRORS, 503: "The server is stopping."}
    return {
        str(status): {"description": described[status], "content": _content("Error")} for status in sorted({*statuses})
    }


def _content(schema: str) -> dict[str, Any]:
    return {_JSON: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "required": list(properties), "properties": dict(properties)}


def _schemas(limits: Limits) -> dict[str, Any]:
    text, whole = {"type": "string"}, {"type": "integer"}
    ranked: dict[str, Any] = {"class": text, "probability": {"type": "number", "minimum": 0, "maximum": 1}}
    predictions = _object(**ranked, top={"type": "array", "items": _object(**ranked)})
    share = {"type": "number", "minimum": 0, "maximum": 1}
    heat_map = _object(
        **ranked,
        image=_object(height=whole, width=whole),
        map={
            "type": "array",
            "description": "Rows over the whole image, from the top; 1 where the evidence was greatest.",
            "items": {"type": "array", "items": share},
        },
        pixels={"type": "integer", "description": "Pixels of the image: nothing smaller is located."},
        hottest_covered={**share, "description": "Probability with the hottest tenth of the image covered."},
        elsewhere_covered={**share, "description": "Probability with as much covered elsewhere."},
        note={"type": "string", "description": "Why to doubt the map; empty if there is no reason."},
    )
    base64 = {"type": "string", "contentEncoding": "base64"}
    run = _object(
        name=text,
        classes={"type": "array", "items": text},
        image=_object(height=whole, width=whole, channels=whole),
        engines={"type": "array", "items": _object(engine=text, from_images=whole)},
    )
    return {
        "Images": _object(images={"type": "array", "minItems": 1, "maxItems": limits.images, "items": base64}),
        "Predictions": _object(predictions={"type": "array", "items": predictions}),
        "HeatMap": heat_map,
        "Runs": _object(runs={"type": "array", "items": run}),
        "Status": _object(status=text),
        "Error": _object(error=text),
    }
