"""Graphs and blocks written in YAML are the models that one would write by hand, to the last bit."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from cnncli.errors import SpecError
from cnncli.factory.weights import load_weights, save_weights

pytestmark = pytest.mark.slow

RESNET_20 = """\
blocks:
  residual:
    parameters: {filters: null, strides: 1, project: 0}
    layers:
      - Conv2D: {filters: $filters, kernel_size: 3, strides: $strides, padding: same, use_bias: false}
      - BatchNormalization
      - ReLU
      - Conv2D: {filters: $filters, kernel_size: 3, padding: same, use_bias: false}
      - BatchNormalization: {name: main}
      - Conv2D: {filters: $filters, kernel_size: 1, strides: $strides, use_bias: false, inputs: input,
                 name: shortcut, repeat: $project}
      - Add: {inputs: [main, shortcut]}
      - ReLU
layers:
  - Conv2D: {filters: 16, kernel_size: 3, padding: same, use_bias: false}
  - BatchNormalization
  - ReLU
  - residual: {filters: 16, repeat: 3}
  - residual: {filters: 32, strides: 2, project: 1}
  - residual: {filters: 32, repeat: 2}
  - residual: {filters: 64, strides: 2, project: 1}
  - residual: {filters: 64, repeat: 2}
  - GlobalAveragePooling2D
  - Dense: {units: classes, activation: softmax}
"""

INCEPTION = """\
blocks:
  inception:
    parameters: {filters: 8}
    layers:
      - Conv2D: {filters: $filters, kernel_size: 1, activation: relu, name: one}
      - Conv2D: {filters: $filters // 2, kernel_size: 1, activation: relu, inputs: input}
      - Conv2D: {filters: $filters * 2, kernel_size: 3, padding: same, activation: relu, name: three}
      - Conv2D: {filters: $filters // 4, kernel_size: 1, activation: relu, inputs: input}
      - Conv2D: {filters: $filters, kernel_size: 5, padding: same, activation: relu, name: five}
      - MaxPooling2D: {pool_size: 3, strides: 1, padding: same, inputs: input}
      - Conv2D: {filters: $filters, kernel_size: 1, activation: relu, name: pooled}
      - Concatenate: {inputs: [one, three, five, pooled]}
layers:
  - Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}
  - inception
  - inception: {filters: 16}
  - GlobalAveragePooling2D
  - Dense: {units: classes, activation: softmax}
"""


def resnet_20_by_hand():
    """He et al. (2015), Deep Residual Learning for Image Recognition, section 4.2, n = 3, shortcuts of option B."""
    import keras
    from keras import layers

    def conv(x, filters, size, strides=1):
        return layers.Conv2D(filters, size, strides=strides, padding="same" if size > 1 else "valid", use_bias=False)(x)

    def residual(x, filters, strides=1, project=False):
        main = layers.ReLU()(layers.BatchNormalization()(conv(x, filters, 3, strides)))
        main = layers.BatchNormalization()(conv(main, filters, 3))
        shortcut = conv(x, filters, 1, strides) if project else x
        return layers.ReLU()(layers.Add()([main, shortcut]))

    image = keras.Input((32, 32, 3))
    x = layers.ReLU()(layers.BatchNormalization()(conv(layers.Rescaling(1 / 255)(image), 16, 3)))
    for filters in (16, 32, 64):
        x = residual(x, filters, strides=1 if filters == 16 else 2, project=filters > 16)
        x = residual(residual(x, filters), filters)
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def inception_by_hand():
    """Szegedy et al. (2014), Going Deeper with Convolutions, figure 2 (b)."""
    import keras
    from keras import layers

    def conv(x, filters, size):
        return layers.Conv2D(filters, size, padding="same", activation="relu")(x)

    def inception(x, filters):
        ways = [
            conv(x, filters, 1),
            conv(conv(x, filters // 2, 1), filters * 2, 3),
            conv(conv(x, filters // 4, 1), filters, 5),
        ]
        return layers.Concatenate()([*ways, conv(layers.MaxPooling2D(3, 1, "same")(x), filters, 1)])

    image = keras.Input((32, 32, 3))
    x = inception(inception(conv(layers.Rescaling(1 / 255)(image), 8, 3), 8), 16)
    return keras.Model(image, layers.Dense(10, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def plain_by_hand():
    import keras
    from keras import layers

    return keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.BatchNormalization(),
            layers.Flatten(),
            layers.Dense(10, activation="softmax"),
        ]
    )


PLAIN = """\
layers:
  - Conv2D: {filters: 8, kernel_size: 3, activation: relu}
  - MaxPooling2D
  - BatchNormalization
  - Flatten
  - Dense: {units: classes, activation: softmax}
"""


@pytest.fixture
def build_yaml(build):
    def build_yaml(text, **more):
        model = yaml.safe_load(text)
        return build(*model["layers"], blocks=model.get("blocks"), shape=(32, 32, 3), **more)

    return build_yaml


@pytest.mark.parametrize(
    ("text", "by_hand", "parameters"),
    [(RESNET_20, resnet_20_by_hand, 273_658), (INCEPTION, inception_by_hand, 7_988), (PLAIN, plain_by_hand, 18_266)],
    ids=["resnet-20", "inception", "plain"],
)
def test_it_is_the_network_written_by_hand(build_yaml, text, by_hand, parameters):
    import keras

    ours = build_yaml(text, seed=7)
    keras.utils.set_random_seed(7)
    theirs = by_hand()
    assert ours.count_params() == theirs.count_params() == parameters
    mine, other = ours.get_weights(), theirs.get_weights()
    assert all(np.array_equal(a, b) for a, b in zip(mine, other, strict=True))
    random = np.random.default_rng(0)
    for weight in ours.weights:  # as if trained, normalisation included
        weight.assign(random.uniform(0.1, 0.5, weight.shape))
    theirs.set_weights(ours.get_weights())
    pixels = random.integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)  # (4, 32, 32, 3)
    assert np.array_equal(ours(pixels).numpy(), theirs(pixels).numpy())


def test_layers_carry_the_names_of_their_blocks_and_weights_come_back_to_them(build_yaml, tmp_path):
    shorter = "\n".join(line for line in RESNET_20.splitlines() if "filters: 64" not in line)
    model = build_yaml(shorter)
    names = {layer.name for layer in model.layers}
    assert {"conv2d_1", "residual_1.conv2d_1", "residual_4.shortcut", "residual_6.main", "dense_1"} <= names
    assert "residual_1.shortcut" not in names
    path = tmp_path / "best.weights.h5"
    save_weights(model, path)
    other = build_yaml(shorter, seed=1)
    load_weights(other, path)
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), other.get_weights(), strict=True))


def test_only_what_makes_the_output_computes_in_float32(build_yaml):
    two_heads = """\
    layers:
      - Conv2D: {filters: 4, kernel_size: 3, name: stem}
      - GlobalAveragePooling2D: {name: flat}
      - Dense: {units: classes, name: first}
      - Dense: {units: classes, name: second, inputs: flat}
      - Average: {inputs: [first, second]}
      - Softmax
    """
    model = build_yaml(two_heads, precision="mixed_bfloat16")
    low = {layer.name for layer in model.layers if layer.compute_dtype == "bfloat16"}
    assert low == {"stem", "flat"}
    assert model(np.zeros((1, 32, 32, 3), np.uint8)).dtype == "float32"


def test_what_keras_alone_refuses_is_told_with_its_block_and_its_values(build):
    blocks = {"odd": {"parameters": {"by": 9}, "layers": [{"Cropping2D": {"cropping": "$by"}}]}}
    with pytest.raises(SpecError) as caught:
        build("Flatten", {"Reshape": {"target_shape": [28, 28, 1]}}, {"odd": {"by": 14}}, blocks=blocks)
    (problem,) = caught.value.problems
    assert problem.path == ("model", "blocks", "odd", "layers", 0, "Cropping2D")
    assert problem.message.endswith("(with by: 14, used at model.layers[2])")
