"""`imagenet-s export`: the masks in a form that other tools read, and pictures made with them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...conversion.export import EXPORT_FORMATS, export_masks
from ..output import hint, say, table, write_json

_OPTIONS = {
    "polygons": "coco",
    "own_class": "foreground",
    **dict.fromkeys(("kinds", "fill", "seed", "quality"), "composites"),
}
"""Option -> the format that takes it."""


def run(args: argparse.Namespace) -> int:
    options: dict[str, Any] = {}
    for option, form in _OPTIONS.items():
        value = getattr(args, option)
        if value is None or value is False:  # 0 is a seed
            continue
        if args.format != form:
            raise ImageNetSError(f"--{option.replace('_', '-')} is for --format {form}, not {args.format}.")
        options[option] = value
    exported = export_masks(
        args.dataset,
        args.out,
        EXPORT_FORMATS[args.format](args.config, **options),
        list(dict.fromkeys(args.split)),
        workers=args.workers,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )
    if args.json:
        write_json([asdict(split) for split in exported], args.json)
    if args.json != "-":
        rows = [
            (split.split, split.images, split.folder, "was there already" if split.kept else "") for split in exported
        ]
        say(table(rows, ("split", "masks", "folder", "")))
    if args.format == "yolo" and not any((Path(exported[0].folder) / "images").iterdir()):
        hint("The data set holds no images: link them to images/<image_id>.JPEG beside labels/.")
    return 0
