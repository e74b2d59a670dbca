"""The closed list of names a spec may use, one table for each family.

A name that is not here cannot be built, whatever a spec says: that is what makes a stranger's spec safe to run.
`Lambda` and everything else that runs code, reads files or opens connections is left out on purpose.
"""

from __future__ import annotations

from cnncli.catalog.backbones import BACKBONES
from cnncli.catalog.layer_traits import MERGES

FAMILIES: dict[str, tuple[str, ...]] = {
    "layer": (
        # convolution
        "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "SeparableConv2D",
        # pooling
        "MaxPooling2D", "AveragePooling2D", "GlobalMaxPooling2D", "GlobalAveragePooling2D",
        "AdaptiveMaxPooling2D", "AdaptiveAveragePooling2D",
        # dense
        "Dense",
        # activation
        "Activation", "ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax",
        # normalization
        "BatchNormalization", "LayerNormalization", "GroupNormalization", "RMSNormalization",
        "UnitNormalization", "SpectralNormalization",
        # regularization
        "Dropout", "SpatialDropout2D", "AlphaDropout", "GaussianDropout", "GaussianNoise",
        "ActivityRegularization",
        # shape
        "Flatten", "Reshape", "Permute", "ZeroPadding2D", "Cropping2D", "UpSampling2D", "Identity",
        # several into one
        *MERGES,
        # whole networks without their head
        *BACKBONES,
    ),
    "optimizer": (
        "SGD", "RMSprop", "Adam", "AdamW", "Adadelta", "Adafactor", "Adagrad", "Adamax", "Ftrl", "Lamb", "Lion",
        "Muon", "Nadam", "ScheduleFreeAdamW",
    ),
    "schedule": (
        "CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay", "PiecewiseConstantDecay",
        "PolynomialDecay",
    ),
    "loss": (
        "SparseCategoricalCrossentropy", "CategoricalCrossentropy", "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy", "CategoricalHinge", "BinaryCrossentropy",
        "BinaryFocalCrossentropy", "CosineSimilarity", "Dice", "Hinge", "Huber", "KLDivergence",
        "MeanAbsoluteError", "MeanSquaredError", "SquaredHinge", "Tversky",
    ),
    "metric": (
        "accuracy", "BinaryAccuracy", "CategoricalAccuracy", "SparseCategoricalAccuracy",
        "TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "AUC", "Precision", "Recall",
        "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
        "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "F1Score", "FBetaScore",
        "BinaryCrossentropy", "CategoricalCrossentropy", "SparseCategoricalCrossentropy", "CategoricalHinge",
        "Hinge", "SquaredHinge", "CosineSimilarity", "KLDivergence", "MeanAbsoluteError", "MeanSquaredError",
        "OneHotIoU", "OneHotMeanIoU",
    ),
    "callback": ("EarlyStopping", "ReduceLROnPlateau", "SwapEMAWeights", "TerminateOnNaN"),
    "initializer": (
        "GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform", "Orthogonal",
        "RandomNormal", "RandomUniform", "TruncatedNormal", "VarianceScaling", "Constant", "Identity", "Ones",
        "Zeros",
        # from the training images
        "Whitening",
    ),
    "regularizer": ("L1", "L2", "L1L2", "OrthogonalRegularizer"),
    "constraint": ("MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"),
    "activation": (
        "relu", "relu6", "leaky_relu", "elu", "celu", "selu", "gelu", "silu", "swish", "mish", "hard_silu",
        "hard_swish", "hard_sigmoid", "hard_shrink", "hard_tanh", "soft_shrink", "sigmoid", "log_sigmoid",
        "sparse_sigmoid", "softmax", "log_softmax", "sparsemax", "softplus", "sparse_plus", "softsign",
        "squareplus", "tanh", "tanh_shrink", "exponential", "linear",
    ),
    "augmentation": (
        # geometry
        "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear", "RandomPerspective",
        "ImageDataGenerator",
        # colours
        "RandomBrightness", "RandomContrast", "RandomColorJitter", "RandomHue", "RandomSaturation",
        "RandomColorDegeneration", "RandomGrayscale", "RandomInvert", "RandomPosterization", "Solarization",
        "AutoContrast", "Equalization",
        # details
        "RandomSharpness", "RandomGaussianBlur", "RandomErasing",
        # several at once
        "RandAugment", "AugMix",
        # two images in one
        "MixUp", "CutMix",
    ),
}  # fmt: skip
