"""export: the command that writes masks for other tools."""

from __future__ import annotations

from .options import (
    Commands,
    add_config,
    add_imagenet_options,
    add_json,
    annotated_split,
    path_argument,
    place_argument,
    positive,
)

FORMATS = ("coco", "alphaclip", "yolo", "foreground", "rle-csv")


def add_export(commands: Commands) -> None:
    parser = commands.add_parser(
        "export",
        help="write the masks as COCO, YOLO, foreground PNGs or CSV, or for Alpha-CLIP",
        description="Write the masks of a split in a form that other tools read, to OUT/SPLIT. DATASET is your "
        "ImageNet, an official ImageNet-S tree, a data set that `imagenet-s convert` made (with or without images), "
        "or a folder of annotations alone. Only yolo needs images, which it links to.",
        epilog="docs/export.md says what is in the files. An interrupted split is started again by the same command, a "
        "finished one is kept.",
    )
    parser.add_argument("dataset", type=place_argument, metavar="DATASET", help="where the masks (and images) are")
    parser.add_argument(
        "out", type=path_argument, metavar="OUT", help="a folder: splits of an earlier export, and all else in it, stay"
    )
    parser.add_argument("--format", choices=FORMATS, required=True, help="for which tools")
    add_config(parser)
    parser.add_argument(
        "--split",
        nargs="+",
        type=annotated_split,
        default=["validation"],
        metavar="SPLIT",
        help="validation (default), train_semi, or both",
    )
    parser.add_argument(
        "--polygons", action="store_true", help="coco: polygons instead of RLE; pycocotools gets the same pixels"
    )
    parser.add_argument(
        "--own-class",
        action="store_true",
        help="foreground: only the pixels of the image's own class, not those of every class",
    )
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (default: 1)")
    add_json(parser, "the result")
    add_imagenet_options(parser)
    parser.set_defaults(command="export")
