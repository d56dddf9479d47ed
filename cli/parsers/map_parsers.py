"""evaluate-maps, compare: the commands about maps, and about two runs."""

from __future__ import annotations

from typing import Any

from .options import (
    Commands,
    GivenOption,
    add_bootstrap,
    add_config,
    add_json,
    add_list,
    add_page,
    add_references,
    add_saved_run,
    annotated_split,
    natural,
    path_argument,
    positive,
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
        "--by-size", action="store_true", help="print the means by the size of the object too: S, MS, ML, L"
    )
    group.add_argument("--per-class", action="store_true", help="print the means of the classes too")
    add_bootstrap(group)
    add_json(group, "the figures as fractions")
    add_page(group, "the curve of IoU, the classes, best and worst maps")
    parser.set_defaults(command="evaluate_maps")


def add_compare(commands: Commands) -> None:
    parser = commands.add_parser(
        "compare",
        help="runs over the same images: differences with paired intervals; of many, ranks and tables for papers",
        description="Compare what two runs of `evaluate-maps`, or of `evaluate`, saved with --save-counts (or what two "
        "`ObjectReliance` or `RegionAccuracy` saved), image by image: the mean difference A - B of each figure, its "
        "interval from resamples of the images, and in how many images A is better, equal, worse. Three and more runs "
        "(or two, with one of the options for tables) are put in order by one figure, each with its interval, its "
        "difference to the best and its ranks. A run is called by its --title, or else by its file.",
    )
    parser.add_argument("a", type=path_argument, metavar="A.npz", help="one run")
    parser.add_argument("b", type=path_argument, metavar="B.npz", help="another")
    parser.add_argument("more", nargs="*", type=path_argument, metavar="C.npz", help="and more")
    parser.add_argument("--names", nargs="+", metavar="NAME", help="what to call the runs, one for each")
    parser.add_argument(
        "--key",
        metavar="FIGURE",
        help="only this figure (default: all; of more than two runs, the first that they have)",
    )
    parser.add_argument("--lower-is-better", action="store_true", help="order by the lowest figure, as of deletion")
    parser.add_argument(
        "--matching",
        nargs="+",
        type=path_argument,
        default=["none"],
        metavar="M",
        help="for counts of masks: none (default), another matching or a match.json; one for each run, if they differ",
    )
    parser.add_argument("--resamples", type=positive, default=2000, metavar="N", help="(default: 2000)")
    parser.add_argument("--confidence", type=float, default=0.95, metavar="X", help="of the interval (default: 0.95)")
    parser.add_argument("--seed", type=natural, default=0, help="of the resamples (default: 0)")
    add_json(parser, "the differences as fractions, and the records of the runs")
    group = parser.add_argument_group("in order")
    form = group.add_mutually_exclusive_group()
    form.add_argument("--markdown", action="store_true", help="the table for GitHub")
    form.add_argument("--latex", action="store_true", help="the table for a paper: booktabs, the best in bold")
    form.add_argument("--csv", action="store_true", help="every number of the comparison, as fractions")
    group.add_argument("--baselines", action="store_true", help="list published figures of the same split below")
    group.add_argument(
        "--power",
        nargs="?",
        type=float,
        const=0.0,
        metavar="DELTA",
        help="how small a difference these images can tell, and how many images one of DELTA needs (0.01: one point)",
    )
    parser.add_argument("--title", metavar="NAME", help="heading of the page (default: the names of the runs)")
    group = parser.add_argument_group("the page, and pictures for it")
    add_page(group, "both runs, classes and images that differ most")
    add_references(group)
    group.add_argument(
        "--predict-dir", type=path_argument, nargs=2, metavar=("A", "B"), help="the predictions of two runs of masks"
    )
    group.add_argument(
        "--maps-dir", type=path_argument, nargs=2, metavar=("A", "B"), help="the maps of two runs of maps"
    )
    add_config(group, default=None, what="which ImageNet-S two runs of maps are of: the page lists its classes, too")
    group.add_argument(
        "--split",
        type=annotated_split,
        metavar="NAME",
        help="of a tree or a data set: validation or train_semi (default: that of the runs, else validation)",
    )
    parser.set_defaults(command="compare")


def _add_maps(parser: Any) -> None:
    group = parser.add_argument_group("what to score")
    maps = group.add_mutually_exclusive_group()
    maps.add_argument(
        "--maps-dir",
        type=path_argument,
        metavar="M",
        help="maps as <image id>.npy, .npz or grey .png (8 or 16 bits): folder or zip, in class folders or not; or one "
        ".npz that holds every map by its image id",
    )
    maps.add_argument(
        "--center",
        action="store_true",
        help="score a Gaussian in the middle of every image instead, a line to compare methods with",
    )
    add_references(group)
    add_config(group, default=None)
    group.add_argument(
        "--split",
        action=GivenOption,
        type=annotated_split,
        default="validation",
        metavar="NAME",
        help="which masks of a tree, a data set or an ImageNet: validation (default) or train_semi",
    )
    group.add_argument(
        "--target",
        action=GivenOption,
        choices=("category", "imagenet"),
        default="category",
        help="the class that a map should find: of the image in ImageNet-S (default), or ImageNet's own label, as "
        "classifiers predict it, mapped to a class of ImageNet-S; images whose label is none are left out",
    )
    add_list(group)
    group.add_argument(
        "--on-missing",
        action=GivenOption,
        choices=("error", "skip"),
        default="error",
        help="what a mask without a map is: an error (default), or left out",
    )
    add_saved_run(group, "scores of every image, for `compare`")


def _add_scores(parser: Any) -> None:
    group = parser.add_argument_group("how to score")
    group.add_argument(
        "--thresholds",
        action=GivenOption,
        nargs="+",
        type=_threshold,
        default=[0.5, "mean"],
        metavar="T",
        help="of IoU, pixel accuracy and coverage: 0 to 1 of the scaled map, mean, mean_std (default: 0.5 mean)",
    )
    group.add_argument(
        "--tolerance",
        action=GivenOption,
        type=float,
        default=0,
        metavar="PIXELS",
        help="of the pointing game (default: none)",
    )
    group.add_argument(
        "--relevance",
        action=GivenOption,
        choices=("signed", "positive", "absolute"),
        default="signed",
        help="negative values as they are (default), as 0, or as positive",
    )
    group.add_argument(
        "--resize",
        action=GivenOption,
        choices=("map", "mask"),
        help="bring the map (bilinear) or the mask (nearest) to the other's size; without it sizes must be equal",
    )
    group.add_argument(
        "--average", choices=("image", "category"), default="image", help="mean over images (default) or over classes"
    )


def _threshold(text: str) -> float | str:
    return text if text in ("mean", "mean_std") else float(text)
