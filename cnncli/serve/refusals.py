"""What is wrong with a request: an HTTP status and a sentence."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import JSONResponse

BUSY = {"Retry-After": "1"}


class Refused(Exception):
    """A request that gets no prediction.

    Args:
        status: Status of HTTP.
        sentence: What is wrong, for a person.
        headers: More headers of the answer.
    """

    def __init__(self, status: int, sentence: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(sentence)
        self.status, self.sentence, self.headers = status, sentence, headers

    def response(self) -> JSONResponse:
        """The answer."""
        return JSONResponse({"error": self.sentence}, self.status, self.headers)
