"""YAML 1.2, with places, within budgets, and nothing but data."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec.reader import read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        ("no", "no"),
        ("on", "on"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("1_000", "1_000"),
        ("'010'", "010"),
        ("0x1F", 31),
        ("~", None),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    assert read(f"key: {text}", "a.yaml").value == {"key": value}


@pytest.mark.parametrize(
    ("text", "line", "column", "part"),
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "already set at line 1"),
        ("a: 010", 1, 4, "write 10"),
        ("a:\n\tb: 1", 2, 1, "tabs"),
        ("a: 1\n---\nb: 2", 2, 1, "second document"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "tags"),
        (b"a: \xff\n", 1, 4, "UTF-8"),
        ("a: " + "[" * 60, 1, 53, "nested deeper"),
        ("a: &x [1, *x]", 1, 4, "refers to itself"),
        ("", 1, 1, "empty"),
        ("a: 1e999", 1, 4, "too large"),
    ],
)
def test_what_is_refused_is_located(text, line, column, part):
    with pytest.raises(SpecError) as caught:
        read(text, "a.yaml")
    problem = caught.value.problems[0]
    assert part in problem.message
    assert (problem.place.line, problem.place.column) == (line, column)


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(SpecError, match="expand to more than"):
        read("\n".join(lines), "bomb.yaml")


def test_merge_keys_give_way_to_own_keys():
    document = read("base: &b {x: 1, y: 2}\nown:\n  y: 3\n  <<: *b", "a.yaml")
    assert document.value["own"] == {"x": 1, "y": 3}
