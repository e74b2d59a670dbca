"""The networks of `keras.applications` without their heads, and what is known of them without Keras.

Source:
    Keras' own code (`keras.applications`), measured: the tests build networks of it and compare.
"""

from __future__ import annotations

from dataclasses import dataclass

_HALF, _HALF_UP = (2, 2), (1, 2)
_VALID, _STEP = (3, 1), (3, 2)

_FIVE_UP = (_HALF_UP,) * 5
_FIVE_DOWN = (_HALF,) * 5
_MOBILENET = (_HALF_UP, *(_HALF,) * 4)
_DENSENET = (_HALF_UP, _HALF_UP, *(_HALF,) * 3)
_CONVNEXT = ((4, 4), *(_HALF,) * 3)
_INCEPTION = (_STEP, _VALID, _STEP, _VALID, _STEP, _STEP, _STEP)
_XCEPTION = (_STEP, _VALID, *(_HALF_UP,) * 4)
_NASNET = (_STEP, *(_HALF_UP,) * 4)


@dataclass(frozen=True)
class Backbone:
    """One network.

    Args:
        words: What it is, and who made it.
        parameters: Number of parameters without the head, at its default arguments.
        channels: Channels of its output, at its default arguments.
        windows: Window and stride of each layer that makes the image smaller.
        pixels: Scaling of its input: `tf` from -1 to 1, `torch` by mean and deviation of ImageNet, `caffe` blue first
            and less the mean; empty for 0 to 255, which it scales itself.
        size: Height and width of the images that its ImageNet weights were trained on.
        smallest: Least height and width of its input.
    """

    words: str
    parameters: int
    channels: int
    windows: tuple[tuple[int, int], ...]
    pixels: str = ""
    size: int = 224
    smallest: int = 32


_CONVNEXT_WORDS = "ConvNeXt: residual blocks of large depthwise kernels (Liu et al., 2022)"
_DENSENET_WORDS = "DenseNet: each layer takes the outputs of all earlier ones in its block (Huang et al., 2017)"
_EFFICIENT_WORDS = "EfficientNet: depth, width and image size scaled together (Tan and Le, 2019)"
_EFFICIENT_2_WORDS = "EfficientNetV2: EfficientNet made faster to train (Tan and Le, 2021)"
_NASNET_WORDS = "NASNet: cells found by a search (Zoph et al., 2018)"
_RESNET_WORDS = "ResNet: blocks that add to their input (He et al., 2015)"
_RESNET_2_WORDS = "ResNetV2: ResNet with normalisation before each convolution (He et al., 2016)"
_VGG_WORDS = "VGG: stacks of 3×3 convolutions, and many parameters (Simonyan and Zisserman, 2014)"
_MOBILE_3_WORDS = "MobileNetV3: small and fast, found by a search (Howard et al., 2019)"
_XCEPTION_WORDS = "Xception: Inception with depthwise separable convolutions (Chollet, 2017)"
_INCEPTION_3_WORDS = "InceptionV3: branches of small and large windows side by side (Szegedy et al., 2015)"
_INCEPTION_RESNET_WORDS = "InceptionResNetV2: Inception's branches, added to their input (Szegedy et al., 2016)"
_MOBILE_WORDS = "MobileNet: depthwise separable convolutions for phones (Howard et al., 2017)"
_MOBILE_2_WORDS = "MobileNetV2: depthwise convolutions between narrow layers (Sandler et al., 2018)"

BACKBONES: dict[str, Backbone] = {
    # small ones first: they are what a computer without a graphics card trains
    "MobileNetV3Small": Backbone(_MOBILE_3_WORDS, 939_120, 576, _FIVE_UP),
    "MobileNetV3Large": Backbone(_MOBILE_3_WORDS, 2_996_352, 960, _FIVE_UP),
    "MobileNetV2": Backbone(_MOBILE_2_WORDS, 2_257_984, 1280, _FIVE_UP, "tf"),
    "MobileNet": Backbone(_MOBILE_WORDS, 3_228_864, 1024, _MOBILENET, "tf"),
    "EfficientNetB0": Backbone(_EFFICIENT_WORDS, 4_049_571, 1280, _FIVE_UP),
    "EfficientNetB1": Backbone(_EFFICIENT_WORDS, 6_575_239, 1280, _FIVE_UP, size=240),
    "EfficientNetB2": Backbone(_EFFICIENT_WORDS, 7_768_569, 1408, _FIVE_UP, size=260),
    "EfficientNetB3": Backbone(_EFFICIENT_WORDS, 10_783_535, 1536, _FIVE_UP, size=300),
    "EfficientNetB4": Backbone(_EFFICIENT_WORDS, 17_673_823, 1792, _FIVE_UP, size=380),
    "EfficientNetB5": Backbone(_EFFICIENT_WORDS, 28_513_527, 2048, _FIVE_UP, size=456),
    "EfficientNetB6": Backbone(_EFFICIENT_WORDS, 40_960_143, 2304, _FIVE_UP, size=528),
    "EfficientNetB7": Backbone(_EFFICIENT_WORDS, 64_097_687, 2560, _FIVE_UP, size=600),
    "EfficientNetV2B0": Backbone(_EFFICIENT_2_WORDS, 5_919_312, 1280, _FIVE_UP),
    "EfficientNetV2B1": Backbone(_EFFICIENT_2_WORDS, 6_931_124, 1280, _FIVE_UP, size=240),
    "EfficientNetV2B2": Backbone(_EFFICIENT_2_WORDS, 8_769_374, 1408, _FIVE_UP, size=260),
    "EfficientNetV2B3": Backbone(_EFFICIENT_2_WORDS, 12_930_622, 1536, _FIVE_UP, size=300),
    "EfficientNetV2S": Backbone(_EFFICIENT_2_WORDS, 20_331_360, 1280, _FIVE_UP, size=384),
    "EfficientNetV2M": Backbone(_EFFICIENT_2_WORDS, 53_150_388, 1280, _FIVE_UP, size=480),
    "EfficientNetV2L": Backbone(_EFFICIENT_2_WORDS, 117_746_848, 1280, _FIVE_UP, size=480),
    "ResNet50": Backbone(_RESNET_WORDS, 23_587_712, 2048, _FIVE_UP, "caffe"),
    "ResNet101": Backbone(_RESNET_WORDS, 42_658_176, 2048, _FIVE_UP, "caffe"),
    "ResNet152": Backbone(_RESNET_WORDS, 58_370_944, 2048, _FIVE_UP, "caffe"),
    "ResNet50V2": Backbone(_RESNET_2_WORDS, 23_564_800, 2048, _FIVE_UP, "tf"),
    "ResNet101V2": Backbone(_RESNET_2_WORDS, 42_626_560, 2048, _FIVE_UP, "tf"),
    "ResNet152V2": Backbone(_RESNET_2_WORDS, 58_331_648, 2048, _FIVE_UP, "tf"),
    "DenseNet121": Backbone(_DENSENET_WORDS, 7_037_504, 1024, _DENSENET, "torch"),
    "DenseNet169": Backbone(_DENSENET_WORDS, 12_642_880, 1664, _DENSENET, "torch"),
    "DenseNet201": Backbone(_DENSENET_WORDS, 18_321_984, 1920, _DENSENET, "torch"),
    "ConvNeXtTiny": Backbone(_CONVNEXT_WORDS, 27_820_128, 768, _CONVNEXT),
    "ConvNeXtSmall": Backbone(_CONVNEXT_WORDS, 49_454_688, 768, _CONVNEXT),
    "ConvNeXtBase": Backbone(_CONVNEXT_WORDS, 87_566_464, 1024, _CONVNEXT),
    "ConvNeXtLarge": Backbone(_CONVNEXT_WORDS, 196_230_336, 1536, _CONVNEXT),
    "ConvNeXtXLarge": Backbone(_CONVNEXT_WORDS, 348_147_968, 2048, _CONVNEXT),
    "Xception": Backbone(_XCEPTION_WORDS, 20_861_480, 2048, _XCEPTION, "tf", size=299, smallest=71),
    "InceptionV3": Backbone(_INCEPTION_3_WORDS, 21_802_784, 2048, _INCEPTION, "tf", size=299, smallest=75),
    "InceptionResNetV2": Backbone(_INCEPTION_RESNET_WORDS, 54_336_736, 1536, _INCEPTION, "tf", size=299, smallest=75),
    "NASNetMobile": Backbone(_NASNET_WORDS, 4_269_716, 1056, _NASNET, "tf"),
    "NASNetLarge": Backbone(_NASNET_WORDS, 84_916_818, 4032, _NASNET, "tf", size=331),
    "VGG16": Backbone(_VGG_WORDS, 14_714_688, 512, _FIVE_DOWN, "caffe"),
    "VGG19": Backbone(_VGG_WORDS, 20_024_384, 512, _FIVE_DOWN, "caffe"),
}

WIDTHS = {
    # the values of `alpha` that there are ImageNet weights for
    "MobileNet": (0.25, 0.5, 0.75, 1.0),
    "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    "MobileNetV3Small": (0.75, 1.0),
    "MobileNetV3Large": (0.75, 1.0),
}

_ARGUMENTS = {
    "weights": "Initial weights: imagenet, a file, an earlier run, or null for random ones.",
    "trainable": "Whether training changes it; if false, its normalisation keeps its statistics as well.",
    "pooling": "avg or max reduces each channel to one value, as a global pooling layer below it would.",
    "alpha": "Its width: a factor for the published number of channels.",
    "depth_multiplier": "Filters of each depthwise convolution per input channel.",
    "minimalistic": "Leave out what some processors are slow at: squeeze and excitation, 5×5 kernels, hard swish.",
}


def words_on(name: str) -> str:
    """What a backbone is, laid out as Keras' docstrings are; its own are filled in when Keras is imported."""
    backbone = BACKBONES[name]
    scales = "It scales pixels" if not backbone.pixels else "Pixels are scaled for it"
    arguments = "\n".join(f"    {argument}: {words}" for argument, words in _ARGUMENTS.items())
    return (
        f"{backbone.words}.\n\n"
        f"A whole network without its head, used like a layer: {backbone.parameters:,} parameters, ImageNet weights "
        f"for {backbone.size}×{backbone.size} pixels, images of at least {backbone.smallest}×{backbone.smallest}. "
        f"{scales} inside the model, in place of data.scale.\n\n"
        f"Args:\n{arguments}\n"
    )
