"""YAML 1.2, with places, within budgets, and nothing but data."""

import math

import pytest
import yaml
from cases import each
from hypothesis import example, given, settings, strategies as st

from cnncli.errors import SpecError
from cnncli.spec.reader import MAX_BYTES, MAX_DEPTH, Document, read, read_value


def problem_of(text):
    with pytest.raises(SpecError) as caught:
        read(text, "a.yaml")
    return caught.value.problems[0]


@each(
    "text, value",
    [
        ("1e-4", 1e-4),
        ("1E5", 1e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-.inf", -math.inf),
        ("no", "no"),
        ("on", "on"),
        ("y", "y"),
        ("1:30", "1:30"),
        ("12:30:45", "12:30:45"),
        ("2024-01-01", "2024-01-01"),
        ("true", True),
        ("'true'", "true"),
        ("1_000", "1_000"),
        ("'010'", "010"),
        ("0", 0),
        ("-0", 0),
        ("0.10", 0.1),
        ("0x1F", 31),
        ("0o17", 15),
        ("0b11", "0b11"),
        ("~", None),
        ("null", None),
        ("", None),
        ("=", "="),
        ("1.2.3", "1.2.3"),
        ("é", "é"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text, value):
    read_back = read(f"key: {text}", "a.yaml").value
    assert read_back == {"key": value}
    assert type(read_back["key"]) is type(value)


def test_nan_is_a_number():
    assert math.isnan(read("key: .nan", "a.yaml").value["key"])


def test_keys_are_always_words():
    assert read("{1: a, true: b, no: c, ~: d}", "a.yaml").value == {"1": "a", "true": "b", "no": "c", "~": "d"}


@each(
    "text, line, column, part",
    [
        ("a: 1\nb: 2\na: 3", 3, 1, "already set at line 1"),
        ("a: {b: 1, b: 2}", 1, 11, "already set at line 1"),
        ("a: 010", 1, 4, "write 10"),
        ("a: -007", 1, 4, "write -7"),
        ("a:\n\tb: 1", 2, 1, "tabs"),
        ("a: 1\n---\nb: 2", 2, 1, "single YAML document"),
        ("a: !!python/object/apply:os.system [ls]", 1, 4, "tags"),
        ("a: !include b.yaml", 1, 4, "'!include'"),
        ("a: !!str 1", 1, 4, "'!!str'"),
        (b"a: \xff\n", 1, 4, "UTF-8"),
        (b"a: 1\nb: caf\xe9\n", 2, 7, "UTF-8"),
        ("a: 1\nb: \x07", 2, 1, "U+0007"),
        ('a: "\\ud800"', 1, 4, "invalid Unicode escape"),
        ("a: " + "[" * 60, 1, 53, "nested deeper"),
        ("a: &x [1, *x]", 1, 4, "refers to itself"),
        ("a: *x", 1, 4, "no anchor of this name"),
        ("a:\n  <<: 3", 2, 7, "takes a mapping"),
        ("[a, b]: 3", 1, 1, "must be a word"),
        ("a: b: c", 1, 5, "not allowed here"),
        ("a: [1, 2", 1, 9, "the end of the text"),
        ("", 1, 1, "empty"),
        ("# nothing\n", 1, 1, "empty"),
        ("a: 1e999", 1, 4, "too large"),
        ("a: " + "9" * 5000, 1, 4, "5000 digits"),
        ("a: 0x" + "f" * 5000, 1, 4, "5000 digits"),
    ],
)
def test_what_is_refused_is_located(text, line, column, part):
    problem = problem_of(text)
    assert part in problem.message
    assert (problem.place.line, problem.place.column) == (line, column)


def test_all_problems_of_the_builder_are_told_at_once():
    with pytest.raises(SpecError) as caught:
        read("a: 010\nb: 1e999\na: 2", "a.yaml")
    assert [(p.place.line, p.place.column) for p in caught.value.problems] == [(1, 4), (2, 4), (3, 1)]


@pytest.mark.parametrize("data", ["a: é".encode("utf-8-sig"), "a: é".encode("utf-16"), b"a: \xc3\xa9\r\n"])
def test_other_ways_to_save_a_text_are_read(data):
    assert read(data, "a.yaml").value == {"a": "é"}


def test_a_file_that_is_too_large_is_not_read():
    assert "at most 1,048,576" in problem_of(b"#" * (MAX_BYTES + 1)).message


def test_an_alias_bomb_is_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(SpecError, match="expand to more than"):
        read("\n".join(lines), "bomb.yaml")


@pytest.mark.parametrize("link", ["[*a{}]", "{{x: *a{}}}", "{{<<: *a{}}}"])
def test_a_tower_of_aliases_is_refused(link):
    """Each is shallow where it stands; all together would run out of stack."""
    lines = ["a0: &a0 {x: 1}", *(f"a{i}: &a{i} {link.format(i - 1)}" for i in range(1, 400))]
    assert f"deeper than {MAX_DEPTH}" in problem_of("\n".join(lines)).message


def test_nesting_at_the_limit_is_read():
    depth = MAX_DEPTH - 1  # the mapping around it is the first level
    assert read("a: " + "[" * depth + "]" * depth, "a.yaml").value


def test_anchors_are_copies_with_the_place_of_their_use_left_to_the_anchor():
    document = read("a: &x\n  b: 1\nc: *x", "a.yaml")
    assert document.value["c"] == {"b": 1}
    assert document.values[("c", "b")] == ("a.yaml", 2, 6)


def test_merge_keys_give_way_to_own_keys():
    document = read("base: &b {x: 1, y: 2}\nown:\n  y: 3\n  <<: *b", "a.yaml")
    assert document.value["own"] == {"x": 1, "y": 3}
    assert document.values[("own", "y")].line == 3
    assert document.keys[("own", "x")] == ("a.yaml", 1, 11)


def test_the_first_of_several_merged_mappings_wins():
    assert read("a: {<<: [{x: 1}, {x: 2, y: 2}], z: 3}", "a.yaml").value["a"] == {"x": 1, "y": 2, "z": 3}


def test_a_second_merge_key_is_a_duplicate():
    problem = problem_of("a: {<<: {x: 1},\n  <<: {y: 2}}")
    assert problem.message == "'<<' is already there; merge several with '<<: [*first, *second]'"
    assert problem.place[1:] == (2, 3)


def test_the_values_of_overrides_are_read_alike():
    assert read_value("{L2: {l2: 1e-4}}", "--set") == {"L2": {"l2": 1e-4}}
    assert read_value(" ", "--set") is None


def check_read(text):
    """Any text gives a document or located problems."""
    problems = None
    try:
        document = read(text, "a.yaml")
    except SpecError as error:
        problems = error.problems
    if problems is None:
        assert isinstance(document, Document)
        return
    assert problems
    for problem in problems:
        assert problem.message.encode()
        assert min(problem.place.line, problem.place.column) >= 1


@settings(deadline=None)
@given(st.text(max_size=200))
@example("\ufeffa: 1")
@example("%YAML 2.0\n---\na")
@example("? [a]\n: b")
@example("a: \ud800")
@example("\x85")
def test_any_text_gives_a_value_or_located_problems(text):
    check_read(text)


@settings(deadline=None)
@given(st.binary(max_size=200))
@example(b"\xff\xfe\x00")
@example(b"\xfe\xff")
def test_any_bytes_give_a_value_or_located_problems(data):
    check_read(data)


@settings(deadline=None)
@given(st.lists(st.sampled_from([*" \n\t:-?&*!|>'\"%@`{}[],#<~.0123456789eE+x_ab", "\n  ", "<<: ", "*a", "&a "])))
def test_any_punctuation_gives_a_value_or_located_problems(parts):
    check_read("".join(parts))


scalars = st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_infinity=False) | st.text()
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=20
)


class Quoting(yaml.SafeDumper):
    """Quotes every text, since YAML 1.1, which PyYAML writes, and YAML 1.2 differ on what plain ones mean."""


Quoting.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))
Quoting.ignore_aliases = lambda self, data: True


@settings(deadline=None, max_examples=25)
@given(st.dictionaries(st.text(), values))
def test_what_is_written_is_read_back(value):
    text = yaml.dump(value, Dumper=Quoting, sort_keys=False)
    assert repr(read(text, "a.yaml").value) == repr(value)  # NaN does not equal itself, its words do
