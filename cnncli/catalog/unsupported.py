"""What Keras has and a spec cannot name, each with the reason and what to write instead."""

from __future__ import annotations

from cnncli.catalog.augmentations import REFUSED_AUGMENTATIONS
from cnncli.catalog.packages import registration_error

_AXES = {"1D": "sequences", "3D": "volumes"}
_TWO_AXES = (
    *("Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D"),
    *("MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"),
    *("AdaptiveMaxPooling2D", "AdaptiveAveragePooling2D"),
    *("SpatialDropout2D", "ZeroPadding2D", "Cropping2D", "UpSampling2D"),
)
_OTHER_AXES = {
    name.replace("2D", axes): f"it is for {inputs}, and images are two-dimensional; use {name}"
    for axes, inputs in _AXES.items()
    for name in _TWO_AXES
}
_RECURRENT = "it is a recurrent layer, for sequences, and cnncli trains image classifiers"
_WRAPPER = "it applies a layer to each step of a sequence, and cnncli trains image classifiers"
_REGRESSION = "it is for predicting quantities, and a classifier gives probabilities; use a crossentropy"
_OF_REGRESSION = "it is for predicting quantities, and a classifier gives probabilities; use accuracy"

REFUSED: dict[str, dict[str, str]] = {
    # Names of Keras that people will try, with the reason why a spec cannot use them.
    "layer": {
        **_OTHER_AXES,
        **dict.fromkeys(("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"), _RECURRENT),
        **dict.fromkeys(("Bidirectional", "TimeDistributed"), _WRAPPER),
        "RepeatVector": "it makes a sequence of a vector, and cnncli trains image classifiers",
        "EinsumDense": "it is for sequences; use Dense",
        "Lambda": "it runs code, and a spec must be safe to run",
        "TFSMLayer": "it loads a model from a file, and a spec must be safe to run",
        "TorchModuleWrapper": "it runs code, and a spec must be safe to run",
        "JaxLayer": "it runs code, and a spec must be safe to run",
        "FlaxLayer": "it runs code, and a spec must be safe to run",
        "Input": "the input shape is taken from the data; leave it out",
        "InputLayer": "the input shape is taken from the data; leave it out",
        "Rescaling": "pixels are scaled by 'data.scale'; leave it out",
        "Normalization": "pixels are scaled by 'data.scale'; leave it out",
        "Resizing": "images come in the size that the data has; leave it out",
        "Embedding": "it takes words, not images",
        "Attention": "attention is not available; Multiply weighs one result by another",
        "MultiHeadAttention": "attention is not available; Multiply weighs one result by another",
        "Dot": "it compares pairs of vectors, and a classifier has one image at a time; use Multiply",
    },
    "optimizer": {
        "LossScaleOptimizer": "it is added by 'train.precision: mixed_float16'",
        "MultiOptimizer": "one optimizer trains the whole model",
        "OptimizerMap": "one optimizer trains the whole model",
    },
    "loss": {
        **dict.fromkeys(
            ("LogCosh", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError", "Poisson"), _REGRESSION
        ),
        "CTC": "it is for sequences of labels, not for one label an image",
        "Circle": "it compares embeddings with one another, a classifier gives probabilities",
    },
    "metric": {
        **dict.fromkeys(("LogCoshError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError"), _OF_REGRESSION),
        **dict.fromkeys(("PearsonCorrelation", "Poisson", "R2Score", "RootMeanSquaredError"), _OF_REGRESSION),
        "Accuracy": "it compares class numbers, a classifier gives probabilities; use accuracy",
        "IoU": "it compares class numbers, a classifier gives probabilities; use OneHotIoU",
        "MeanIoU": "it compares class numbers, a classifier gives probabilities; use OneHotMeanIoU",
        "BinaryIoU": "it is for masks of pixels",
        "MeanMetricWrapper": "it runs code, and a spec must be safe to run",
    },
    "callback": {
        "ModelCheckpoint": "every run keeps its best and its last weights already",
        "BackupAndRestore": "every run keeps its best and its last weights already",
        "OrbaxCheckpoint": "every run keeps its best and its last weights already",
        "CSVLogger": "every run writes history.csv already",
        "History": "every run writes history.csv already",
        "ProgbarLogger": "progress is shown already",
        "LearningRateScheduler": "it runs code; give the optimizer a schedule: 'learning_rate: {CosineDecay: …}'",
        "LambdaCallback": "it runs code, and a spec must be safe to run",
        "RemoteMonitor": "it sends data over the network",
        "TensorBoard": "it writes outside the run folder; history.csv and plots/history.png hold the curves",
    },
    "initializer": {"STFT": "it is for sound"},
    "activation": {"glu": "it halves the channels, and Keras' layers count on all of them"},
    "augmentation": REFUSED_AUGMENTATIONS,
}

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
}


def refusal(family: str, name: str) -> str:
    """Why a name cannot be used, in a sentence; empty where it can be used or does not exist."""
    return (registration_error(name) if family == "layer" else "") or REFUSED.get(family, {}).get(name, "")
