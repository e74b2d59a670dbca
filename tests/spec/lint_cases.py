"""For every lint rule specs that it warns of, with a mark where it must point, and near ones that it lets pass."""

MARK = "▸"

PADDED = "source: {folder: {path: a}}, image: {size: 28, resize: pad}"

IMAGE = ["Conv2D: {filters: 8, kernel_size: 11, padding: same, activation: relu}", "GlobalAveragePooling2D"]
OUTPUT = ["Dense: {units: classes, activation: softmax}"]
LOGITS = ["Dense: {units: classes}"]


def spec(*layers, data="source: mnist", train="epochs: 10", more=""):
    return "\n".join(
        [
            f"data: {{{data}}}",
            "model:",
            "  layers:",
            *(f"    - {layer}" for layer in layers),
            f"train: {{{train}}}",
            more,
        ]
    )


def with_blocks(blocks, *layers):
    return spec(*layers).replace("model:", f"model:\n{blocks}")


def gated(*gate):
    """Channels that are multiplied by what an average of all of them says."""
    stem = "Conv2D: {filters: 8, kernel_size: 11, activation: relu, name: stem}"
    return spec(stem, "GlobalAveragePooling2D", *gate, "Multiply: {inputs: [stem, gate]}", "Flatten", *OUTPUT)


def residual(branch, shortcut, *, add="Add: {inputs: [main, skip]}"):
    """A sum of two ways from one convolution to the output."""
    stem = "Conv2D: {filters: 8, kernel_size: 11, padding: same, name: stem}"
    return spec(stem, "ReLU: {name: before}", *branch, *shortcut, add, "ReLU", "GlobalAveragePooling2D", *OUTPUT)


def conv(kernel=3, filters=8, more=""):
    return f"Conv2D: {{filters: {filters}, kernel_size: {kernel}, padding: same{more}}}"


RELU = ", activation: relu"
MAIN = ["Conv2D: {filters: 8, kernel_size: 3, padding: same, use_bias: false}", "BatchNormalization: {name: main}"]
SKIP = ["Conv2D: {filters: 8, kernel_size: 1, inputs: before, use_bias: false}", "BatchNormalization: {name: skip}"]


def backbone(layer, data="source: mnist, image: {size: 96}", train="optimizer: {Adam: {learning_rate: 1e-5}}"):
    return spec(layer, "GlobalAveragePooling2D", *OUTPUT, data=data, train=train)


FROZEN = "MobileNetV2: {trainable: false}"


def callback(text):
    return f"epochs: 10, callbacks: [{text}]"


def one_hot(metric):
    return f"loss: CategoricalCrossentropy, metrics: [{metric}]"


THREE = "source: {folder: {path: a}}, classes: [a, b, c]"


def optimizer(text):
    return f"epochs: 10, optimizer: {{{text}}}"


def stages(*stages, layer=IMAGE[0], train="batch_size: 32"):
    size = "image: {size: 96}, " * ("MobileNet" in layer)
    text = spec(layer, "GlobalAveragePooling2D", *OUTPUT, data=f"{size}source: mnist", train="▸")
    return text.replace("{▸}", f"\n  {train}\n  stages:\n" + "".join(f"    - {stage}\n" for stage in stages))


POOLED = (
    "Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}", "MaxPooling2D",
    "Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}", "MaxPooling2D",
    "GlobalAveragePooling2D", *OUTPUT,
)  # fmt: skip


FIRES = {
    "softmax-and-logits": [
        spec(*IMAGE, *OUTPUT, train="loss: {SparseCategoricalCrossentropy: {from_logits: ▸true}}"),
        spec(*IMAGE, *LOGITS, "Softmax", train="loss: {CategoricalCrossentropy: {from_logits: ▸true}}"),
        spec(*IMAGE, "Dense: {units: classes, activation: sigmoid}",
             train="loss: {BinaryCrossentropy: {from_logits: ▸true}}"),
    ],
    "no-softmax": [
        spec(*IMAGE, "▸Dense: {units: classes}"),
        spec(*IMAGE, "▸Dense: {units: classes, activation: tanh}"),
        spec("▸Conv2D: {filters: classes, kernel_size: 3}", "GlobalAveragePooling2D"),
        spec(*IMAGE, "▸Dense: {units: classes}", train="loss: CategoricalGeneralizedCrossEntropy"),
        spec(*IMAGE, "▸Dense: {units: classes, activation: sigmoid}"),
        spec(*IMAGE, "▸Dense: {units: classes, activation: relu}"),
        spec(*IMAGE, *LOGITS, "▸ReLU", train="loss: {SparseCategoricalCrossentropy: {from_logits: true}}"),
    ],
    "after-softmax": [spec(*IMAGE, *OUTPUT, "▸BatchNormalization"), spec(*IMAGE, *OUTPUT, "▸Dropout: {rate: 0.2}")],
    "binary-loss": [spec(*IMAGE, *OUTPUT, train="loss: ▸BinaryCrossentropy")],
    "units-not-classes": [
        spec(*IMAGE, "Dense: {units: ▸12, activation: softmax}"),
        spec(*IMAGE, "Dense: {units: ▸12}", "Softmax"),
    ],
    "pool-does-not-divide": [
        spec("Conv2D: {filters: 8, kernel_size: 6, activation: relu}", "▸MaxPooling2D", "Flatten", *OUTPUT),
        spec("▸AveragePooling2D: {pool_size: [2, 3]}", "Flatten", *OUTPUT),
        spec(*POOLED, data="source: cifar10, image: {schedule: [{epochs: 0.3, size: 20}, {epochs: 3, size: ▸22}]}"),
        spec(*POOLED, data="source: mnist, image: {size: [24, 32], schedule: [{epochs: 2, size: ▸[14, 19]}]}"),
    ],
    "even-kernel": [
        spec("Conv2D: {filters: 8, kernel_size: ▸2, padding: same, activation: relu}", "Flatten", *OUTPUT),
        spec("DepthwiseConv2D: {kernel_size: ▸[3, 4], padding: same, activation: relu}", "Flatten", *OUTPUT),
    ],
    "filters-shrink": [
        spec("Conv2D: {filters: 32, kernel_size: 3, activation: relu}", "MaxPooling2D",
             "Conv2D: {filters: ▸16, kernel_size: 3, activation: relu}", "Flatten", *OUTPUT),
    ],
    "linear-after-linear": [
        spec("▸Conv2D: {filters: 8, kernel_size: 3}", *IMAGE, *OUTPUT),
        spec(*IMAGE, "▸Dense: {units: 64}", "Dropout: {rate: 0.5}", *OUTPUT),
        spec("▸Conv2D: {filters: 8, kernel_size: 3, use_bias: false}", "BatchNormalization",
             "AveragePooling2D: {pool_size: 2}", "Activation: {activation: linear}", "Flatten", *OUTPUT),
    ],
    "activation-twice": [
        spec("Conv2D: {filters: 8, kernel_size: 3, activation: relu}", "▸ReLU", "Flatten", *OUTPUT),
        spec(*IMAGE, *OUTPUT, "▸Softmax"),
        spec(*IMAGE, "Dense: {units: classes, activation: relu}", "▸Activation: {activation: softmax}"),
    ],
    "hidden-softmax": [spec(*IMAGE, "▸Dense: {units: 64, activation: softmax}", *OUTPUT)],
    "hidden-sigmoid": [
        spec("▸Conv2D: {filters: 8, kernel_size: 3, activation: sigmoid}", "Flatten", *OUTPUT),
        spec(*IMAGE, "Dense: {units: 64}", "▸Activation: {activation: sigmoid}", *OUTPUT),
    ],
    "bias-before-normalization": [
        spec("▸Conv2D: {filters: 8, kernel_size: 3}", "BatchNormalization", "ReLU", "Flatten", *OUTPUT),
    ],
    "dropout-before-normalization": [
        spec(*IMAGE, "▸Dropout: {rate: 0.5}", "BatchNormalization", *OUTPUT),
        spec(conv(), "▸SpatialDropout2D: {rate: 0.2}", "ReLU", "Flatten", "BatchNormalization", *OUTPUT),
    ],
    "dropout-rate": [
        spec(*IMAGE, "Dropout: {rate: ▸0.8}", *OUTPUT),
        spec("SpatialDropout2D: {rate: ▸0.9}", "Flatten", *OUTPUT),
    ],
    "single-unit": [spec(*IMAGE, "Dense: {units: ▸1, activation: relu}", *OUTPUT)],
    "same-initial-weights": [
        spec(*IMAGE, "Dense: {units: 64, activation: relu, kernel_initializer: ▸zeros}", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3, activation: relu, kernel_initializer: ▸{Constant: {value: 0.1}}}",
             "Flatten", *OUTPUT),
    ],
    "large-dense": [
        spec("Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}", "Flatten",
             "▸Dense: {units: 128, activation: relu}", *OUTPUT),
    ],
    "activation-before-sum": [
        residual(["▸" + conv(more=RELU + ", name: main")], [], add="Add: {inputs: [main, before]}"),
        residual([conv(more=", use_bias: false"), "BatchNormalization", "▸ReLU: {name: main}"], SKIP),
        residual([conv(), "▸ReLU: {max_value: 6}", "Dropout: {rate: 0.2, name: main}"], [],
                 add="Add: {inputs: [before, main]}"),
        residual(["▸" + conv(more=", activation: relu6"), "MaxPooling2D: {name: main}"],
                 ["AveragePooling2D: {pool_size: 2, inputs: before}", conv(1, more=", name: skip")]),
    ],
    "pool-after-pool": [
        spec(conv(more=RELU), "MaxPooling2D", "▸MaxPooling2D", "Flatten", *OUTPUT),
        spec(conv(more=RELU), "AveragePooling2D: {pool_size: 2}", "▸MaxPooling2D: {pool_size: 3, strides: 2}",
             "Flatten", *OUTPUT),
    ],
    "normalization-twice": [
        spec(conv(11, more=", use_bias: false"), "BatchNormalization", "▸BatchNormalization", "ReLU",
             "GlobalAveragePooling2D", *OUTPUT),
    ],
    "small-receptive-field": [
        spec(conv(9, more=RELU), "▸GlobalAveragePooling2D", *OUTPUT),  # 9 of 28
        spec(conv(more=RELU), "MaxPooling2D", conv(filters=16, more=RELU), "BatchNormalization",
             "▸GlobalMaxPooling2D", "Dropout: {rate: 0.2}", *OUTPUT),  # 8 of 28
        spec(conv(more=RELU), "DepthwiseConv2D: {kernel_size: 3, dilation_rate: 3, activation: relu}",
             "▸GlobalAveragePooling2D", *OUTPUT),  # 9 of 28
        spec("Conv2D: {filters: classes, kernel_size: 7, activation: softmax}", "▸GlobalAveragePooling2D"),
        spec(conv(more=RELU), "▸GlobalAveragePooling2D: {keepdims: true}", "Flatten", *OUTPUT),
        spec(conv(7, more=RELU), "▸GlobalAveragePooling2D", *OUTPUT,
             data="source: {folder: {path: a}}, image: {size: [64, 22]}"),
    ],
    "unused-parameter": [
        with_blocks("  blocks: {pool: {parameters: {▸size: 2}, layers: [MaxPooling2D]}}", "pool", "Flatten", *OUTPUT),
        with_blocks("  blocks: {one: {parameters: {rate: 0.2, ▸more: $rate * 2}, layers: [Dropout: {rate: $rate}]}}",
                    *IMAGE, "one", *OUTPUT),
    ],
    "unused-block": [
        with_blocks("  blocks: {▸pool: {layers: [MaxPooling2D]}}", *IMAGE, *OUTPUT),
        with_blocks("  blocks: {one: {layers: [ReLU]}, ▸two: {parameters: {rate: null}, layers: [Dropout: "
                    "{rate: $rate}]}}", "MaxPooling2D", "one", "Flatten", *OUTPUT),
    ],
    "few-validation-images": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: ▸49}"),
        spec(*IMAGE, *OUTPUT, data="source: cifar100, split: {validation: ▸0.005}"),
        spec(*IMAGE, *OUTPUT, data="source: {folder: {path: a}}, classes: [owl, cat], split: {validation: ▸9}"),
    ],
    "validation-is-test": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: ▸test}"),
        spec(*IMAGE, *OUTPUT, data="source: {folder: {path: a}}, split: {test: ▸validation}"),
    ],
    "large-pixels": [spec(*IMAGE, *OUTPUT, data="source: mnist, scale: ▸[0, 255]")],
    "coarse-average": [
        spec(IMAGE[0], "▸AveragePooling2D: {pool_size: 14}", "Flatten", *OUTPUT, train="precision: mixed_bfloat16"),
        spec(IMAGE[0], "▸AveragePooling2D: {pool_size: [28, 4]}", "Flatten", *OUTPUT,
             train="precision: mixed_bfloat16"),
    ],
    "mirrored-borders": [
        spec(*IMAGE, *OUTPUT, data=PADDED, more="augment: [RandomRotation: {factor: 0.1, fill_mode: ▸reflect}]"),
        spec(*IMAGE, *OUTPUT, data=PADDED, more="augment: [RandomFlip, ImageDataGenerator: {fill_mode: ▸wrap}]"),
    ],
    "large-batch": [spec(*IMAGE, *OUTPUT, train="batch_size: ▸54000")],
    "learning-rate": [
        spec(*IMAGE, *OUTPUT, train=optimizer("Adam: {learning_rate: ▸0.1}")),
        spec(*IMAGE, *OUTPUT, train=optimizer("AdamW: {learning_rate: ▸1e-6}")),
        spec(*IMAGE, *OUTPUT, train=optimizer("SGD: {learning_rate: ▸1}")),
        spec(*IMAGE, *OUTPUT, train="optimizer: ▸Adadelta"),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "Adam: {learning_rate: {ExponentialDecay: {initial_learning_rate: ▸0.5, decay_steps: 9, decay_rate: 1}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "Adam: {learning_rate: {CosineDecay: {initial_learning_rate: 0, warmup_target: ▸1.0, warmup_steps: 9, "
            "decay_steps: total_steps}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "Adam: {learning_rate: {PiecewiseConstantDecay: {boundaries: [9], values: [▸0.3, 0.1]}}}")),
    ],
    "decay-steps": [
        spec(*IMAGE, *OUTPUT, train=optimizer(  # 54,000 images in batches of 32, ten times: 16,880 steps
            "SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: ▸8439}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: ▸33761}}}")),
    ],
    "boundary-never-reached": [
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [9, ▸16880], values: [0.1, 0.01, 0.001]}}}")),
    ],
    "training-metric": [
        spec(*IMAGE, *OUTPUT, train="monitor: ▸accuracy"),
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {monitor: ▸loss, patience: 5}}")),
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {monitor: ▸loss, patience: 5}}"),
             data="source: mnist, split: {validation: 0}"),
    ],
    "top-k-of-all": [
        spec(*IMAGE, *OUTPUT, train=one_hot("{TopKCategoricalAccuracy: {k: ▸10}}")),
        spec(*IMAGE, *OUTPUT, train="metrics: [accuracy, {SparseTopKCategoricalAccuracy: {k: ▸12}}]"),
        spec(*IMAGE, *OUTPUT, train=one_hot("▸TopKCategoricalAccuracy"), data=THREE),  # Keras' own k is 5
        spec(*IMAGE, *OUTPUT, train=one_hot("{Recall: {top_k: ▸10}}")),
    ],
    "many-thresholds": [
        spec(*IMAGE, *OUTPUT, train=one_hot("{AUC: {num_thresholds: ▸1000000}}")),
        spec(*IMAGE, *OUTPUT, train=one_hot("{PrecisionAtRecall: {recall: 0.9, num_thresholds: ▸100000}}")),
    ],
    "patience-too-long": [
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: ▸10}}")),
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: ▸5, start_from_epoch: 5}}")),
        spec(*IMAGE, *OUTPUT, train=callback("▸ReduceLROnPlateau")),  # Keras' own patience is 10
    ],
    "no-patience": [spec(*IMAGE, *OUTPUT, train=callback("▸EarlyStopping"))],
    "frozen-without-weights": [
        backbone("MobileNetV2: {weights: null, trainable: ▸false}"),
    ],
    "backbone-scale": [
        backbone(FROZEN, data="source: mnist, image: {size: 96}, scale: ▸[-1, 1]"),
        backbone(FROZEN, data="source: mnist, image: {size: 96}, standardize: ▸samplewise"),
    ],
    "fine-tuning-rate": [
        backbone("MobileNetV2", train="optimizer: {Adam: {learning_rate: ▸1e-3}}"),
        backbone("▸MobileNetV2", train="epochs: 10"),
        backbone("▸MobileNetV2: {weights: {run: runs/mine-001}}", train="optimizer: SGD"),
        backbone("MobileNetV2: {weights: null}", train="optimizer: {Adam: {learning_rate: ▸1e-3}}").replace(
            "model:", "model:\n  weights: {run: runs/mine-001}"),
        backbone("MobileNetV2", train="optimizer: {Adam: {learning_rate: {CosineDecay: {initial_learning_rate: ▸0.01, "
                                      "decay_steps: total_steps}}}}"),
        backbone("MobileNetV2: {name: eyes}", train="stages: [{epochs: 1, freeze: [eyes], learning_rate: 1e-3}, "
                                                    "{epochs: 1, thaw: [eyes/block_16*], learning_rate: ▸2e-3}]"),
        stages("{epochs: 5}", "{epochs: 5, thaw: ['*_1/block_16*'], learning_rate: ▸1e-3}", layer=FROZEN),
        stages("{epochs: 5}", "{epochs: 9, thaw: ['*_1'], freeze: ['*/*_BN'], learning_rate: "
               "{CosineDecay: {initial_learning_rate: ▸0.01, decay_steps: total_steps}}}", layer=FROZEN),
    ],
    "backbone-small-image": [
        backbone("▸MobileNetV2: {trainable: false}", data="source: cifar10"),
    ],
    "stages-nothing-changes": [
        stages("{epochs: 5}", "▸{epochs: 5}"),
        stages("{epochs: 5, learning_rate: 1e-3}", "▸{epochs: 5}"),
        stages("{epochs: 5}", "{epochs: 5, thaw: [▸dense_1], learning_rate: 1e-4}"),
        stages("{epochs: 5}", "{epochs: 5, thaw: [▸'mobile_net_v2_1/block_1*'], learning_rate: 1e-5}",
               layer="MobileNetV2: {weights: null}"),
        stages("{epochs: 5, freeze: [conv2d_1]}", "▸{epochs: 5, freeze: [conv*]}"),
    ],
    "unknown-rule": [spec(*IMAGE, *OUTPUT, more="silence: [▸even-kernels]")],
}  # fmt: skip

SILENT = {
    "softmax-and-logits": [
        spec(*IMAGE, *LOGITS, train="loss: {SparseCategoricalCrossentropy: {from_logits: true}}"),
        spec(*IMAGE, *OUTPUT, train="loss: {SparseCategoricalCrossentropy: {from_logits: false}}"),
    ],
    "no-softmax": [
        spec(*IMAGE, *OUTPUT),
        spec(*IMAGE, *LOGITS, "Activation: {activation: softmax}"),
        spec("Conv2D: {filters: classes, kernel_size: 3, activation: softmax}", "GlobalAveragePooling2D"),
        spec(*IMAGE, *LOGITS, train="loss: MeanSquaredError"),
        spec(*IMAGE, *LOGITS, train="loss: {SparseCategoricalCrossentropy: {from_logits: true}}"),
        spec(*IMAGE, "Dense: {units: classes, activation: sigmoid}", train="loss: BinaryCrossentropy"),
        spec(*IMAGE, "Dense: {units: 64}", "ReLU", *OUTPUT),
    ],
    "after-softmax": [spec(*IMAGE, "BatchNormalization", *OUTPUT, "Identity")],
    "binary-loss": [spec(*IMAGE, *OUTPUT, train="loss: CategoricalCrossentropy")],
    "units-not-classes": [spec(*IMAGE, "Dense: {units: 10, activation: softmax}")],
    "pool-does-not-divide": [
        spec("Conv2D: {filters: 8, kernel_size: 5, activation: relu}", "MaxPooling2D", "Flatten", *OUTPUT),
        spec("AveragePooling2D: {pool_size: 3, padding: same}", "Flatten", *OUTPUT),
        spec("MaxPooling2D: {pool_size: 3, strides: 2}", "Flatten", *OUTPUT),
        spec(*POOLED, data="source: cifar10, image: {schedule: [{epochs: 0.3, size: 20}, {epochs: 3, size: 24}]}"),
    ],
    "even-kernel": [
        spec("Conv2D: {filters: 8, kernel_size: 2, activation: relu}", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 4, strides: 2, padding: same, activation: relu}", "Flatten", *OUTPUT),
    ],
    "filters-shrink": [
        spec(*IMAGE[:1], "Conv2D: {filters: 4, kernel_size: 1, activation: relu}", *IMAGE, *OUTPUT),
        spec(*IMAGE[:1], "UpSampling2D", "Conv2D: {filters: 4, kernel_size: 3, activation: relu}", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 32, kernel_size: 3, activation: relu}",
             "Conv2D: {filters: classes, kernel_size: 3, activation: softmax}", "GlobalAveragePooling2D"),
    ],
    "linear-after-linear": [
        spec("Conv2D: {filters: 8, kernel_size: 3}", "MaxPooling2D", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 1}", *IMAGE, *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: [1, 3]}", *IMAGE, *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3}", "ReLU", *IMAGE, *OUTPUT),
    ],
    "activation-twice": [spec(*IMAGE, *LOGITS, "Softmax")],
    "hidden-softmax": [spec(*IMAGE, "Dense: {units: 64, activation: tanh}", *OUTPUT)],
    "hidden-sigmoid": [
        spec(*IMAGE, "Dense: {units: 64, activation: hard_sigmoid}", *OUTPUT),
        gated("Dense: {units: 8, activation: sigmoid}", "Reshape: {target_shape: [1, 1, 8], name: gate}"),
    ],
    "bias-before-normalization": [
        spec("Conv2D: {filters: 8, kernel_size: 3, use_bias: false}", "BatchNormalization", "ReLU", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3, activation: relu}", "BatchNormalization", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3}", "ReLU", "BatchNormalization", "Flatten", *OUTPUT),
    ],
    "dropout-before-normalization": [
        spec(*IMAGE, "BatchNormalization", "Dropout: {rate: 0.5}", *OUTPUT),
        spec(*IMAGE, "Dropout: {rate: 0.5}", "Dense: {units: 64, use_bias: false}", "BatchNormalization", "ReLU",
             *OUTPUT),
    ],
    "dropout-rate": [spec(*IMAGE, "Dropout: {rate: 0.75}", *OUTPUT)],
    "single-unit": [
        spec(*IMAGE, "Dense: {units: 2, activation: relu}", *OUTPUT),
        gated("Dense: {units: 1, activation: sigmoid}", "Reshape: {target_shape: [1, 1, 1], name: gate}"),
        spec("Conv2D: {filters: 8, kernel_size: 11}", "Dense: {units: 1}", "Flatten", *OUTPUT),
    ],
    "same-initial-weights": [
        spec(*IMAGE, "Dense: {units: classes, activation: softmax, kernel_initializer: zeros}"),
        spec(*IMAGE, "Dense: {units: 64, activation: relu, kernel_initializer: he_normal}", *OUTPUT),
    ],
    "large-dense": [
        spec("Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}", "MaxPooling2D", "Flatten",
             "Dense: {units: 128, activation: relu}", *OUTPUT),  # 1.6 million
        spec("Conv2D: {filters: 64, kernel_size: 3, padding: same, activation: relu}", "Flatten",
             "Dense: {units: 128, activation: relu}", "Dense: {units: 8192, activation: relu}", *OUTPUT),  # 85 %
    ],
    "activation-before-sum": [
        residual([conv(), "ReLU: {negative_slope: 0.1, name: main}"], SKIP),
        residual(MAIN, [], add="Add: {inputs: [main, before]}"),  # He et al. 2015
        residual(MAIN, SKIP),
        residual(["BatchNormalization", "ReLU", conv(more=", name: main")], [], add="Add: {inputs: [before, main]}"),
        residual([conv(more=", activation: leaky_relu, name: main")], [], add="Add: {inputs: [main, before]}"),
        residual([conv(more=RELU + ", name: main")], [conv(5, more=RELU + ", inputs: before, name: skip")]),
        residual([conv(more=RELU + ", name: main")], [conv(1, more=RELU + ", inputs: before, name: skip")]),
        residual([conv(more=RELU + ", name: main")], [], add="Concatenate: {inputs: [main, before]}"),
        residual(MAIN, [conv(1, more=RELU + ", inputs: before, name: skip")]),
    ],
    "pool-after-pool": [
        spec(conv(more=RELU), "MaxPooling2D", conv(more=RELU), "MaxPooling2D", "Flatten", *OUTPUT),
        spec(conv(more=RELU), "MaxPooling2D: {pool_size: 3, strides: 1, padding: same}", "MaxPooling2D", "Flatten",
             *OUTPUT),
        spec(conv(11, more=RELU), "MaxPooling2D", "GlobalMaxPooling2D", *OUTPUT),
    ],
    "normalization-twice": [
        spec(conv(11, more=", use_bias: false"), "BatchNormalization", "ReLU", "BatchNormalization", IMAGE[1], *OUTPUT),
    ],
    "small-receptive-field": [
        spec(conv(10, more=RELU), "GlobalAveragePooling2D", *OUTPUT),
        spec(conv(more=RELU), "Flatten", *OUTPUT),  # Dense sees everything
        spec(conv(more=RELU), "GlobalAveragePooling2D", *OUTPUT, data="source: {folder: {path: a}}"),
        spec(conv(7, more=RELU), "GlobalAveragePooling2D", *OUTPUT,
             data="source: {folder: {path: a}}, image: {size: [64, 21]}"),
        spec("Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu, name: features}",
             "GlobalAveragePooling2D: {keepdims: true}", "Dense: {units: 8, activation: sigmoid, name: gate}",
             "Multiply: {inputs: [features, gate]}", "GlobalAveragePooling2D", *OUTPUT),  # the gate sees everything
        spec("Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu, name: narrow}",
             "Conv2D: {filters: 8, kernel_size: 11, padding: same, activation: relu, inputs: input, name: wide}",
             "Concatenate: {inputs: [narrow, wide]}", "GlobalAveragePooling2D", *OUTPUT),
    ],
    "unused-parameter": [
        with_blocks("  blocks: {pool: {parameters: {a: 2, b: $a}, layers: [MaxPooling2D: {pool_size: $b}]}}", "pool",
                    "Flatten", *OUTPUT),
        with_blocks("  blocks: {one: {parameters: {n: 2}, layers: [Dense: {units: 64, activation: relu, repeat: $n}]}}",
                    "one", "Flatten", *OUTPUT),
    ],
    "unused-block": [
        with_blocks("  blocks: {pool: {layers: [inner]}, inner: {layers: [MaxPooling2D]}}", "pool", *IMAGE, *OUTPUT),
        with_blocks("  blocks: {pool: {layers: [MaxPooling2D]}}", "pool: {repeat: 0}", *IMAGE, *OUTPUT),
    ],
    "few-validation-images": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: 50}"),
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: 0}"),
        spec(*IMAGE, *OUTPUT, data="source: mnist, classes: ['1', '2'], split: {validation: 0.0001}"),
        spec(*IMAGE, *OUTPUT, data="source: {folder: {path: a}}, split: {validation: 9}"),
    ],
    "validation-is-test": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: 10000}"),
        spec(*IMAGE, *OUTPUT, data="source: mnist, split: {test: validation}"),  # it has test images, which are used
    ],
    "large-pixels": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, scale: [-1, 1]"),
        spec("BatchNormalization", *IMAGE, *OUTPUT, data="source: mnist, scale: [0, 255]"),
    ],
    "coarse-average": [
        spec(IMAGE[0], "AveragePooling2D: {pool_size: 14}", "Flatten", *OUTPUT),
        spec(IMAGE[0], "AveragePooling2D: {pool_size: 7}", "Flatten", *OUTPUT, train="precision: mixed_bfloat16"),
        spec(*IMAGE, *OUTPUT, train="precision: mixed_bfloat16"),
    ],
    "mirrored-borders": [
        spec(*IMAGE, *OUTPUT, data=PADDED, more="augment: [RandomRotation: {factor: 0.1}, RandomFlip]"),
        spec(*IMAGE, *OUTPUT, data=PADDED, more="augment: [RandomZoom: {height_factor: 0.1, fill_mode: nearest}]"),
        spec(*IMAGE, *OUTPUT, more="augment: [RandomRotation: {factor: 0.1, fill_mode: reflect}]"),
    ],
    "large-batch": [spec(*IMAGE, *OUTPUT, train="batch_size: 53999")],
    "learning-rate": [
        spec(*IMAGE, *OUTPUT, train=optimizer("Adam: {learning_rate: 0.01}")),
        spec(*IMAGE, *OUTPUT, train=optimizer("Adam: {learning_rate: 2e-6}")),
        spec(*IMAGE, *OUTPUT, train=optimizer("SGD: {learning_rate: 0.5}")),
        spec(*IMAGE, *OUTPUT, train=optimizer("Adadelta: {learning_rate: 1.0}")),
        spec(*IMAGE, *OUTPUT, train="optimizer: Ftrl"),
    ],
    "decay-steps": [
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 8440}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: 33760}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {CosineDecay: {initial_learning_rate: 0.1, decay_steps: total_steps}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(  # counts cycles, not the training
            "SGD: {learning_rate: {PolynomialDecay: {initial_learning_rate: 0.1, decay_steps: 100, cycle: true}}}")),
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {InverseTimeDecay: {initial_learning_rate: 0.1, decay_steps: 1, decay_rate: 1}}}")),
    ],
    "boundary-never-reached": [
        spec(*IMAGE, *OUTPUT, train=optimizer(
            "SGD: {learning_rate: {PiecewiseConstantDecay: {boundaries: [16879], values: [0.1, 0.01]}}}")),
    ],
    "training-metric": [
        spec(*IMAGE, *OUTPUT, train="monitor: val_loss"),
        spec(*IMAGE, *OUTPUT, train="monitor: loss", data="source: mnist, split: {validation: 0}"),
        spec(*IMAGE, *OUTPUT, train=callback("{ReduceLROnPlateau: {monitor: loss, patience: 2}}")),
    ],
    "top-k-of-all": [
        spec(*IMAGE, *OUTPUT, train=one_hot("{TopKCategoricalAccuracy: {k: 9}}")),
        spec(*IMAGE, *OUTPUT, train=one_hot("TopKCategoricalAccuracy")),
        spec(*IMAGE, *OUTPUT, train=one_hot("{Precision: {top_k: 9}}")),
        spec(*IMAGE, *OUTPUT, train=one_hot("TopKCategoricalAccuracy"), data="source: {folder: {path: a}}"),
    ],
    "many-thresholds": [
        spec(*IMAGE, *OUTPUT, train=one_hot("{AUC: {num_thresholds: 99999}}")),
        spec(*IMAGE, *OUTPUT, train=one_hot("AUC")),
    ],
    "patience-too-long": [
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: 9}}")),
        spec(*IMAGE, *OUTPUT, train=callback("TerminateOnNaN")),
    ],
    "no-patience": [spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: 1}}"))],
    "frozen-without-weights": [
        backbone(FROZEN),
        backbone("MobileNetV2: {weights: null}"),
        backbone("MobileNetV2: {weights: null, trainable: false}").replace(
            "model:", "model:\n  weights: {run: runs/mine-001}"),
    ],
    "backbone-scale": [
        backbone(FROZEN),
        spec("Identity", "MobileNetV2: {trainable: false}", "GlobalAveragePooling2D", *OUTPUT,
             data="source: cifar10, image: {size: 96}, scale: [-1, 1]"),
    ],
    "fine-tuning-rate": [
        stages("{epochs: 5, learning_rate: 1e-3}", "{epochs: 5, thaw: ['*_1'], learning_rate: 1e-5}", layer=FROZEN),
        stages("{epochs: 5, freeze: [mobile_net_v2_1]}", "{epochs: 5, learning_rate: 1e-2}", layer="MobileNetV2"),
        backbone("MobileNetV2"),
        backbone(FROZEN, train="epochs: 10"),
        backbone("MobileNetV2: {weights: null}", train="epochs: 10"),
        backbone("MobileNetV2", train="optimizer: {SGD: {learning_rate: 0.001}}"),
        backbone("MobileNetV2: {name: eyes}", train="stages: [{epochs: 1, freeze: [eyes], learning_rate: 1e-3}, "
                                                    "{epochs: 1, thaw: [eyes], learning_rate: 1e-5}]"),
    ],
    "backbone-small-image": [
        backbone(FROZEN),
        backbone(FROZEN, data="source: cifar10, image: {size: 64}"),
    ],
    "stages-nothing-changes": [
        stages("{epochs: 5}", "{epochs: 5, learning_rate: 1e-4}"),
        stages("{epochs: 5, freeze: [conv2d_1]}", "{epochs: 5, thaw: [conv2d_1]}"),
        stages("{epochs: 5}", "{epochs: 5, freeze: [conv2d_1]}"),
        stages("{epochs: 5}"),
        stages(*["{epochs: 5}"] * 2, train="optimizer: {Adam: {learning_rate: {CosineDecay: "  # begins anew
               "{initial_learning_rate: 0.001, decay_steps: total_steps}}}}"),
        stages("{epochs: 5}", "{epochs: 5, thaw: ['mobile_net_v2_1/block_1*']}", layer=FROZEN),
    ],
    "unknown-rule": [spec(*IMAGE, *OUTPUT, more="silence: [even-kernel]")],
}  # fmt: skip
