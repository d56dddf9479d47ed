"""match, evaluate, distance-match: the commands about predictions."""

from __future__ import annotations

from typing import Any

from .options import (
    Commands,
    GivenOption,
    add_bootstrap,
    add_config,
    add_imagenet_options,
    add_json,
    add_list,
    add_page,
    add_references,
    add_saved_run,
    natural,
    path_argument,
    place_argument,
    positive,
    split_argument,
)

# As in `metrics.MATCHINGS`, which is not imported here: a parser imports nothing heavy.
CLUSTER_MATCHINGS = ("hungarian", "hungarian_pixel", "munkres", "pixel", "majority")


def add_match(commands: Commands) -> None:
    parser = commands.add_parser(
        "match",
        help="match clusters to classes, and write match.json",
        description="Match predicted clusters to classes; write the match for `evaluate --match` and `submit --match`.",
    )
    _add_masks(parser)
    _add_matching(
        parser, CLUSTER_MATCHINGS, "hungarian", "how clusters get their classes (default: hungarian, as official)"
    )
    parser.add_argument(
        "--session-name",
        type=path_argument,
        default="match",
        metavar="NAME",
        help="writes NAME.json (default: match, in this folder)",
    )
    parser.set_defaults(command="match")


def add_evaluate(commands: Commands) -> None:
    parser = commands.add_parser(
        "evaluate",
        help="score predictions: every official figure",
        description="Score predictions. Without --match or --matching, predicted ids are class ids.",
    )
    _add_masks(parser)
    group = parser.add_argument_group("how to score")
    either = group.add_mutually_exclusive_group()
    either.add_argument("--match", type=path_argument, metavar="FILE", help="a match.json: the class of each cluster")
    _add_matching(either, ("none", *CLUSTER_MATCHINGS), None, "find the match here (default: none, ids are classes)")
    add_bootstrap(group)
    group = parser.add_argument_group("what to write")
    group.add_argument("--per-class", action="store_true", help="print a table of the classes too")
    group.add_argument(
        "--anatomy",
        action="store_true",
        help="print where the points are lost: kinds of wrong pixels, images, clusters",
    )
    add_json(group, "the figures as fractions")
    group.add_argument(
        "--protocol",
        choices=("unsupervised", "distance", "semi", "free"),
        help="on the page, published results of this protocol alone (default: of all)",
    )
    add_page(group, "the figures, the classes, some images")
    parser.set_defaults(command="evaluate")


def add_distance_match(commands: Commands) -> None:
    parser = commands.add_parser(
        "distance-match",
        help="predict with a pre-trained backbone: pixels get the class of the nearest train_semi segments",
        description="The distance matching protocol: the mean features of the annotated train_semi segments are the "
        "classes, and a pixel of another image gets the class that its 10 nearest segments vote for. Writes "
        "OUTPUT/<split>/<wnid>/<image_id>.png for `evaluate` and `submit`, and OUTPUT/embeddings.npz. Run it again to "
        "resume after an interruption.",
    )
    parser.add_argument("imagenet", type=place_argument, metavar="IMAGENET", help="any ImageNet, or the official tree")
    parser.add_argument(
        "output", type=path_argument, metavar="OUTPUT", help="a folder for the predictions of this backbone"
    )
    parser.add_argument(
        "--backbone",
        type=path_argument,
        required=True,
        metavar="MODEL",
        help="a folder that transformers.AutoModel loads (or a name on the Hub), or module:name of a Python callable "
        "from B x 3 x H x W images, normalised as ImageNet, to B x D x h x w features",
    )
    add_config(parser)
    parser.add_argument(
        "--size", type=positive, default=256, metavar="N", help="short side of the images (default: 256)"
    )
    parser.add_argument(
        "--multiple", type=positive, metavar="N", help="round sides to this (default: the patch size, or 1)"
    )
    parser.add_argument("-k", type=positive, default=10, metavar="N", help="segments that vote (default: 10)")
    parser.add_argument("--temperature", type=float, default=0.07, help="of their votes (default: 0.07)")
    parser.add_argument("--batch-size", type=positive, default=16, metavar="N", help="images at a time (default: 16)")
    parser.add_argument("--workers", type=natural, default=2, metavar="N", help="processes that decode (default: 2)")
    parser.add_argument("--device", help="as torch names it (default: cuda where there is one, else cpu)")
    add_imagenet_options(parser, "predict these: validation (default), test")
    parser.set_defaults(command="distance_match")


def _add_matching(parser: Any, choices: tuple[str, ...], default: str | None, text: str) -> None:
    parser.add_argument(
        "--matching",
        choices=choices,
        default=default,
        help=f"{text}. One to one by images in common: hungarian (ties by ids), hungarian_pixel (ties by pixels) or "
        "munkres (as the installed munkres package); one to one by pixels: pixel; each cluster by its pixels: majority",
    )


def _add_masks(parser: Any) -> None:
    """The options of the official tools, and our own."""
    group = parser.add_argument_group("what to score")
    group.add_argument(
        "--predict-dir",
        type=path_argument,
        metavar="P",
        help="predictions: folder, zip, or a data set built by convert",
    )
    add_references(group)
    add_config(group, default=None)
    add_list(group)
    group.add_argument(
        "--split",
        action=GivenOption,
        type=split_argument,
        metavar="NAME",
        help="which split of a data set, a tree or the annotations (default: validation)",
    )
    group.add_argument(
        "--on-missing",
        action=GivenOption,
        choices=("error", "skip", "empty"),
        default="error",
        help="what a reference without a prediction is: an error (default), left out, or predicted 0 everywhere",
    )
    add_saved_run(group, "counts, enough for every figure")
