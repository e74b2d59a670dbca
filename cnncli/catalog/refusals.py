"""What Keras has and a spec cannot name, each with the reason and what to write instead."""

from __future__ import annotations

from cnncli.catalog.augmentations import REFUSED_AUGMENTATIONS

REFUSED: dict[str, dict[str, str]] = {
    # Names of Keras that people will try, with the reason why they are not to be had.
    "layer": {
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
        "Attention": "it takes several inputs; a list of layers has one",
        "MultiHeadAttention": "it takes several inputs; a list of layers has one",
        "Add": "it takes several inputs; a list of layers has one",
        "Average": "it takes several inputs; a list of layers has one",
        "Concatenate": "it takes several inputs; a list of layers has one",
        "Maximum": "it takes several inputs; a list of layers has one",
        "Minimum": "it takes several inputs; a list of layers has one",
        "Multiply": "it takes several inputs; a list of layers has one",
        "Subtract": "it takes several inputs; a list of layers has one",
        "Dot": "it takes several inputs; a list of layers has one",
    },
    "optimizer": {
        "LossScaleOptimizer": "it is added by 'train.precision: mixed_float16'",
        "MultiOptimizer": "one optimizer trains the whole model",
        "OptimizerMap": "one optimizer trains the whole model",
    },
    "loss": {"CTC": "it is for sequences of labels, not for one label an image"},
    "metric": {
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
    "activation": {"glu": "it halves the channels, and Keras' layers reckon with all of them"},
    "augmentation": REFUSED_AUGMENTATIONS,
}

ELSEWHERE: dict[str, str] = {
    # Arguments that people know from tutorials and older Keras, and how the thing is said here.
    "input_shape": "the input shape is taken from the data; leave it out",
    "input_dim": "the input shape is taken from the data; leave it out",
    "lr": "it is called 'learning_rate'",
    "decay": "say 'learning_rate: {InverseTimeDecay: …}'",
    "label_smoothing": "it takes one-hot labels: 'loss: {CategoricalCrossentropy: {label_smoothing: 0.1}}'",
}
