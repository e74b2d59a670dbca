"""What Keras has and a spec cannot name, each with the reason and what to write instead."""

from __future__ import annotations

from cnncli.catalog.packages import registration_error

_TWO_AXES = (
    *("Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D"),
    *("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"),
    *("AdaptiveMaxPooling2D", "AdaptiveAveragePooling2D"),
    *("SpatialDropout2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D"),
)
_OTHER_AXES = {
    (name.replace("2D", axes),): f"it is for {inputs}, and images are two-dimensional; use {name}"
    for axes, inputs in (("1D", "sequences"), ("3D", "volumes"))
    for name in _TWO_AXES
}
_RUNS_CODE = "it runs code, and a spec must be safe to run"
_RECURRENT = "it is a recurrent layer, for sequences, and cnncli trains image classifiers"
_SEQUENCES = "it is for sequences, and cnncli trains image classifiers"
_QUANTITIES = "it is for predicting quantities, and a classifier gives probabilities; use accuracy"
_SCALED = "pixels are scaled by 'data.scale' or 'data.standardize'; leave it out"
_SIZE = "images keep the size of 'data.image.size'"

_REASONS: dict[str, dict[tuple[str, ...], str]] = {
    "layer": _OTHER_AXES
    | {
        ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"): _RECURRENT,
        ("Bidirectional", "TimeDistributed", "RepeatVector"): _SEQUENCES,
        ("EinsumDense",): "it is for sequences; use Dense",
        ("Lambda", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"): _RUNS_CODE,
        ("Input", "InputLayer"): "the input shape is taken from the data; leave it out",
        ("Rescaling", "Normalization"): _SCALED,
        ("Resizing",): f"{_SIZE}; leave it out",
        ("Embedding",): "it takes words, not images",
        ("Attention", "MultiHeadAttention"): "attention is not available; Multiply weighs one result by another",
        ("Dot",): "it compares pairs of vectors, and a classifier has one image at a time; use Multiply",
    },
    "optimizer": {
        ("LossScaleOptimizer",): "it is added by 'train.precision: mixed_float16'",
        ("MultiOptimizer", "OptimizerMap"): "one optimizer trains the whole model",
    },
    "loss": {
        ("LogCosh", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson"): (
            "it is for predicting quantities, and a classifier gives probabilities; use a crossentropy"
        ),
        ("CTC",): "it is for sequences of labels, not for one label an image",
        ("Circle",): "it compares embeddings with one another, a classifier gives probabilities",
    },
    "metric": {
        ("LogCoshError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"): _QUANTITIES,
        ("PearsonCorrelation", "Poisson", "R2Score", "RootMeanSquaredError"): _QUANTITIES,
        ("Accuracy",): "it compares class numbers, a classifier gives probabilities; use accuracy",
        ("IoU",): "it compares class numbers, a classifier gives probabilities; use OneHotIoU",
        ("MeanIoU",): "it compares class numbers, a classifier gives probabilities; use OneHotMeanIoU",
        ("BinaryIoU",): "it is for masks of pixels",
        ("MeanMetricWrapper",): _RUNS_CODE,
    },
    "callback": {
        ("ModelCheckpoint", "BackupAndRestore", "OrbaxCheckpoint"): (
            "every run keeps its best and its last weights already"
        ),
        ("CSVLogger", "History"): "every run writes history.csv already",
        ("ProgbarLogger",): "progress is shown already",
        ("LearningRateScheduler",): "it runs code; give the optimizer a schedule: 'learning_rate: {CosineDecay: …}'",
        ("LambdaCallback",): _RUNS_CODE,
        ("RemoteMonitor",): "it sends data over the network",
        ("TensorBoard",): "it is a tracker: write 'track: [TensorBoard]' at the top level",
    },
    "initializer": {("STFT",): "it is for sound"},
    "activation": {("glu",): "it halves the channels, and Keras' layers count on all of them"},
    "augmentation": {
        ("RandomCrop", "CenterCrop", "Resizing"): f"{_SIZE}; RandomTranslation and RandomZoom choose what they show",
        ("Rescaling", "Normalization"): _SCALED,
        ("Pipeline",): "write the names in it one below the other",
        ("RandomElasticTransform",): "Keras bends a whole batch alike; use RandomPerspective or RandomShear",
        ("ContrastLimitedAdaptiveHistogramEqualization",): "it is not available; use Equalization or AutoContrast",
        ("MaxNumBoundingBoxes",): "a classifier has no boxes",
    },
}

_REFUSED = {
    family: {name: reason for names, reason in reasons.items() for name in names}
    for family, reasons in _REASONS.items()
}

_FEATUREWISE = "set 'data.standardize: featurewise', which prediction then uses as well"
_SAMPLEWISE = "set 'data.standardize: samplewise', which prediction then uses as well"
_WHITENING = "whitening is not available; 'data.standardize: featurewise' is the nearest"

RENAMED_ARGUMENTS: dict[str, str] = {
    # Arguments that people know from tutorials and older Keras, and what to write instead.
    "input_shape": "the input shape is taken from the data; leave it out",
    "input_dim": "the input shape is taken from the data; leave it out",
    "include_top": "a backbone comes without its head; write GlobalAveragePooling2D and Dense below it",
    "include_preprocessing": "a backbone that takes the image gets pixels scaled as it expects; leave it out",
    "classifier_activation": "write 'Dense: {units: classes, activation: softmax}' below it",
    "lr": "it is called 'learning_rate'",
    "decay": "write 'learning_rate: {InverseTimeDecay: …}'",
    "label_smoothing": "it takes one-hot labels: 'loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}'",
    "seed": "everything random follows from the 'seed' of the spec; leave it out",
    "value_range": "pixels are 0 to 255 here, 'data.scale' comes later; leave it out",
    "data_format": "images have their channels last throughout; leave it out",
    "dtype": "'train.precision' sets the number format; leave it out",
    "bounding_box_format": "a classifier has no boxes; leave it out",
    "featurewise_center": _FEATUREWISE,
    "featurewise_std_normalization": _FEATUREWISE,
    "samplewise_center": _SAMPLEWISE,
    "samplewise_std_normalization": _SAMPLEWISE,
    "zca_whitening": _WHITENING,
    "zca_epsilon": _WHITENING,
    "rescale": "set 'data.scale: [0, 1]', which prediction then uses as well",
    "preprocessing_function": _RUNS_CODE,
    "validation_split": "set 'data.split: {validation: 0.1}'",
}


def refusal(family: str, name: str) -> str:
    """Why a name cannot be used, in a sentence; empty where it can be used or does not exist."""
    return (registration_error(name) if family == "layer" else "") or _REFUSED.get(family, {}).get(name, "")
