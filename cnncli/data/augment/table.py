"""Which function builds which entry. A new augmentation is a function, its line here and its line in the catalogue."""

from __future__ import annotations

from cnncli.data.augment import geometry, mixing, policies
from cnncli.data.augment.color import COLOR
from cnncli.data.augment.detail import DETAIL
from cnncli.data.augment.generator import generator
from cnncli.data.augment.steps import Build

BUILDERS: dict[str, Build] = {
    "RandomFlip": geometry.flip,
    "RandomRotation": geometry.rotation,
    "RandomTranslation": geometry.translation,
    "RandomZoom": geometry.zoom,
    "RandomShear": geometry.shear,
    "RandomPerspective": geometry.perspective,
    "ImageDataGenerator": generator,
    **COLOR,
    **DETAIL,
    "RandAugment": policies.rand_augment,
    "AugMix": policies.aug_mix,
    "MixUp": mixing.mix_up,
    "CutMix": mixing.cut_mix,
}
