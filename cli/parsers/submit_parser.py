"""submit, results and baselines: the commands that bring figures and predictions to others, or show theirs."""

from __future__ import annotations

import argparse
import os

from ...conversion.facts.baselines import BASELINE_PROTOCOLS
from ...conversion.submission.protocols import PROTOCOLS, TEST_SERVER
from .options import (
    Commands,
    add_config,
    add_imagenet_options,
    add_json,
    path_argument,
    place_argument,
    split_argument,
)


def add_submit(commands: Commands) -> None:
    parser = commands.add_parser(
        "submit",
        help="check predictions and pack them in the form of the official test server"
        + ("" if TEST_SERVER.successor else " (closed)"),
        description="Check predictions (every image of the list, none besides, sizes, ids, RGB), list all that is "
        "wrong, and pack what is right with method.txt. The same predictions give the same zip, byte for byte.\n\n"
        "  imagenet-s submit PREDICTIONS OUT.zip --config 919 --protocol semi --method NAME ...\n"
        "  imagenet-s submit --check OUT.zip --config 919     an existing zip\n"
        "  imagenet-s submit --protocol semi                  the rules of a protocol",
        epilog=f"{TEST_SERVER.status()}\n\nThe protocols:\n\n"
        + "\n\n".join(protocol.text() for protocol in PROTOCOLS.values()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "predictions",
        type=path_argument,
        metavar="PREDICTIONS",
        nargs="?",
        help="folder or zip of <wnid>/<image_id>.png, or what convert wrote",
    )
    parser.add_argument("submission", type=path_argument, metavar="OUT.zip", nargs="?", help="the submission")
    parser.add_argument("--check", type=path_argument, metavar="ZIP", help="check an existing submission instead")
    add_config(parser, default=None)
    parser.add_argument(
        "--split",
        choices=("test", "validation"),
        default="test",
        help="which list the predictions are checked against (default: test)",
    )
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="the rules of the method; they are printed")
    group = parser.add_argument_group("what method.txt says (null where nothing is given)")
    group.add_argument("--method", metavar="NAME", help="name of the method")
    group.add_argument("--train-data", metavar="TEXT", help="for instance ImageNet-S-50")
    group.add_argument("--train-scheme", metavar="TEXT", help="for instance SSL, Sup, SSL+Sup")
    group.add_argument("--networks", metavar="TEXT", help="for instance ResNet-50")
    group.add_argument("--link", metavar="URL", help="paper or project")
    group.add_argument("--description", metavar="TEXT", help="one line about the method")
    group = parser.add_argument_group("what predictions are compared with")
    group.add_argument(
        "--match",
        type=path_argument,
        metavar="FILE",
        help="match.json, where predictions are clusters; goes into the zip",
    )
    group.add_argument(
        "--imagenet",
        type=place_argument,
        metavar="DIR",
        default=os.environ.get("IMAGENET_S_DATA_DIR"),
        help="any ImageNet: sizes are compared with its images' (default: $IMAGENET_S_DATA_DIR; without one, only "
        "those of validation are checked, against its masks)",
    )
    add_imagenet_options(group, on_missing=False)
    add_json(parser, "the result, with all problems,")
    parser.set_defaults(command="submit")


def add_results(commands: Commands) -> None:
    parser = commands.add_parser(
        "results",
        help="show a scored run on a model's page of the Hub, or verify what is shown",
        description="Write the figures of a run as evaluation results of a model on the Hub "
        "(.eval_results/imagenet-s.yaml), or open a pull request with them.\n\n"
        "  imagenet-s results COUNTS.npz --model ME/MODEL --dataset ME/IMAGENET-S --protocol semi ...\n"
        "  imagenet-s results RESULTS.json --verify COUNTS.npz    compute the file again from the counts\n"
        "  imagenet-s results .eval_results/imagenet-s.yaml --verify COUNTS.npz    the same of what a model publishes",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file",
        type=path_argument,
        metavar="FILE",
        help="saved counts (evaluate --save-counts), or results (.json, evaluate --json)",
    )
    parser.add_argument("--model", metavar="REPO", help="the model's repository on the Hub")
    parser.add_argument("--dataset", metavar="REPO", help="the data set's repository, which has the leaderboard")
    parser.add_argument("--protocol", choices=tuple(PROTOCOLS), help="the rules of the run; they are printed")
    parser.add_argument(
        "--i-followed-the-rules", action="store_true", help="the run followed the rules of the protocol"
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="FILE",
        default=".eval_results/imagenet-s.yaml",
        help="the file to write (default: %(default)s)",
    )
    parser.add_argument("--push", action="store_true", help="open a pull request on the model's repository instead")
    parser.add_argument("--date", metavar="DATE", help="when the run was made, for instance 2026-11-25")
    parser.add_argument("--source-url", metavar="URL", help="a paper or page about the run")
    parser.add_argument(
        "--any-images", action="store_true", help="accept images that are no official split, and say so"
    )
    parser.add_argument(
        "--verify",
        dest="verify_counts",
        type=path_argument,
        metavar="COUNTS.npz",
        help="compute a results file again from these counts",
    )
    parser.set_defaults(command="results")


def add_baselines(commands: Commands) -> None:
    parser = commands.add_parser(
        "baselines",
        help="list published figures with their sources, also as CSV, Markdown or LaTeX",
        description="List published figures of ImageNet-S, in percent, with their sources: the best first within the "
        "same configuration, split, protocol and figure. Without options, all of them.",
        epilog="Protocols: the four of the test server (imagenet-s submit --protocol NAME prints the rules), "
        "region_zero_shot for the recognition of regions, maps for saliency and attribution maps. A figure has the key "
        "that evaluate and evaluate-maps give it only where it is that figure.",
    )
    add_config(parser, default=None, what="only of this ImageNet-S")
    parser.add_argument("--split", type=split_argument, metavar="NAME", help="only of this split: validation or test")
    parser.add_argument("--protocol", choices=BASELINE_PROTOCOLS, help="only of this protocol")
    parser.add_argument("--metric", metavar="KEY", help="only this figure, for instance mean_iou")
    parser.add_argument(
        "--format",
        choices=("table", "csv", "markdown", "latex", "json"),
        default="table",
        help="what to print (default: table); LaTeX is for the packages booktabs and url",
    )
    parser.set_defaults(command="list_baselines")
