"""For every lint rule specs that it warns of, with a mark where it must point, and near ones that it lets pass."""

MARK = "▸"

IMAGE = ["Conv2D: {filters: 8, kernel_size: 3, padding: same, activation: relu}", "GlobalAveragePooling2D"]
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


def callback(text):
    return f"epochs: 10, callbacks: [{text}]"


def optimizer(text):
    return f"epochs: 10, optimizer: {{{text}}}"


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
    ],
    "sigmoid-output": [spec(*IMAGE, "▸Dense: {units: classes, activation: sigmoid}")],
    "relu-output": [
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
    ],
    "even-kernel": [
        spec("Conv2D: {filters: 8, kernel_size: ▸2, padding: same, activation: relu}", "Flatten", *OUTPUT),
        spec("DepthwiseConv2D: {kernel_size: ▸[3, 4], padding: same, activation: relu}", "Flatten", *OUTPUT),
    ],
    "strides-skip-pixels": [
        spec("Conv2D: {filters: 8, kernel_size: 3, strides: ▸4, activation: relu}", "Flatten", *OUTPUT),
        spec("MaxPooling2D: {pool_size: 2, strides: ▸[2, 3]}", "Flatten", *OUTPUT),
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
    "validation-is-test": [spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: ▸test}")],
    "large-pixels": [spec(*IMAGE, *OUTPUT, data="source: mnist, scale: ▸[0, 255]")],
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
    "patience-too-long": [
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: ▸10}}")),
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: ▸5, start_from_epoch: 5}}")),
        spec(*IMAGE, *OUTPUT, train=callback("▸ReduceLROnPlateau")),  # Keras' own patience is 10
    ],
    "no-patience": [spec(*IMAGE, *OUTPUT, train=callback("▸EarlyStopping"))],
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
    ],
    "sigmoid-output": [spec(*IMAGE, "Dense: {units: classes, activation: sigmoid}", train="loss: BinaryCrossentropy")],
    "relu-output": [spec(*IMAGE, "Dense: {units: 64}", "ReLU", *OUTPUT)],
    "after-softmax": [spec(*IMAGE, "BatchNormalization", *OUTPUT, "Identity")],
    "binary-loss": [spec(*IMAGE, *OUTPUT, train="loss: CategoricalCrossentropy")],
    "units-not-classes": [spec(*IMAGE, "Dense: {units: 10, activation: softmax}")],
    "pool-does-not-divide": [
        spec("Conv2D: {filters: 8, kernel_size: 5, activation: relu}", "MaxPooling2D", "Flatten", *OUTPUT),
        spec("AveragePooling2D: {pool_size: 3, padding: same}", "Flatten", *OUTPUT),
        spec("MaxPooling2D: {pool_size: 3, strides: 2}", "Flatten", *OUTPUT),
    ],
    "even-kernel": [
        spec("Conv2D: {filters: 8, kernel_size: 2, activation: relu}", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 4, strides: 2, padding: same, activation: relu}", "Flatten", *OUTPUT),
    ],
    "strides-skip-pixels": [
        spec("Conv2D: {filters: 8, kernel_size: 2, strides: 2, activation: relu}", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 1, strides: 2, activation: relu}", "Flatten", *OUTPUT),
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
    "hidden-sigmoid": [spec(*IMAGE, "Dense: {units: 64, activation: hard_sigmoid}", *OUTPUT)],
    "bias-before-normalization": [
        spec("Conv2D: {filters: 8, kernel_size: 3, use_bias: false}", "BatchNormalization", "ReLU", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3, activation: relu}", "BatchNormalization", "Flatten", *OUTPUT),
        spec("Conv2D: {filters: 8, kernel_size: 3}", "ReLU", "BatchNormalization", "Flatten", *OUTPUT),
    ],
    "dropout-before-normalization": [spec(*IMAGE, "BatchNormalization", "Dropout: {rate: 0.5}", *OUTPUT)],
    "dropout-rate": [spec(*IMAGE, "Dropout: {rate: 0.75}", *OUTPUT)],
    "single-unit": [spec(*IMAGE, "Dense: {units: 2, activation: relu}", *OUTPUT)],
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
    "validation-is-test": [spec(*IMAGE, *OUTPUT, data="source: mnist, split: {validation: 10000}")],
    "large-pixels": [
        spec(*IMAGE, *OUTPUT, data="source: mnist, scale: [-1, 1]"),
        spec("BatchNormalization", *IMAGE, *OUTPUT, data="source: mnist, scale: [0, 255]"),
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
    "patience-too-long": [
        spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: 9}}")),
        spec(*IMAGE, *OUTPUT, train=callback("TerminateOnNaN")),
    ],
    "no-patience": [spec(*IMAGE, *OUTPUT, train=callback("{EarlyStopping: {patience: 1}}"))],
    "unknown-rule": [spec(*IMAGE, *OUTPUT, more="silence: [even-kernel]")],
}  # fmt: skip
