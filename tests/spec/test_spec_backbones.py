"""What a backbone asks of a spec is told before Keras is loaded, each thing at its place."""

import pytest

from cnncli.errors import SpecError
from cnncli.spec import parse
from cnncli.spec.pretrained import with_weights
from cnncli.spec.reader import read
from cnncli.spec.shapes.network_shapes import infer_shapes

HEAD = ["GlobalAveragePooling2D", "Dense: {units: classes, activation: softmax}"]


def text(*layers, size=96, data="source: mnist", more=""):
    listed = "\n".join(f"    - {layer}" for layer in (*layers, *HEAD))
    return f"data: {{{data}, image: {{size: {size}}}}}\nmodel:\n{more}  layers:\n{listed}\n"


def problems(written):
    with pytest.raises(SpecError) as caught:
        parse(read(written, "a.yaml"))
    return [(problem.place.line, problem.place.column, problem.message) for problem in caught.value.problems]


LARGER = "'data.image.size' makes them larger"
SAYS_WIDTHS = (
    "there are ImageNet weights of {} for an alpha of {}, not {}; write 'weights: null' to train it from the beginning"
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (text("VGG16", size=28),
         (4, 7, f"VGG16 does not fit here: it takes images of 32×32 or more, and is given 28×28; {LARGER}")),
        (text("Xception: {weights: null}", size="[71, 70]"),
         (4, 7, f"Xception does not fit here: it takes images of 71×71 or more, and is given 71×70; {LARGER}")),
        (text("Flatten", "VGG16"),
         (5, 7, "VGG16 does not fit here: it takes images (height, width, channels); above it everything is flat "
                "(9216)")),
        (text("MobileNetV2: {alpha: 0.8}"),
         (4, 28, SAYS_WIDTHS.format("MobileNetV2", "0.35, 0.5, 0.75, 1.0, 1.3, 1.4", 0.8))),
        (text("MobileNetV3Large: {alpha: 0.75, minimalistic: true}"),
         (4, 33, SAYS_WIDTHS.format("a minimalistic MobileNetV3Large", "1.0", 0.75))),
        (text("MobileNet: {depth_multiplier: 2}"),
         (4, 37, "its ImageNet weights are for a depth_multiplier of 1; write 'weights: null' to train it from the "
                 "beginning")),
        (text("Conv2D: {filters: 8, kernel_size: 1}", "VGG16"),
         (5, 7, "its ImageNet weights take 3 channels, and it is given 8; write 'weights: null' to train it from the "
                "beginning")),
        (text("VGG16", more="  weights: imagenet\n"),
         (3, 12, "ImageNet weights belong to a backbone: set its own 'weights'")),
        (text("VGG16", more="  weights: {run: 3}\n"),
         (3, 18, "expected the folder or name of an earlier run, got 3")),
        (text("VGG16", more="  weights: 3\n"),
         (3, 12, "expected the path of a weights file (.weights.h5, .keras), {run: FOLDER} for an earlier run, or "
                 "null; got 3")),
    ],
)  # fmt: skip
def test_one_mistake_is_one_located_sentence(written, expected):
    assert problems(written) == [expected]


def test_mistakes_in_weights_and_layers_are_told_together():
    assert [line for line, _, _ in problems(text("VGG61", more="  weights: 3\n"))] == [3, 5]


@pytest.mark.parametrize(
    "layer",
    [
        "MobileNetV2: {alpha: 0.8, weights: null}",
        "MobileNetV2: {alpha: 0.8, weights: {run: mine-001}}",
        "MobileNet: {alpha: 0.25}",
        "MobileNetV3Small: {minimalistic: true}",
    ],
)
def test_what_can_be_had_is_no_mistake(layer):
    parse(read(text(layer), "a.yaml"))


def test_shapes_go_on_behind_a_backbone():
    spec = parse(read(text("MobileNetV3Small: {alpha: 0.75, weights: null}", size="[97, 64]"), "a.yaml")).spec
    steps = infer_shapes(spec.model.nodes, (97, 64, 1), 10).steps
    assert [step.output_shape for step in steps] == [(4, 2, 432), (432,), (10,)]


BLOCK = """\
data: {source: mnist, image: {size: 96}}
model:
  weights: {run: .}
  blocks:
    eyes:
      parameters: {from: null}
      layers:
        - VGG16: {weights: a.h5, name: first, pooling: avg}
        - VGG16: {weights: $from, inputs: input, pooling: avg, name: second}
        - Concatenate: {inputs: [first, second]}
  layers:
    - eyes: {from: imagenet}
    - VGG16: {weights: {run: nowhere-001}, inputs: input, name: third, pooling: avg}
    - VGG16: {weights: imagenet, inputs: input, name: fourth, pooling: avg}
    - Concatenate: {inputs: [third, fourth]}
    - Dense: {units: classes, activation: softmax}
"""


def test_paths_of_weights_are_made_absolute_as_they_are_written():
    text = BLOCK.replace("eyes: {from", "eyes: {name: both, from").replace("[third,", "[both, third,")
    model = with_weights(parse(read(text, "a.yaml")).spec.model, lambda path: f"/there/{path}")
    assert model.weights == {"run": "/there/."}
    assert [line["VGG16"]["weights"] for line in model.blocks["eyes"]["layers"][:2]] == ["/there/a.h5", "$from"]
    assert [line["VGG16"]["weights"] for line in model.layers[1:3]] == [{"run": "nowhere-001"}, "imagenet"]
