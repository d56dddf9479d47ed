"""demo, check, download, subset, show, convert, push, prepare: the commands about the data set."""

from __future__ import annotations

import os
from pathlib import Path

from ...conversion.facts import CONFIG_NAMES
from .options import (
    Commands,
    add_config,
    add_imagenet_options,
    add_json,
    add_mask_source,
    folder_argument,
    natural,
    path_argument,
    place_argument,
    positive,
    split_argument,
)


def add_demo(commands: Commands) -> None:
    parser = commands.add_parser(
        "demo",
        help="run everything on a generated miniature: no network, no ImageNet",
        description="Generate a miniature ImageNet with its annotations; load, show, convert and score it.",
    )
    parser.add_argument(
        "--output",
        type=folder_argument,
        default=Path("imagenet-s-demo"),
        metavar="DIR",
        help="a new folder (./imagenet-s-demo)",
    )
    parser.set_defaults(command="demo")


def add_check(commands: Commands) -> None:
    parser = commands.add_parser(
        "check",
        help="say which layout a copy of ImageNet has, and count the images of each split",
        description="Look into a copy of ImageNet: say which layout it has, count each split, list what is missing, "
        "compare the sizes of images and masks. Masks are not decoded for it, and none is fetched: see --acceptance.",
        epilog="Exit code 0: complete, or all is as believed. 1: something is missing, or differs.",
    )
    parser.add_argument(
        "imagenet", type=place_argument, metavar="IMAGENET", help="the folder (or hf:// address) that holds ImageNet"
    )
    add_config(parser, (*CONFIG_NAMES, "all"))
    parser.add_argument(
        "--acceptance",
        action="store_true",
        help="compare the official files with all that this package assumes of them: download what is missing, decode "
        "every mask, load, score, convert (minutes for 919); what differs is written down and stops nothing",
    )
    parser.add_argument(
        "--output",
        type=path_argument,
        metavar="FILE",
        help="where --acceptance writes (default: acceptance.txt; - for stdout alone)",
    )
    parser.add_argument("--list-missing", action="store_true", help="name every missing image, not the first few")
    add_json(parser, "the result")
    add_imagenet_options(parser, "check only these; by default all that the source can have", on_missing=False)
    parser.set_defaults(command="check")


def add_download(commands: Commands) -> None:
    parser = commands.add_parser(
        "download",
        help="fetch the annotations: archives and lists, resumable, verified",
        description="Fetch the official annotation archives and lists into a folder that annotations_dir takes. Files "
        "that are there already are checked and kept; an interrupted download is resumed.",
        epilog="IMAGENET_S_ENDPOINT=https://mirror.example replaces the scheme and host of all addresses; the usual "
        "proxy variables are respected.",
    )
    parser.add_argument(
        "--annotations-dir",
        type=path_argument,
        metavar="DIR",
        default=os.environ.get("IMAGENET_S_ANNOTATIONS_DIR"),
        help="where the files go (default: $IMAGENET_S_ANNOTATIONS_DIR)",
    )
    add_config(parser, (*CONFIG_NAMES, "all"))
    parser.add_argument("--no-verify", action="store_true", help="check neither checksums nor the masks")
    parser.add_argument(
        "--no-prepare",
        dest="prepare",
        action="store_false",
        help="transcode the masks to 16-bit grey PNGs (once, about a minute for 919) at the first use instead",
    )
    add_json(parser, "the files")
    parser.set_defaults(command="download")


def add_subset(commands: Commands) -> None:
    parser = commands.add_parser(
        "subset",
        help="print the ids of a subset that anyone can draw again, and its digest",
        description="Draw N images of a split, the same on every machine: balanced over the classes, and nested (the "
        "first 100 of 1000 are the subset of 100). The ids go to stdout, one a line, the digest to stderr.",
    )
    add_config(parser)
    parser.add_argument("--split", type=split_argument, default="validation", help="which split (default: validation)")
    parser.add_argument("-n", type=positive, required=True, metavar="N", help="how many images")
    parser.add_argument("--seed", type=natural, default=0, help="another seed, other images (default: 0)")
    parser.add_argument(
        "--imagenet",
        type=place_argument,
        metavar="DIR",
        help="any ImageNet: it says which images train and train_full have; the official lists say it of the others",
    )
    add_mask_source(parser)
    parser.set_defaults(command="draw_subset")


def add_show(commands: Commands) -> None:
    parser = commands.add_parser(
        "show",
        help="write overlays to look at: masks over their images, predictions beside them",
        description="Write contact sheets, or a page. DATASET is your ImageNet, an official ImageNet-S tree, "
        "or a data set that `imagenet-s convert` made, with or without images (or one configuration's folder of it).",
        epilog="Without --config, a converted data set shows its largest configuration, anything else 919.",
    )
    parser.add_argument("dataset", type=place_argument, metavar="DATASET", help="where the images are")
    parser.add_argument("--output", type=folder_argument, metavar="DIR", help="a folder for contact sheets (PNG)")
    parser.add_argument(
        "--page", type=path_argument, metavar="FILE.html", help="one page that needs nothing else, by class"
    )
    add_config(parser, default=None)
    parser.add_argument("--split", type=split_argument, default="validation", help="which split (default: validation)")
    parser.add_argument(
        "--predictions",
        type=path_argument,
        metavar="P",
        help="show these too, and where they differ: folder, zip or data set",
    )
    parser.add_argument(
        "--match", type=path_argument, metavar="FILE", help="a match.json: the class of each cluster of the predictions"
    )
    parser.add_argument("--classes", nargs="+", metavar="CLASS", help="only these: ids, names or WordNet ids")
    parser.add_argument(
        "--ids", nargs="+", type=path_argument, metavar="ID", help="only these images: ids, or files that list them"
    )
    parser.add_argument("--count", type=positive, default=48, metavar="N", help="how many images (default: 48)")
    parser.add_argument("--per-sheet", type=positive, default=24, metavar="N", help="images a sheet (default: 24)")
    parser.add_argument("--seed", type=natural, help="show a random choice instead of the first images")
    add_imagenet_options(parser)
    parser.set_defaults(command="show")


def add_convert(commands: Commands) -> None:
    parser = commands.add_parser(
        "convert",
        help="write Parquet shards that plain datasets reads, with card and id2label.json",
        description="Write ImageNet-S as a data set repository: shards of Parquet (or Arrow), a card, id2label.json "
        "and an index. Safe to interrupt: the same command resumes. A further configuration or split with the same "
        "OUT is added to it.",
        epilog="convert --verify OUT reads a finished result again, byte by byte.",
    )
    parser.add_argument(
        "imagenet",
        type=place_argument,
        metavar="IMAGENET",
        nargs="?",
        help="the folder that holds ImageNet, in any layout",
    )
    parser.add_argument(
        "out",
        type=place_argument,
        metavar="OUT",
        nargs="?",
        help="a folder, or an address such as s3://bucket/imagenet-s",
    )
    add_config(parser, default=None, what="which ImageNet-S, 919 if none is named")
    parser.add_argument("--format", choices=("parquet", "arrow"), default="parquet", help="arrow: for load_from_disk")
    parser.add_argument("--no-images", dest="images", action="store_false", help="ids, classes and masks only")
    parser.add_argument("--max-shard-size", default="500MB", metavar="SIZE", help="default: 500MB")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes of this machine (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster instead: tcp://host:8786")
    parser.add_argument("--restart", action="store_true", help="write splits again that a different earlier run began")
    parser.add_argument(
        "--verify",
        dest="verify_out",
        type=place_argument,
        metavar="OUT",
        help="compare a finished result with its index",
    )
    add_json(parser, "the result")
    add_imagenet_options(parser, "convert only these (default: train_semi, validation and test)")
    parser.set_defaults(command="convert")


def add_push(commands: Commands) -> None:
    parser = commands.add_parser(
        "push",
        help="upload the result of convert to the Hub, private unless told otherwise",
        description="Upload a converted data set to a private repository of the Hugging Face Hub. Run again after an "
        "interruption, it sends only what is missing. Nothing on the Hub is ever deleted. The token is the one of "
        "`hf auth login` or $HF_TOKEN.",
    )
    parser.add_argument(
        "out", type=place_argument, metavar="OUT", nargs="?", help="the folder that imagenet-s convert wrote"
    )
    parser.add_argument("--repo-id", required=True, metavar="NAME", help="me/imagenet-s")
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent; needs no connection")
    parser.add_argument("--public", action="store_true", help="create it public; with images see the next")
    parser.add_argument(
        "--i-have-redistribution-rights",
        dest="rights",
        action="store_true",
        help="ImageNet's terms allow no redistribution; say this if you have the right nevertheless",
    )
    parser.add_argument("--metric", action="store_true", help="push the metric matched_miou as an evaluate Space")
    parser.set_defaults(command="push")


def add_prepare(commands: Commands) -> None:
    parser = commands.add_parser(
        "prepare",
        help="write the official tree, for PASS, ImageNetSegModel and MMSegmentation",
        description="Write the official tree SAVE_DIR/ImageNetS{50,300,919} from ImageNet in any layout: images as "
        "symbolic links with absolute targets (files where they come out of tars or Parquet), masks as the official "
        "PNGs. Run it again to complete it; nothing that differs is overwritten, nothing is removed.",
        epilog="Replaces the official data_preparation.sh, datapreparation_train.py, datapreparation_val.py, "
        "datapreparation_train_semi.py and datapreparation_anno.sh.",
    )
    parser.add_argument(
        "imagenet", type=place_argument, metavar="IMAGENET", help="the folder that holds ImageNet, in any usual layout"
    )
    parser.add_argument(
        "save_dir", type=path_argument, metavar="SAVE_DIR", help="where the tree goes: a folder outside of IMAGENET"
    )
    add_config(parser, (*CONFIG_NAMES, "all"))
    parser.add_argument("--copy", action="store_true", help="copy the images instead of linking to them")
    parser.add_argument("--overwrite", action="store_true", help="replace files and links that differ")
    add_json(parser, "the counts")
    add_imagenet_options(parser, "prepare only these; all of the configuration otherwise")
    parser.set_defaults(command="prepare")
