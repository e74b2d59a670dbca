"""Entries as a spec has them, and models built from them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cnncli.catalog import Entry, parse
from cnncli.errors import Problem
from cnncli.spec.graph import Node, read_network


def checked(family: str, value: Any) -> Entry:
    """The entry of a value as it stands in the YAML; everything in it must be right."""
    problems: list[Problem] = []
    entry = parse(family, value, (), problems)
    assert not problems
    assert entry is not None
    return entry


@pytest.fixture
def entry() -> Callable[[str, Any], Entry]:
    return checked


def written_out(*layers: Any, blocks: Any = None) -> tuple[Node, ...]:
    """The nodes of layers and blocks as they stand in the YAML; everything in them must be right."""
    problems: list[Problem] = []
    network = read_network(blocks or {}, layers, problems)
    assert not problems
    return network.nodes


@pytest.fixture(scope="session")
def network() -> Callable[..., tuple[Node, ...]]:
    return written_out


@pytest.fixture(scope="session")
def build() -> Callable[..., Any]:
    """Builds a model of layers as they stand in the YAML; arguments that a test does not name are plain ones."""

    def build(
        *layers, blocks=None, shape=(28, 28, 1), classes=10, preprocessing=None, precision="float32", seed=0, name="run"
    ) -> Any:
        from cnncli.factory.model import Preprocessing, build_model

        nodes = written_out(*layers, blocks=blocks)
        return build_model(nodes, shape, classes, preprocessing or Preprocessing(), precision, seed, name)

    return build


@pytest.fixture
def summary(build) -> Callable[..., Any]:
    """Summarises a model of layers as they stand in the YAML."""

    def summary(*layers, blocks=None, change=None, batch_size=0, **more) -> Any:
        from cnncli.factory.summary import summarize

        model = build(*layers, blocks=blocks, **more)
        if change:
            change(model)
        return summarize(model, written_out(*layers, blocks=blocks), batch_size)

    return summary
