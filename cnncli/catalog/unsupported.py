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
_CROPS = f"{_SIZE}; RandomTranslation and RandomZoom choose what they show"
_REPORTED = "every evaluation reports it already, of the test images"

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
        ("Sequential", "Model", "ModuleList"): "a list of layers is a chain already; leave it out",
        ("MultiheadAttention",): "attention is not available; Multiply weighs one result by another",
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
        ("loss", "val_loss", "val_accuracy"): "every epoch reports it already",
        ("balanced_accuracy", "balanced_accuracy_score", "BalancedAccuracy"): _REPORTED,
        ("kappa", "cohen_kappa", "cohen_kappa_score", "CohenKappa"): _REPORTED,
        ("mcc", "MCC", "matthews_corrcoef", "MatthewsCorrCoef", "macro_f1", "f1_macro", "weighted_f1"): _REPORTED,
        ("confusion_matrix", "ConfusionMatrix"): "every run draws one already",
        ("classification_report",): "every run writes one already: report.txt",
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
        ("RandomCrop", "CenterCrop", "RandomResizedCrop", "RandomSizedCrop", "FiveCrop", "TenCrop"): _CROPS,
        ("Resizing", "Resize", "LongestMaxSize", "SmallestMaxSize"): f"{_SIZE}; leave it out",
        ("Rescaling", "Normalization", "Normalize", "ToTensor", "ToTensorV2", "PILToTensor", "ToImage"): _SCALED,
        ("ToDtype", "ConvertImageDtype", "ToFloat"): _SCALED,
        ("Pipeline", "Compose", "Sequential"): "write the names in it one below the other",
        (
            "RandomElasticTransform",
            "ElasticTransform",
        ): "Keras bends a whole batch alike; use RandomPerspective or RandomShear",
        (
            "ContrastLimitedAdaptiveHistogramEqualization",
            "CLAHE",
        ): "it is not available; use Equalization or AutoContrast",
        ("MaxNumBoundingBoxes",): "a classifier has no boxes",
    },
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
    "in_channels": "it is that of the layer above; leave it out",
    "in_features": "it is that of the layer above; leave it out",
    "num_features": "it is that of the layer above; leave it out",
    "inplace": "it makes no difference to the result; leave it out",
    "degrees": "write 'factor', in whole turns: 0.1 is 36 degrees to both sides",
    "betas": "write 'beta_1' and 'beta_2'",
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


_REFUSED = {
    family: {name: reason for names, reason in reasons.items() for name in names}
    for family, reasons in _REASONS.items()
}
_REFUSED["augmentation"] |= {
    # Arguments of ImageDataGenerator that are no augmentations
    **dict.fromkeys(("featurewise_center", "featurewise_std_normalization"), _FEATUREWISE),
    **dict.fromkeys(("samplewise_center", "samplewise_std_normalization"), _SAMPLEWISE),
    **dict.fromkeys(("zca_whitening", "zca_epsilon"), _WHITENING),
    **{name: RENAMED_ARGUMENTS[name] for name in ("rescale", "preprocessing_function", "validation_split")},
}


def refusal(family: str, name: str) -> str:
    """Why a name cannot be used, in a sentence; empty where it can be used or does not exist."""
    return (registration_error(name) if family == "layer" else "") or _REFUSED.get(family, {}).get(name, "")
