"""Broken graphs and blocks: each is one sentence that helps, at the place that is marked, told without TensorFlow."""

import subprocess
import sys

import pytest
from cases import each

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.reader import read

MARK = "▸"
CONV = "Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu"
END = "- GlobalAveragePooling2D\n- Dense: {units: classes, activation: softmax}"


def graph(layers):
    """A spec with these layers and an output below them."""
    lines = [*layers.strip().splitlines(), *END.splitlines()]
    return "\n".join(["data: {source: mnist}", "model:", "  layers:", *(f"    {line}" for line in lines)])


def block(layers, use="- part", parameters=""):
    """A spec with a block of these layers, and its uses with an output below them."""
    lines = layers.strip().splitlines()
    head = ["data: {source: mnist}", "model:", "  blocks:", "    part:", f"      {parameters or '#'}", "      layers:"]
    uses = [*use.strip().splitlines(), *END.splitlines()]
    return "\n".join([*head, *(f"        {line}" for line in lines), "  layers:", *(f"    {line}" for line in uses)])


def model(text):
    return "data: {source: mnist}\nmodel:\n" + text


RES = f"- {CONV}, name: main}}\n- Conv2D: {{filters: $many, kernel_size: 1, inputs: input, name: shortcut}}\n"

BROKEN = {
    # names
    "unknown input": (
        graph(f"- {CONV}, name: stem}}\n- {CONV}, inputs: ▸stam}}"),
        "no layer above has the name 'stam'; did you mean 'stem'?"),
    "unknown and like no other": (
        graph(f"- {CONV}, name: stem}}\n- {CONV}, inputs: ▸elsewhere}}"),
        "no layer above has the name 'elsewhere'; there are input, stem"),
    "input that stands below": (
        graph(f"- {CONV}, inputs: ▸later}}\n- {CONV}, name: later}}"),
        "'later' comes later; the inputs of a layer come before it"),
    "input that is itself": (
        graph(f"- {CONV}, name: me, inputs: ▸me}}"),
        "'me' is this layer itself; the inputs of a layer come before it"),
    "input of another list": (
        block(f"- {CONV}, name: inner}}", f"- part\n- {CONV}, inputs: ▸inner}}"),
        "'inner' is a name in model.blocks.part, and a name is only visible in its own list"),
    "input inside a block": (
        block("- ReLU", f"- part: {{name: first}}\n- {CONV}, inputs: ▸first.re_lu_1}}"),
        "'first.re_lu_1' would be inside a block; only the output of the block is available: 'first'"),
    "one of several inputs": (
        graph(f"- {CONV}, name: left}}\n- Add: {{inputs: [left, ▸rihgt]}}"),
        "no layer above has the name 'rihgt'; there are input, left"),
    "a misspelt name, which is no lost result as well": (
        graph(f"- {CONV}, name: left}}\n- {CONV}, inputs: input, name: right}}\n- Add: {{inputs: [▸leftt, right]}}"),
        "no layer above has the name 'leftt'; did you mean 'left'?"),
    "inputs that are no names": (
        graph(f"- {CONV}, inputs: ▸3}}"),
        "expected the name of a layer above, or a list of names, got 3"),
    "a name twice": (
        graph(f"- {CONV}, name: a}}\n- {CONV}, name: ▸a}}"), "layers[0] has the name 'a' already"),
    "a name with a dot": (
        graph(f"- {CONV}, name: ▸a.b}}"),
        "expected letters, digits, '_' and '-', at most 100 of them, the first a letter or digit, got 'a.b'"),
    "the name of the input": (
        graph(f"- {CONV}, name: ▸input}}"),
        "'input' is what the list of layers is given; choose another name"),
    # how many
    "a sum of one": (
        graph(f"- {CONV}}}\n- ▸Add"), "Add needs at least two inputs: 'inputs: [first, second]'"),
    "a sum of one that is named": (
        graph(f"- {CONV}, name: a}}\n- Add: {{inputs: ▸a}}"),
        "Add needs at least two inputs, not 1: 'inputs: [first, second]'"),
    "a difference of three": (
        graph(f"- {CONV}, name: a}}\n- Subtract: {{inputs: ▸[a, a, input]}}"),
        "Subtract needs exactly two inputs, not 3: 'inputs: [first, second]'"),
    "a convolution of two": (
        graph(f"- {CONV}, name: a}}\n- {CONV}, inputs: ▸[a, input]}}"),
        "Conv2D has one input, not 2; join them with Add or Concatenate first"),
    "a block of two": (
        block("- ReLU", f"- {CONV}, name: a}}\n- part: {{inputs: ▸[a, input]}}"),
        "part has one input, not 2; join them with Add or Concatenate first"),
    "a result that nobody takes": (
        graph(f"- ▸{CONV}, name: lost}}\n- {CONV}, inputs: input}}"),
        "the output of 'lost' is not used, and a model has one output, that of its last layer; "
        "name it in the 'inputs' of a later layer, or remove it"),
    "a second output of a block": (
        block(f"- ▸{CONV}}}\n- ReLU: {{inputs: input}}"),
        "the output of 'Conv2D' is not used, and the block 'part' has one output, that of its last layer; "
        "name it in the 'inputs' of a later layer, or remove it"),
    "a sum that is repeated": (
        graph(f"- {CONV}, name: a}}\n- Add: {{inputs: [a, a], repeat: ▸2}}"),
        "Add has several inputs, so it cannot be repeated or left out; 'repeat' is 2"),
    "repeat below nothing": (graph("- ReLU: {repeat: ▸-1}"), "expected a whole number of 0 or more, got -1"),
    "nothing left": (model("  layers: ▸[{Flatten: {repeat: 0}}]"), "no layer is left: all of them repeat 0 times"),
    # blocks
    "a block that is misspelt": (block("- ReLU", "- part\n- ▸prat"), "unknown layer 'prat'; did you mean 'part'?"),
    "a block called as a layer": (
        model("  blocks: {▸Add: {layers: [ReLU]}}\n  layers: [Flatten]"),
        "Keras has a layer 'Add'; give the block another name"),
    "a block without layers": (
        model("  blocks: {▸part: {parameters: {a: 1}}}\n  layers: [Flatten]"), "the block 'part' needs 'layers'"),
    "a block that is a list": (
        model("  blocks: {part: ▸[ReLU]}\n  layers: [Flatten]"),
        "expected the keys 'layers' and, if it has any, 'parameters'; got ['ReLU']"),
    "a key that a block has not": (
        model("  blocks: {part: {▸layer: [ReLU], layers: [ReLU]}}\n  layers: [part, Flatten]"),
        "unknown key; did you mean 'layers'?"),
    "a block of itself": (
        block("- ReLU\n- ▸part"), "the block 'part' contains itself: part → part"),
    "a block of itself round about": (
        model("  blocks:\n    a: {layers: [b]}\n    b: {layers: [c]}\n    c: {layers: [▸a]}\n  layers: [a, Flatten]"),
        "the block 'a' contains itself: a → b → c → a"),
    "a bomb": (
        model("  blocks:\n    a: {layers: [{ReLU: {repeat: 99}}]}\n    b: {layers: [{a: {repeat: 99}}]}\n"
              "  layers: [Flatten, ▸{b: {repeat: 2000000000}}, Flatten]"),
        "expanded, the network has more than 2,000 layers and uses of blocks"),
    # parameters
    "a parameter it has not": (
        block("- Dropout: {rate: $rate}", "- part: {▸rates: 0.2}", "parameters: {rate: 0.1}"),
        "'part' has no parameter 'rates'; did you mean 'rate'?"),
    "a parameter that is needed": (
        block("- Dropout: {rate: $rate}", "- ▸part", "parameters: {rate: null}"), "'part' needs 'rate'"),
    "a parameter without its name": (
        block("- Dropout: {rate: $rate}", "- part: ▸0.5", "parameters: {seed: 1, rate: null}"),
        "expected the parameters of part by name, as in 'part: {rate: 0.5}', got 0.5"),
    "a value for a block without parameters": (
        block("- ReLU", "- part: ▸0.5"), "expected the arguments of part as 'argument: value', got 0.5"),
    "a parameter that is unknown": (
        block("- Dropout: {rate: ▸$rat}", parameters="parameters: {rate: 0.1}"),
        "no parameter is called 'rat'; did you mean 'rate'?"),
    "a parameter outside": (
        graph("- Dropout: {rate: ▸$rate}"), "'$rate' has a '$': parameters exist in blocks only"),
    "a parameter called repeat": (
        block("- ReLU", parameters="parameters: {▸repeat: 2}"),
        "every layer and block has a 'repeat' already; give the parameter another name"),
    "a parameter as a layer": (
        block("- ReLU\n- ▸$layer", parameters="parameters: {layer: Flatten}"),
        "a parameter can be a value of a layer, not the layer itself"),
    "no expression": (
        block("- Dropout: {rate: ▸$rate ** 2}", parameters="parameters: {rate: 0.1}"),
        "'$rate ** 2' is not an expression: expected numbers, $parameters, +, -, *, /, //, % and parentheses"),
    "a division by zero": (
        block("- Dropout: {rate: ▸1 / $by}", "- part\n- part: {by: 0}", "parameters: {by: 8}"),
        "'1 / $by' divides by zero (with by: 0, used at model.layers[1])"),
    "a fraction of a filter": (
        block("- Conv2D: {filters: ▸$many / 2, kernel_size: 1}", "- part: {many: 3}", "parameters: {many: 8}"),
        "expected a whole number of 1 or more or 'classes', got 1.5 (with many: 3, used at model.layers[0])"),
    "a mistake that is the block's own": (
        block("- Dropout: {rate: ▸2}", "- part: {repeat: 3}\n- part"),
        "expected a number of at least 0 and below 1, got 2"),
    "a mistake in a block without use": (
        block("- Dropout: {rate: ▸$rate}", "- ReLU", "parameters: {rate: 3}"),
        "expected a number of at least 0 and below 1, got 3 (with rate: 3)"),
    # shapes
    "a sum of other channels": (
        block(f"{RES}- ▸Add: {{inputs: [main, shortcut]}}", "- part: {many: 8}\n- part: {many: 16}",
              "parameters: {many: 4}"),
        "Add does not fit here: its inputs are 28×28×8 and 28×28×16; a 1×1 convolution gives one of them as many "
        "channels as the other has (with many: 16, used at model.layers[1])"),
    "a row of other sizes": (
        graph(f"- {CONV}, name: a}}\n- {CONV}, strides: 2, name: b}}\n- ▸Concatenate: {{inputs: [a, b]}}"),
        "Concatenate does not fit here: it joins the channels of 28×28×8 and 14×14×8, whose other sizes differ; "
        "the same strides and 'padding: same' in all branches make them equal"),
    "an image and a row of numbers": (
        graph(f"- Flatten: {{name: a}}\n- {CONV}, inputs: input, name: b}}\n- ▸Maximum: {{inputs: [b, a]}}"),
        "Maximum does not fit here: its inputs are 28×28×8 and 784; one of them is flat; "
        "join them both before Flatten or both after it"),
}  # fmt: skip


@each("case", BROKEN)
def test_it_is_one_located_sentence(case):
    text, message = BROKEN[case]
    before = text[: text.index(MARK)]
    with pytest.raises(SpecError) as caught:
        parse(read(text.replace(MARK, ""), "a.yaml"))
    (problem,) = caught.value.problems
    assert problem.message == message
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    assert (problem.place.line, problem.place.column) == place


def test_there_are_forty_of_them():
    assert len(BROKEN) >= 40


def test_all_of_several_mistakes_are_told_at_once():
    text = block(
        "- Dropout: {rate: 2}\n- Conv2D: {filters: $many / 4, kernel_size: 1, inputs: above, name: input}",
        "- part: {many: 6}\n- prat\n- Dense: {units: 0}", "parameters: {many: 8}",
    )  # fmt: skip
    with pytest.raises(SpecError) as caught:
        parse(read(text, "a.yaml"))
    assert [problem.place.line for problem in caught.value.problems] == [7, 8, 8, 8, 11, 12]


def test_a_group_of_branches_is_told_of_every_one_that_does_not_fit():
    window = "MaxPooling2D: {{pool_size: 29, inputs: input, name: {}}}"
    text = graph("\n".join(f"- {window.format(name)}" for name in "ab") + "\n- Add: {inputs: [a, b]}")
    with pytest.raises(SpecError) as caught:
        parse(read(text, "a.yaml"))
    assert [problem.place.line for problem in caught.value.problems] == [4, 5]


def test_no_broken_graph_needs_tensorflow(tmp_path):
    for number, (text, _) in enumerate(BROKEN.values()):
        (tmp_path / f"{number}.yaml").write_text(text.replace(MARK, ""), encoding="utf-8")
    program = (
        "import sys; from pathlib import Path; from cnncli.errors import SpecError; from cnncli.spec import load\n"
        "for path in Path(sys.argv[1]).iterdir():\n"
        "    try: load(path)\n"
        "    except SpecError: continue\n"
        "    sys.exit(f'{path} has no problem')\n"
        "sys.exit(bool({'tensorflow', 'keras', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program, str(tmp_path)], check=False).returncode == 0
