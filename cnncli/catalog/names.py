"""The closed list of names a spec may use, one table for each family.

A name that is not here cannot be built, whatever a spec says: that is what makes a stranger's spec safe to run.
`Lambda` and everything else that runs code, reads files or opens connections is left out on purpose.
"""

from __future__ import annotations

from cnncli.catalog.augmentations import AUGMENTATIONS
from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.packages import fault, own_layer, own_names

MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract")
"""Layers that make one result of several."""

FAMILIES: dict[str, tuple[str, ...]] = {
    "layer": (
        # convolution
        "Conv2D",
        "Conv2DTranspose",
        "DepthwiseConv2D",
        "SeparableConv2D",
        "Conv1D",
        "Conv1DTranspose",
        "DepthwiseConv1D",
        "SeparableConv1D",
        "Conv3D",
        "Conv3DTranspose",
        # pooling
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalMaxPooling2D",
        "GlobalAveragePooling2D",
        "AdaptiveMaxPooling2D",
        "AdaptiveAveragePooling2D",
        "MaxPooling1D",
        "AveragePooling1D",
        "GlobalMaxPooling1D",
        "GlobalAveragePooling1D",
        "AdaptiveMaxPooling1D",
        "AdaptiveAveragePooling1D",
        "MaxPooling3D",
        "AveragePooling3D",
        "GlobalMaxPooling3D",
        "GlobalAveragePooling3D",
        "AdaptiveMaxPooling3D",
        "AdaptiveAveragePooling3D",
        # dense
        "Dense",
        "EinsumDense",
        # activation
        "Activation",
        "ReLU",
        "LeakyReLU",
        "PReLU",
        "ELU",
        "Softmax",
        # normalization
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "SpectralNormalization",
        # regularization
        "Dropout",
        "SpatialDropout2D",
        "SpatialDropout1D",
        "SpatialDropout3D",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "ActivityRegularization",
        # shape
        "Flatten",
        "Reshape",
        "Permute",
        "RepeatVector",
        "ZeroPadding2D",
        "Cropping2D",
        "UpSampling2D",
        "ZeroPadding1D",
        "Cropping1D",
        "UpSampling1D",
        "ZeroPadding3D",
        "Cropping3D",
        "UpSampling3D",
        "Identity",
        # several into one
        *MERGES,
        # an image read row by row
        "LSTM",
        "GRU",
        "SimpleRNN",
        "ConvLSTM1D",
        "Bidirectional",
        "TimeDistributed",
        # whole networks without their head
        *BACKBONES,
    ),
    "optimizer": (
        "SGD",
        "RMSprop",
        "Adam",
        "AdamW",
        "Adadelta",
        "Adafactor",
        "Adagrad",
        "Adamax",
        "Ftrl",
        "Lamb",
        "Lion",
        "Muon",
        "Nadam",
        "ScheduleFreeAdamW",
    ),
    "schedule": (
        "CosineDecay",
        "CosineDecayRestarts",
        "ExponentialDecay",
        "InverseTimeDecay",
        "PiecewiseConstantDecay",
        "PolynomialDecay",
    ),
    "loss": (
        "SparseCategoricalCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy",
        "CategoricalHinge",
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "CosineSimilarity",
        "Dice",
        "Hinge",
        "Huber",
        "KLDivergence",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
        "SquaredHinge",
        "Tversky",
    ),
    "metric": (
        "accuracy",
        "Accuracy",
        "BinaryAccuracy",
        "CategoricalAccuracy",
        "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy",
        "SparseTopKCategoricalAccuracy",
        "AUC",
        "Precision",
        "Recall",
        "PrecisionAtRecall",
        "RecallAtPrecision",
        "SensitivityAtSpecificity",
        "SpecificityAtSensitivity",
        "TruePositives",
        "TrueNegatives",
        "FalsePositives",
        "FalseNegatives",
        "F1Score",
        "FBetaScore",
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "SparseCategoricalCrossentropy",
        "CategoricalHinge",
        "Hinge",
        "SquaredHinge",
        "CosineSimilarity",
        "KLDivergence",
        "LogCoshError",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "OneHotIoU",
        "OneHotMeanIoU",
        "PearsonCorrelation",
        "Poisson",
        "R2Score",
        "RootMeanSquaredError",
    ),
    "callback": (
        "EarlyStopping",
        "ReduceLROnPlateau",
        "SwapEMAWeights",
        "TerminateOnNaN",
    ),
    "initializer": (
        "GlorotNormal",
        "GlorotUniform",
        "HeNormal",
        "HeUniform",
        "LecunNormal",
        "LecunUniform",
        "Orthogonal",
        "RandomNormal",
        "RandomUniform",
        "TruncatedNormal",
        "VarianceScaling",
        "Constant",
        "Identity",
        "Ones",
        "Zeros",
    ),
    "regularizer": ("L1", "L2", "L1L2", "OrthogonalRegularizer"),
    "constraint": ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"),
    "activation": (
        "relu",
        "relu6",
        "leaky_relu",
        "elu",
        "celu",
        "selu",
        "gelu",
        "silu",
        "swish",
        "mish",
        "hard_silu",
        "hard_swish",
        "hard_sigmoid",
        "hard_shrink",
        "hard_tanh",
        "soft_shrink",
        "sigmoid",
        "log_sigmoid",
        "sparse_sigmoid",
        "softmax",
        "log_softmax",
        "sparsemax",
        "softplus",
        "sparse_plus",
        "softsign",
        "squareplus",
        "tanh",
        "tanh_shrink",
        "threshold",
        "exponential",
        "linear",
    ),
    "augmentation": AUGMENTATIONS,
}

ALIASES: dict[str, dict[str, str]] = {
    # Keras' own second names, and the short words it takes as strings where they differ from the class name by more
    # than capitals and underscores (`adam` and `he_normal` need no line here).
    "layer": {
        "Convolution2D": "Conv2D",
        "Convolution2DTranspose": "Conv2DTranspose",
        "MaxPool2D": "MaxPooling2D",
        "AvgPool2D": "AveragePooling2D",
        "GlobalMaxPool2D": "GlobalMaxPooling2D",
        "GlobalAvgPool2D": "GlobalAveragePooling2D",
        "SeparableConvolution2D": "SeparableConv2D",
        "Convolution1D": "Conv1D",
        "Convolution1DTranspose": "Conv1DTranspose",
        "MaxPool1D": "MaxPooling1D",
        "AvgPool1D": "AveragePooling1D",
        "GlobalMaxPool1D": "GlobalMaxPooling1D",
        "GlobalAvgPool1D": "GlobalAveragePooling1D",
        "SeparableConvolution1D": "SeparableConv1D",
        "Convolution3D": "Conv3D",
        "Convolution3DTranspose": "Conv3DTranspose",
        "MaxPool3D": "MaxPooling3D",
        "AvgPool3D": "AveragePooling3D",
        "GlobalMaxPool3D": "GlobalMaxPooling3D",
        "GlobalAvgPool3D": "GlobalAveragePooling3D",
    },
    "loss": {"mse": "MeanSquaredError", "mae": "MeanAbsoluteError", "mape": "MeanAbsolutePercentageError",
             "msle": "MeanSquaredLogarithmicError", "kld": "KLDivergence"},
    "metric": {"acc": "accuracy", "mse": "MeanSquaredError", "mae": "MeanAbsoluteError",
               "mape": "MeanAbsolutePercentageError", "msle": "MeanSquaredLogarithmicError"},
    "initializer": {"uniform": "RandomUniform", "normal": "RandomNormal", "one": "Ones", "zero": "Zeros"},
}  # fmt: skip

WORDS: dict[str, str] = {
    # what each family is called in a sentence
    "layer": "layer",
    "optimizer": "optimizer",
    "schedule": "learning-rate schedule",
    "loss": "loss",
    "metric": "metric",
    "callback": "callback",
    "initializer": "initializer",
    "regularizer": "regularizer",
    "constraint": "constraint",
    "activation": "activation",
    "augmentation": "augmentation",
}


def _plain(word: str) -> str:
    return word.replace("_", "").lower()


def resolve(family: str, word: str) -> str | None:
    """The catalogue's name for a word of the spec, or None when it has none.

    Layers go by their exact class names. Everything else may also be written as the string Keras takes for it:
    `adam` for `Adam`, `he_normal` for `HeNormal`.
    """
    if family == "layer" and fault(word):
        return None
    names = FAMILIES[family]
    if word in names or (family == "layer" and own_layer(word)):
        return word
    alias = ALIASES.get(family, {}).get(word)
    if alias or family in ("layer", "activation", "augmentation"):
        return alias
    return next((name for name in names if _plain(name) == _plain(word) and word == word.lower()), None)


def members(family: str) -> tuple[str, ...]:
    """The names of a family; those of the layers that installed packages add come last."""
    return (*FAMILIES[family], *own_names()) if family == "layer" else FAMILIES[family]


def spellings(family: str) -> list[str]:
    """Every way of naming a member of the family, for finding the nearest word."""
    return [*members(family), *ALIASES.get(family, {})]
