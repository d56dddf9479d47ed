"""evaluate-maps, compare: the commands about maps, and about two runs."""

from __future__ import annotations

import argparse
from typing import Any

from .options import (
    Commands,
    add_config,
    add_json,
    add_mask_source,
    natural,
    path_argument,
    place_argument,
    positive,
    split_argument,
)


def add_evaluate_maps(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate-maps",
        help="score saliency, attribution or attention maps against the masks",
        description="Score maps against the masks of their images' classes: pointing game, energy, rank accuracy, "
        "average precision, IoU at thresholds and more. Maps are named by image id.",
    )
    _add_maps(parser)
    _add_scores(parser)
    group = parser.add_argument_group("what to write")
    group.add_argument(
        "--preset", choices=("chefer",), help="print only the figures of one protocol: pixel accuracy, mIoU and mAP"
    )
    group.add_argument(
        "--bootstrap", type=int, metavar="N", help="95 %% intervals of the means, from N resamples of the images"
    )
    group.add_argument("--seed", type=natural, default=0, help="of the resamples (default: 0)")
    add_json(group, "the figures as fractions")
    group.add_argument(
        "--report",
        type=path_argument,
        metavar="FILE.html",
        help="a page: the curve of IoU, the classes, best and worst maps",
    )
    group.add_argument(
        "--images",
        type=place_argument,
        metavar="IMAGENET",
        help="draw the best and worst maps of the page over these images",
    )
    parser.set_defaults(command="evaluate_maps")


def add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="two runs over the same images: each figure's difference, with a paired interval",
        description="Compare what two runs of `evaluate-maps`, or of `evaluate`, saved with --save-counts, or what two "
        "`ObjectReliance` saved, image by image: the mean difference A - B of each figure, with an interval from "
        "resamples of the images, and in how many images A is better, equal, worse.",
    )
    parser.add_argument("a", type=path_argument, metavar="A.npz", help="one run")
    parser.add_argument("b", type=path_argument, metavar="B.npz", help="the other")
    parser.add_argument("--key", metavar="FIGURE", help="only this figure (default: all)")
    parser.add_argument(
        "--matching",
        nargs="+",
        type=path_argument,
        default=["none"],
        metavar="M",
        help="for counts of masks: none (default), another matching or a match.json; two, if A and B differ",
    )
    parser.add_argument("--resamples", type=positive, default=2000, metavar="N", help="(default: 2000)")
    parser.add_argument("--confidence", type=float, default=0.95, metavar="X", help="of the interval (default: 0.95)")
    parser.add_argument("--seed", type=natural, default=0, help="of the resamples (default: 0)")
    add_json(parser, "the differences as fractions")
    parser.add_argument(
        "--report",
        type=path_argument,
        metavar="FILE.html",
        help="a page: both runs, classes and images that differ most",
    )
    group = parser.add_argument_group("pictures for the page")
    group.add_argument(
        "--gt-dir", type=place_argument, metavar="G", help="the references, as `evaluate` and `evaluate-maps` take them"
    )
    add_mask_source(group)
    group.add_argument(
        "--predict-dir", type=path_argument, nargs=2, metavar=("A", "B"), help="the predictions of two runs of masks"
    )
    group.add_argument(
        "--maps-dir", type=path_argument, nargs=2, metavar=("A", "B"), help="the maps of two runs of maps"
    )
    add_config(group, default=None, what="which ImageNet-S two runs of maps are of: the page lists its classes, too")
    group.add_argument(
        "--split",
        type=_annotated,
        default="validation",
        metavar="NAME",
        help="of a tree or a data set: validation (default) or train_semi",
    )
    group.add_argument(
        "--images",
        type=place_argument,
        metavar="IMAGENET",
        help="draw masks and maps over these images: an ImageNet, an official tree or a converted data set",
    )
    parser.set_defaults(command="compare")


def _add_maps(parser: Any) -> None:
    group = parser.add_argument_group("what to score")
    group.add_argument(
        "--maps-dir",
        type=path_argument,
        metavar="M",
        help="maps as <image id>.npy, .npz or grey .png (8 or 16 bits): folder or zip, in class folders or not; or one "
        ".npz that holds every map by its image id",
    )
    group.add_argument(
        "--gt-dir",
        type=place_argument,
        metavar="G",
        help="masks: a folder or zip of <class folder>/<image>.png, the official tree, the annotations, a data set "
        "built by convert; or an ImageNet, whose masks are those of --annotations-dir",
    )
    add_config(group, default=None)
    group.add_argument(
        "--split",
        type=_annotated,
        default="validation",
        metavar="NAME",
        help="which masks of a tree, a data set or an ImageNet: validation (default) or train_semi",
    )
    group.add_argument(
        "--target",
        choices=("category", "imagenet"),
        default="category",
        help="the class that a map should find: of the image in ImageNet-S (default), or ImageNet's own label, as "
        "classifiers predict it, mapped to a class of ImageNet-S; images whose label is none are left out",
    )
    group.add_argument(
        "--list", type=path_argument, metavar="FILE", help="score only what this list names, as the official lists do"
    )
    group.add_argument(
        "--on-missing",
        choices=("error", "skip"),
        default="error",
        help="what a mask without a map is: an error (default), or left out",
    )
    add_mask_source(group)
    group.add_argument("--workers", type=positive, metavar="N", help="processes (default: one a core)")
    group.add_argument(
        "--save-counts",
        type=path_argument,
        metavar="FILE",
        help="keep the scores of every image: a few MB, for `compare`",
    )
    group.add_argument("--counts", type=path_argument, metavar="FILE", help="figures of saved scores; no map is read")


def _add_scores(parser: Any) -> None:
    group = parser.add_argument_group("how to score")
    group.add_argument(
        "--thresholds",
        nargs="+",
        type=_threshold,
        default=[0.5, "mean"],
        metavar="T",
        help="of IoU, pixel accuracy and coverage: 0 to 1 of the scaled map, mean, mean_std (default: 0.5 mean)",
    )
    group.add_argument(
        "--tolerance", type=float, default=0, metavar="PIXELS", help="of the pointing game (default: none)"
    )
    group.add_argument(
        "--relevance",
        choices=("signed", "positive", "absolute"),
        default="signed",
        help="negative values as they are (default), as 0, or as positive",
    )
    group.add_argument(
        "--resize",
        choices=("map", "mask"),
        help="bring the map (bilinear) or the mask (nearest) to the other's size; without it sizes must be equal",
    )
    group.add_argument(
        "--average", choices=("image", "category"), default="image", help="mean over images (default) or over classes"
    )


def _threshold(text: str) -> float | str:
    return text if text in ("mean", "mean_std") else float(text)


def _annotated(text: str) -> str:
    name = split_argument(text)
    if name not in ("train_semi", "validation"):
        raise argparse.ArgumentTypeError(f"{text!r}: the splits with masks are train_semi and validation")
    return name
