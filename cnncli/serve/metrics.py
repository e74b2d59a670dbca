"""What is counted, for Prometheus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

from cnncli.inference.quickest import Use

_SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_IMAGES = (1, 2, 4, 8, 16, 32)


class Metrics:
    """Counters of one server; nothing in them is from a request but which address it asked and how it ended."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "cnncli_requests", "Requests that were answered.", ("endpoint", "status"), registry=registry
        )
        self.seconds = Histogram(
            "cnncli_request_seconds",
            "Time from the headers of a request to its answer.",
            ("endpoint",),
            buckets=_SECONDS,
            registry=registry,
        )
        self.open = Gauge("cnncli_open_requests", "Requests without an answer.", registry=registry)
        self.images = Counter("cnncli_images", "Images that were classified.", ("run",), registry=registry)
        self.waiting = Gauge("cnncli_waiting_images", "Images without an answer.", registry=registry)
        self.batches = Histogram(
            "cnncli_batch_images", "Images that a network got at a time.", buckets=_IMAGES, registry=registry
        )
        self._engines = Gauge(
            "cnncli_engine_from_images",
            "The least number of images at a time that an engine of a run gets.",
            ("run", "engine"),
            registry=registry,
        )
        self.reloads = Counter(
            "cnncli_reloads",
            "Runs that changed and were opened again, or could not be.",
            ("run", "result"),
            registry=registry,
        )

    def show_engines(self, of_runs: Mapping[str, Sequence[Use]]) -> None:
        """Notes which engines the runs have now."""
        self._engines.clear()
        for run, uses in of_runs.items():
            for name, images in uses:
                self._engines.labels(run, name).set(images)

    def text(self) -> bytes:
        """All of them in the text format of Prometheus."""
        return generate_latest(self._registry)
