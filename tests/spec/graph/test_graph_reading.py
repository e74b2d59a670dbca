"""Whatever stands under `model`, it is a network or a list of located sentences, and soon."""

import pytest
from hypothesis import given, settings, strategies as st

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.graph import read_network
from cnncli.spec.reader import Document

words = st.sampled_from(["a", "b", "input", "part", "other", "x.y", "", "$p", "$p * 2", "$", "$q // 0", "p"])
scalars = words | st.none() | st.booleans() | st.integers(-2, 40) | st.floats(allow_nan=True)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3), max_leaves=6
)
names = st.sampled_from(
    ["ReLU", "Add", "Concatenate", "Dropout", "Flatten", "Dense", "part", "other", "MaxPool", "Lambda"]
)
keys = st.sampled_from(["name", "inputs", "repeat", "rate", "units", "axis", "p", "q", "layer"])
arguments = st.dictionaries(keys, values, max_size=4) | values
lines = names | st.dictionaries(names, arguments, min_size=1, max_size=1) | values
lists = st.lists(lines, max_size=5) | values
blocks = st.fixed_dictionaries(
    {}, optional={"layers": lists, "parameters": st.dictionaries(st.sampled_from(["p", "q"]), values) | values}
)


@settings(deadline=None, max_examples=100)
@given(st.dictionaries(st.sampled_from(["part", "other", "Add", "x.y"]), blocks | values, max_size=3) | values, lists)
def test_any_model_is_a_network_or_has_located_problems(blocks, layers):
    value = {"data": {"source": "mnist"}, "model": {"blocks": blocks, "layers": layers}}
    try:
        nodes = parse(Document("here", value)).spec.model.nodes
    except SpecError as error:
        for problem in error.problems:
            assert problem.message.strip()
            assert problem.path
    else:
        assert nodes
        assert len({node.name for node in nodes}) == len(nodes)
        assert all(-1 <= source < index for index, node in enumerate(nodes) for source in node.inputs)


def messages(blocks, layers):
    problems = []
    read_network(blocks, layers, problems)
    return [problem.message for problem in problems]


def test_a_default_that_is_not_an_expression_is_reported_once():
    (message,) = messages({"part": {"parameters": {"p": "$"}, "layers": ["ReLU"]}}, ["ReLU"])
    assert message.startswith("'$' is not an expression")


def test_thousands_of_blocks_in_a_chain_are_refused_and_do_not_exhaust_the_stack():
    chain = {f"b{number}": {"layers": [f"b{number + 1}"]} for number in range(2000)} | {"b2000": {"layers": ["ReLU"]}}
    assert messages(chain, ["b0"]) == ["blocks are nested deeper than 20"]
    circle = chain | {"b2000": {"layers": ["b0"]}}
    (message,) = {text for text in messages(circle, ["ReLU"]) if "itself" in text}
    assert message == "the block 'b0' contains itself: b0 → b1 → b2 → b3 → … → b1999 → b2000 → b0"


@pytest.mark.representatives("empty ones", "lists of lists")
@pytest.mark.parametrize(
    "blocks",
    [
        {f"b{n}": {"layers": [{f"b{n - 1}": {"repeat": 9}}] if n else [{"ReLU": {"repeat": 0}}]} for n in range(12)},
        {f"b{n}": {"parameters": {"p": 1}, "layers": [{f"b{n - 1}": {"p": ["$p"] * 99}}] if n else ["ReLU"]}
         for n in range(12)} | {"b0": {"parameters": {"p": 1}, "layers": [{"Dropout": {"rate": "$p"}}]}},
        {"b11": {"parameters": {"p": [1] * 90_000}, "layers": [{"Reshape": {"target_shape": "$p", "repeat": 1999}}]}},
    ],
    ids=["empty ones", "lists of lists", "a long list"],
)  # fmt: skip
def test_what_would_never_end_is_refused(blocks):
    assert "expanded, the network has more than" in messages(blocks, ["b11"])[-1]
