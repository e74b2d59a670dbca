"""Mistakes in the keys of a spec: each one sentence, at its key or value, with the nearest right word."""

import pytest
from cases import each

from cnncli.errors import Place, Problem, SpecError
from cnncli.spec import in_order, parse
from cnncli.spec.reader import read_leniently

DATA = "data: {source: mnist}\n"
MODEL = "model: {layers: [Flatten, {Dense: {units: classes}}]}\n"


def problems_of(text):
    with pytest.raises(SpecError) as caught:
        parse(read_leniently(text, "a.yaml"))
    return [(*problem.place[1:], problem.message) for problem in caught.value.problems]


@each(
    "text, expected",
    [
        (DATA, (1, 1, "a spec needs 'model': the layers")),
        ("data: {}\n" + MODEL, (1, 1, "'data' needs 'source': a built-in data set, or a place with images")),
        (DATA + "model:\n", (2, 7, "expected the keys blocks, layers, weights; got nothing")),
        (DATA + MODEL + "train: three",
         (3, 8, "expected the keys epochs, max_time, batch_size, optimizer, learning_rate_factors, loss, metrics, "
                "class_weight, sampling, monitor, callbacks, stages, features, jit_compile, precision, threads, "
                "devices, synchronized, deterministic, checkpoint; got 'three'")),
        (DATA + MODEL + "trian: {epochs: 3}", (3, 1, "unknown key; did you mean 'train'?")),
        (DATA + MODEL + "train: {epochs:3}",
         (3, 9, "unknown key; did you mean 'epochs: 3', with a space after the colon?")),
        (DATA + "model:\n  layers:\n    - Flatten\n    - Dense:{units: 5}",
         (5, 7, "unknown layer 'Dense:{units'; did you mean 'Dense: {units', with a space after the colon?")),
        (DATA + MODEL + "train:\n  epochs:3",
         (4, 3, "expected the keys epochs, max_time, batch_size, optimizer, learning_rate_factors, loss, metrics, "
                "class_weight, sampling, monitor, callbacks, stages, features, jit_compile, precision, threads, "
                "devices, synchronized, deterministic, checkpoint; got 'epochs:3'; did you mean 'epochs: 3', with a "
                "space after the colon?")),
        (DATA + MODEL + "epochs: 3", (3, 1, "unknown key here; it belongs under 'train'")),
        (DATA + MODEL + "train: {seed: 3}", (3, 9, "unknown key here; it belongs at the top level")),
        (DATA + MODEL + "optimiser_settings: 3",
         (3, 1, "unknown key; known are name, seed, data, augment, model, train, calibration, tune, track, silence")),
        (DATA + MODEL + "train: {lr: 0.1}",
         (3, 9, "unknown key; the learning rate belongs to the optimizer: "
                "'optimizer: {Adam: {learning_rate: 0.001}}'")),
        ("data: {source: minst}\n" + MODEL,
         (1, 16, "no source is called 'minst'; did you mean 'mnist'?")),
        ("data: {source: mnist, scale: [0, 300, 4]}\n" + MODEL,
         (1, 30, "expected a list of two numbers, the lower one first, got [0, 300, 4]")),
        ("data: {source: mnist, scale: [1, 0]}\n" + MODEL,
         (1, 30, "expected a list of two numbers, the lower one first, got [1, 0]")),
        ("data: {source: mnist, split: {validation: 1.5}}\n" + MODEL,
         (1, 43, "expected a number of at least 0 and below 1, a whole number of 1 or more, or 'test', got 1.5")),
        (DATA + "model: {layers: []}", (2, 17, "expected a list of layers, got []")),
        (DATA + "model: {layers: [{Conv2D: {filters: 8, kernel_size: [3]}}, Flatten]}",
         (2, 53, "expected a list of 2 numbers, got [3]")),
        (DATA + "model: {layers: [{Conv2D: {filters: 8, kernel_size: 3, input_shape: [28, 28, 1]}}]}",
         (2, 56, "unknown argument; the input shape is taken from the data; leave it out")),
        (DATA + MODEL + "train: {loss: {SparseCategoricalCrossentropy: {label_smoothing: 0.1}}}",
         (3, 48, "unknown argument; it takes one-hot labels: "
                 "'loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}'")),
        (DATA + MODEL + "train: {optimizer: {Adam: {lr: 0.1}}}",
         (3, 28, "unknown argument; it is called 'learning_rate'")),
        (DATA + MODEL + "train: {class_weight: equal}",
         (3, 23, "expected 'balanced', or a mapping from class names to weights, got 'equal'")),
        (DATA + MODEL + "train: {class_weight: {'1': -1}}", (3, 29, "expected a number of 0 or more, got -1")),
        (DATA + "model: {layers: [{Dense: {units: 8, activation: glu}}]}",
         (2, 49, "'glu' cannot be used: it halves the channels, and Keras' layers count on all of them")),
        (DATA + MODEL + "train: {optimizer: {Adam: {}, SGD: {}}}",
         (3, 20, "expected one optimizer, got 2 names: Adam, SGD")),
        (DATA + MODEL + "name: ../away", (3, 7, "expected letters, digits, '.', '_' and '-', at most 100 of them, "
                                                "the first a letter or digit, got '../away'")),
        (DATA + MODEL + "seed: true", (3, 7, "expected a whole number from 0 to 4294967295, got true")),
        (DATA + MODEL + "silence: even-kernel", (3, 10, "expected a list of lint rules, got 'even-kernel'")),
        ("data: {source: mnist, split: {train: 0.7}}\n" + MODEL,
         (1, 31, "unknown key; what 'validation' and 'test' leave is for training")),
        ("data: {source: mnist, split: {val: 0.2}}\n" + MODEL, (1, 31, "unknown key; did you mean 'validation'?")),
        (DATA + "model: {layers: [keras.layers.Flatten, {Dense: {units: classes}}]}",
         (2, 18, "unknown layer 'keras.layers.Flatten'; did you mean 'Flatten'?")),
        (DATA + "model:\n  layers:\n    - Flatten()\n    - Dense: {units: classes}",
         (4, 7, "unknown layer 'Flatten()'; did you mean 'Flatten'?")),
        (DATA + "model:\n  layers:\n    - Conv2D(8, 3)\n    - Flatten\n    - Dense: {units: classes}",
         (4, 7, "unknown layer 'Conv2D(8, 3)'; write 'Conv2D: {filters: …}'")),
        (DATA + "model: {layers: [keras.layers.Lambda, {Dense: {units: classes}}]}",
         (2, 18, "'keras.layers.Lambda' cannot be used: it runs code, and a spec must be safe to run")),
        (DATA + MODEL + "train: {optimizer: keras.optimizers.Adam(0.1)}",
         (3, 20, "unknown optimizer 'keras.optimizers.Adam(0.1)'; write '{Adam: {learning_rate: …}}'")),
        ("data:\n    source: mnist\n  scale: [0, 1]\n" + MODEL,
         (3, 3, "this line is indented neither like the lines above that it continues nor deeper; lines of one list or "
                "mapping begin in the same column")),
        (DATA + "model:\n  layers:\n    - Flatten\n   - Softmax\n",
         (5, 4, "this line is indented neither like the lines above that it continues nor deeper; lines of one list or "
                "mapping begin in the same column")),
        (DATA + 'name: "a" b\n',
         (2, 11, "the value on this line ends before this text; a text with quotes in it needs other quotes around "
                 "it")),
        (DATA + "model:\n  layers:\n    - Dense: {units: 3\n    - Flatten\ntrain: {epochs: 1}\n",
         (6, 6, "expected ',' or '}', but got ':'; the bracket at line 4, column 14 is still open")),
        (DATA + MODEL + "train:\n  epochs:3\n  loss: mse\n",
         (5, 7, "a ':' is not allowed here; the line above has no space after 'epochs:'")),
        (DATA + "model:\n  layers:\n    \u2013 Flatten\n    - Dense: {units: classes}\n",
         (4, 5, "'\u2013' (U+2013) does not count as a hyphen; write '-'")),
        (DATA + "model:\n  layers:\n    - Flatten\n    - Dense: {units: \u22123}\n",
         (5, 22, "'\u2212' (U+2212) does not count as a hyphen; write '-'")),
        (DATA + MODEL + "seed: 1\n\u00a0name: a\n",
         (4, 1, "before this stands a space of another kind (U+00A0), a letter to YAML; use ordinary spaces")),
        ('data: {source: {folder: {path: "C:\\Users\\me"}}}\n' + MODEL,
         (1, 37, "in double quotes a backslash begins an escape; write '/' in paths, or single quotes around the "
                 "text")),
        ("- data", (1, 1, "a spec is a mapping with the keys data, model and train")),
    ],
)  # fmt: skip
def test_one_mistake_is_one_located_sentence(text, expected):
    assert problems_of(text) == [expected]


def test_a_misspelt_key_is_not_called_missing_as_well():
    assert problems_of("data: {sorce: mnist}\n" + MODEL) == [(1, 8, "unknown key; did you mean 'source'?")]


def test_all_mistakes_are_told_at_once_in_the_order_of_the_text():
    text = "data: {source: 3}\nmodel: {layers: [Nothing]}\ntrain: {epochs: 0, batch_size: 0}\nseed: -1"
    assert [found[:2] for found in problems_of(text)] == [(1, 16), (2, 18), (3, 17), (3, 32), (4, 7)]


def test_what_a_text_may_not_hold_is_told_with_all_else_and_once():
    text = "data: {source: minst}\ndata: {}\n" + MODEL + "train: {epochs: 1e999, batch_size: 010}\nseed: -1"
    assert problems_of(text) == [
        (1, 16, "no source is called 'minst'; did you mean 'mnist'?"),
        (2, 1, "the key 'data' is already set at line 1"),
        (4, 17, "1e999 is too large a number"),
        (4, 36, "write 10, or '010' in quotes: a leading zero is ambiguous"),
        (5, 7, "expected a whole number from 0 to 4294967295, got -1"),
    ]


def test_a_text_that_is_otherwise_right_is_still_refused():
    assert problems_of(DATA + MODEL + "seed: 1\nseed: 1") == [(4, 1, "the key 'seed' is already set at line 3")]


def test_a_file_comes_before_its_base_and_both_before_the_command_line():
    places = [
        Place("--set a=1", 1, 1), Place("base.yaml", 1, 1), Place("own.yaml", 9, 1), None, Place("own.yaml", 2, 5),
    ]  # fmt: skip
    ordered = in_order([Problem((), "", place) for place in places], "own.yaml")
    assert [problem.place for problem in ordered] == [places[3], places[4], places[2], places[1], places[0]]
