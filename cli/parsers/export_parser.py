"""export: the command that writes masks for other tools."""

from __future__ import annotations

from ...conversion.facts import COMPOSITE_KINDS
from .options import (
    Commands,
    add_config,
    add_imagenet_options,
    add_json,
    annotated_split,
    natural,
    path_argument,
    place_argument,
    positive,
)

FORMATS = ("coco", "alphaclip", "yolo", "foreground", "rle-csv", "composites")


def add_export(commands: Commands) -> None:
    parser = commands.add_parser(
        "export",
        help="write the masks as COCO, YOLO, PNGs, CSV or for Alpha-CLIP, or pictures of object and background",
        description="Write the masks of a split in a form that other tools read, to OUT/SPLIT. DATASET is your "
        "ImageNet, an official ImageNet-S tree, a data set that `imagenet-s convert` made (with or without images), "
        "or a folder of annotations alone. Only composites need images, and yolo links to those that there are.",
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
    group = parser.add_argument_group("composites: OUT/SPLIT/KIND/WNID/IMAGE_ID.png, see docs/reliance.md")
    group.add_argument(
        "--kinds",
        nargs="+",
        choices=COMPOSITE_KINDS,
        metavar="KIND",
        help=f"what is shown: {', '.join(COMPOSITE_KINDS)}",
    )
    group.add_argument(
        "--fill",
        type=_fill,
        help="what stands where pixels are taken away: mean, blur, tile or R,G,B (default: mean; in the background of "
        "mixed pictures, tile)",
    )
    group.add_argument(
        "--seed", type=natural, help="of the choice of backgrounds for mixed pictures, 0 if none is given"
    )
    group.add_argument("--quality", type=positive, metavar="N", help="JPEGs of this quality, 1 to 95, instead of PNGs")
    parser.add_argument("--workers", type=positive, default=1, metavar="N", help="processes (default: 1)")
    add_json(parser, "the result")
    add_imagenet_options(parser)
    parser.set_defaults(command="export")


def _fill(text: str) -> str | tuple[int, ...]:
    """A word or a colour; `Composites` refuses what is none."""
    parts = text.split(",")
    return tuple(map(int, parts)) if all(part.strip().isdecimal() for part in parts) else text
