"""What PyTorch, torchvision, scikit-learn and tutorials call the members of the catalogue.

A spec cannot use these names; the message about one tells what it is called here. Names that are spelt nearly so
(`Conv2d`, `RMSProp`) need no line.
"""

from __future__ import annotations

from cnncli.catalog.image_data_generator import GENERATOR

_MEANT: dict[str, dict[str, tuple[str, ...]]] = {
    # Each name here, or how it is written with an argument, and what others call it, without capitals, '_', '-' and ' '
    "layer": {
        "Dense": ("linear", "lazylinear", "fc", "fullyconnected", "mlp"),
        "Conv2D": ("conv", "lazyconv2d", "convolution", "convolutional"),
        "Conv2DTranspose": ("convtranspose", "convtranspose2d", "deconv", "deconv2d", "deconvolution"),
        "MaxPooling2D": ("pool", "pooling"),
        "GlobalAveragePooling2D": ("gap", "globalpool", "globalpooling"),
        "GlobalMaxPooling2D": ("gmp", "adaptivemaxpool"),
        "AdaptiveAveragePooling2D": ("adaptiveavgpool", "adaptiveavgpool2d"),
        "AdaptiveMaxPooling2D": ("adaptivemaxpool2d",),
        "BatchNormalization": ("bn", "batchnorm", "batchnorm1d", "batchnorm2d", "norm", "syncbatchnorm"),
        "LayerNormalization": ("ln", "layernorm"),
        "GroupNormalization": ("gn", "groupnorm"),
        "GroupNormalization: {groups: -1}": ("instancenorm", "instancenorm2d", "instancenormalization"),
        "RMSNormalization": ("rmsnorm",),
        "SpatialDropout2D": ("dropout2d",),
        "UpSampling2D": ("upsample", "upsamplingnearest2d", "upsamplingbilinear2d"),
        "ZeroPadding2D": ("zeropad2d", "constantpad2d", "pad", "padding"),
        "Concatenate": ("concat", "cat", "merge"),
        "Reshape": ("unflatten", "view"),
        "Activation: {activation: relu6}": ("relu6",),
        "Activation: {activation: selu}": ("selu",),
        "Activation: {activation: gelu}": ("gelu",),
        "Activation: {activation: silu}": ("silu", "swish"),
        "Activation: {activation: mish}": ("mish",),
        "Activation: {activation: tanh}": ("tanh",),
        "Activation: {activation: sigmoid}": ("sigmoid",),
        "Activation: {activation: hard_silu}": ("hardswish", "hardsilu"),
        "Activation: {activation: hard_sigmoid}": ("hardsigmoid",),
        "Activation: {activation: softplus}": ("softplus",),
        "Activation: {activation: log_softmax}": ("logsoftmax",),
    },
    "activation": {"relu": ("rectifier",), "linear": ("none", "identity"), "sigmoid": ("logistic",)},
    "optimizer": {"SGD": ("momentum", "sgdm", "nesterov")},
    "schedule": {
        "CosineDecay": ("cosineannealing", "cosineannealinglr", "cosine", "onecycle", "onecyclelr"),
        "CosineDecayRestarts": ("cosineannealingwarmrestarts", "sgdr"),
        "PiecewiseConstantDecay": ("step", "steplr", "stepdecay", "multisteplr", "multistep"),
        "ExponentialDecay": ("exponentiallr",),
        "PolynomialDecay": ("linearlr", "lineardecay", "polynomiallr", "poly"),
    },
    "loss": {
        "CategoricalCrossentropy": (
            *("crossentropy", "crossentropyloss", "nllloss", "nll", "logloss", "softmaxcrossentropy"),
            "softmaxcrossentropywithlogits",
        ),
        "BinaryCrossentropy": ("bce", "bceloss", "bcewithlogits", "bcewithlogitsloss"),
        "CategoricalFocalCrossentropy": ("focal", "focalloss"),
        "MeanSquaredError": ("mseloss", "l2", "l2loss"),
        "MeanAbsoluteError": ("l1", "l1loss"),
        "Huber": ("smoothl1", "smoothl1loss"),
        "CategoricalHinge": ("multimarginloss",),
        "Dice": ("diceloss",),
        "KLDivergence": ("kldivloss", "kl"),
    },
    "metric": {
        "accuracy": ("accuracyscore", "top1", "top1accuracy", "errorrate"),
        "F1Score": ("f1", "fscore", "fmeasure", "multiclassf1score"),
        "FBetaScore": ("fbeta",),
        "Precision": ("precisionscore", "ppv"),
        "Recall": ("recallscore", "sensitivity", "tpr"),
        "AUC": ("rocauc", "rocaucscore", "auroc", "roc"),
        "AUC: {curve: PR}": ("prauc", "averageprecision", "averageprecisionscore", "auprc"),
        "TopKCategoricalAccuracy": (
            *("top5", "top5accuracy", "topk", "topkaccuracy", "topkaccuracyscore", "topkcategorical"),
        ),
        "TopKCategoricalAccuracy: {k: 3}": ("top3", "top3accuracy"),
        "CategoricalCrossentropy": ("logloss", "crossentropy"),
        "OneHotMeanIoU: {num_classes: classes}": ("jaccard", "jaccardscore", "jaccardindex"),
    },
    "callback": {"EarlyStopping": ("earlystop", "stopearly"), "TerminateOnNaN": ("nan",)},
    "initializer": {
        "HeNormal": ("kaimingnormal", "kaiming", "he", "msra"),
        "HeUniform": ("kaiminguniform",),
        "GlorotNormal": ("xaviernormal",),
        "GlorotUniform": ("xavieruniform", "xavier", "glorot"),
        "TruncatedNormal": ("truncnormal",),
    },
    "regularizer": {"L2": ("weightdecay", "ridge"), "L1": ("lasso",), "L1L2": ("elasticnet",)},
    "augmentation": {
        "RandomFlip": ("flip",),
        "RandomFlip: {mode: horizontal}": ("randomhorizontalflip", "horizontalflip", "hflip", "fliplr"),
        "RandomFlip: {mode: vertical}": ("randomverticalflip", "verticalflip", "vflip", "flipud"),
        "RandomRotation": ("rotate", "rotation", "saferotate"),
        "RandomTranslation": ("translate", "translation", "shift", "randomshift"),
        "RandomZoom": ("zoom", "randomscale"),
        "RandomPerspective": ("perspective",),
        "ImageDataGenerator": ("randomaffine", "affine", "shiftscalerotate"),
        "RandomColorJitter": ("colorjitter", "jitter"),
        "RandomBrightness": ("brightness", "randombrightnesscontrast"),
        "RandomContrast": ("contrast",),
        "RandomHue": ("hue", "huesaturationvalue"),
        "RandomGrayscale": ("grayscale", "togray", "greyscale", "randomgreyscale"),
        "RandomInvert": ("invert", "invertimg"),
        "RandomPosterization": ("randomposterize", "posterize"),
        "Solarization": ("randomsolarize", "solarize"),
        "AutoContrast": ("randomautocontrast",),
        "Equalization": ("randomequalize", "equalize"),
        "RandomSharpness": ("randomadjustsharpness", "sharpen"),
        "RandomGaussianBlur": ("gaussianblur", "blur", "randomblur"),
        "RandomErasing": ("cutout", "randomcutout", "coarsedropout", "erasing"),
        "RandAugment": ("autoaugment", "trivialaugment", "trivialaugmentwide"),
    },
}  # fmt: skip

_HERE = {
    family: {other: here for here, others in meant.items() for other in others} for family, meant in _MEANT.items()
}

ARGUMENTS: dict[str, str] = {
    "out_channels": "filters",
    "out_features": "units",
    "hidden_units": "units",
    "kernel": "kernel_size",
    "stride": "strides",
    "dilation": "dilation_rate",
    "bias": "use_bias",
    "p": "rate",
    "prob": "rate",
    "drop_rate": "rate",
    "eps": "epsilon",
    "num_groups": "groups",
    "T_max": "decay_steps",
    "milestones": "boundaries",
}
"""What others call an argument, and its name here, for the classes that have it."""


def name_here(family: str, word: str) -> str:
    """The name that the catalogue has for another library's, perhaps with an argument; empty when there is none."""
    if family == "augmentation" and word in GENERATOR:
        return f"ImageDataGenerator: {{{word}: …}}"
    return _HERE.get(family, {}).get(word.replace("_", "").replace("-", "").replace(" ", "").lower(), "")
