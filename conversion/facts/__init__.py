"""The facts of ImageNet-S: its classes, the addresses and checksums of its official files, its numbers of images.

The facts are data files in this folder; each module loads one of them once, into frozen dataclasses. Start with
`classes` (the class table) and `official` (configurations, splits, files); `spellings` reads what people type, and
`baselines` has the figures that others published, each with its source.

Sources: Gao et al., "Large-scale Unsupervised Semantic Segmentation" (TPAMI 2022), and the official toolbox
LUSSeg/ImageNet-S at the revision that `OFFICIAL.revision` names; for lemmas and definitions WordNet 3.0.
"""

from .classes import IGNORE_ID, OTHER_ID, Categories, Category, categories
from .composite_kinds import COMPOSITE_KINDS, CompositeKind
from .groups import ClassGroup, class_groups
from .image_sets import image_set_digest, recognise_split
from .imagenet import imagenet_label, imagenet_wnids
from .official import (
    ANNOTATED_SPLITS,
    CONFIG_NAMES,
    OFFICIAL,
    SPELLINGS,
    SPLITS,
    TRAINING_SPLITS,
    Archive,
    ListFile,
    Official,
    config_name,
    split_names,
)
from .tree_layout import MASK_FOLDERS, SPLIT_FOLDERS, tree_name
from .wordnet import Synset, synsets

__all__ = [
    "ANNOTATED_SPLITS",
    "COMPOSITE_KINDS",
    "CONFIG_NAMES",
    "IGNORE_ID",
    "MASK_FOLDERS",
    "OFFICIAL",
    "OTHER_ID",
    "SPELLINGS",
    "SPLITS",
    "SPLIT_FOLDERS",
    "TRAINING_SPLITS",
    "Archive",
    "Categories",
    "Category",
    "ClassGroup",
    "CompositeKind",
    "ListFile",
    "Official",
    "Synset",
    "categories",
    "class_groups",
    "config_name",
    "image_set_digest",
    "imagenet_label",
    "imagenet_wnids",
    "recognise_split",
    "split_names",
    "synsets",
    "tree_name",
]
