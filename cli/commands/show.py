"""`imagenet-s show`: masks over their images, predictions beside them: contact sheets as PNG, or a page."""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError
from ...conversion.core.read_only_sources import refuse_overlap
from ...conversion.facts import IGNORE_ID, categories
from ...conversion.imagenet.data_dir import resolve_data_dir
from ...conversion.masks.find_masks import find_masks
from ...metrics.matched_miou.matching import load_match
from ...metrics.matched_miou.read_mask import read_mask
from ...report.picture_page import html_picture_page
from ...report.shown_pictures import draw, matched_ids
from ...report.visualization import Item, contact_sheet, difference
from ..existing_files import SHEET_MARK, is_sheet, refuse_foreign
from ..output import hint, say
from ..show_rows import chosen_rows

Rows = Iterable[Mapping[str, Any]]
Predictions = Callable[[str], "NDArray[Any] | None"]
"""The prediction of an image, by its id; None where there is none."""


def run(args: argparse.Namespace) -> int:
    """Load, draw, write."""
    if args.output is None and args.page is None:
        raise ImageNetSError("say where the pictures go: --output DIR for sheets, --page FILE.html for a page.")
    if args.match and not args.predictions:
        raise ImageNetSError("--match says the class of each cluster of the predictions: give --predictions too.")
    data_dir = resolve_data_dir(args.dataset)
    converted = data_dir.converted
    config = args.config or (list(converted[1].configs)[-1] if converted else "919")
    sheets: list[Path] = []
    if args.output is not None:
        refuse_overlap(str(args.output), [data_dir.root], "--output", "the sheets are no part of it")
        names = (args.output / f"{config}-{args.split}-{number:02d}.png" for number in itertools.count(1))
        sheets = list(itertools.islice(names, -(-args.count // args.per_sheet)))
        for path in sheets:
            refuse_foreign(path, is_sheet, "a contact sheet of imagenet-s")
    predictions = _predictions(args, config) if args.predictions else None
    rows = list(itertools.islice(chosen_rows(args, config, converted), args.count))
    if not rows:
        hint(f"{args.dataset} has no such rows of {config} {args.split}.")
        return 0
    id2label = categories(config).id2label
    for path, start in zip(sheets, range(0, len(rows), args.per_sheet)):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_sheet(rows[start : start + args.per_sheet], id2label, path, predictions)
        say(str(path))
    if args.page:
        _write_page(args, config, rows, predictions)
        say(args.page)
    if predictions and (without := [row["image_id"] for row in rows if predictions(row["image_id"]) is None]):
        hint(
            f"{args.predictions} has no prediction for {len(without):,} of {len(rows):,} images, {without[0]} for one."
        )
    return 0


def write_sheet(rows: Rows, names: Mapping[int, str], path: Path, predictions: Predictions | None = None) -> None:
    """Draw rows with `image_id`, `annotation`, `category` and perhaps `image` as one contact sheet.

    With predictions there are three tiles an image: the reference, the prediction, and where they differ.
    """
    items: list[Item] = []
    captions = []
    for row in rows:
        mask = None if row["annotation"] is None else np.asarray(row["annotation"])
        image = row.get("image")
        if image is None:  # a data set that was converted without images
            image = Image.new("RGB", (160, 120) if mask is None else mask.shape[::-1], "white")
        image = image.convert("RGB")
        items.append((image, mask))
        captions.append(row["image_id"])
        if predictions is not None:
            found = predictions(row["image_id"])
            items.append((image, found))
            captions.append("prediction" if found is not None else "no prediction")
            if mask is not None and found is not None:
                items.append((difference(image, mask, found), None))
                captions.append("difference: blue right, orange wrong")
            else:
                items.append((image, None))
                captions.append("")
    about = PngImagePlugin.PngInfo()
    about.add_text(*SHEET_MARK)
    columns = 4 if predictions is None else 3 if len(items) <= 12 else 6
    named = {**names, IGNORE_ID + 1: "no class"}
    with atomic_write(path) as file:
        contact_sheet(items, captions=captions, names=named, columns=columns).save(file, "PNG", pnginfo=about)


def _write_page(
    args: argparse.Namespace, config: str, rows: Sequence[Mapping[str, Any]], predictions: Predictions | None
) -> None:
    """One page with the rows, by class."""
    labels = categories(config).names
    pictures = []
    for row in sorted(rows, key=lambda row: row["category"]):
        image = row.get("image")
        mask = row["annotation"]
        if mask is None:
            raise ImageNetSError(f"{config} {args.split} has no masks: --page shows masks, --output shows images too.")
        found = predictions(row["image_id"]) if predictions else None
        rgb = None if image is None else image.convert("RGB")
        rank = labels[row["category"]]
        pictures.append(draw(rank, row["image_id"], math.nan, np.asarray(mask), found, labels, rgb))
    notes = [f"{len(rows):,} images of {args.split}."]
    page = html_picture_page(pictures, title=f"ImageNet-S-{config}", notes=notes)
    with atomic_write(Path(args.page)) as file:
        file.write(page.encode("utf-8", "backslashreplace"))


def _predictions(args: argparse.Namespace, config: str) -> Predictions:
    """The predictions of a folder, zip or data set, by image id, after matching."""
    masks = find_masks(args.predictions, config, args.split)
    keys = {PurePosixPath(key).stem: key for key in masks.keys}
    match = load_match(args.match, int(config)) if args.match else None

    def read(image_id: str) -> NDArray[Any] | None:
        if image_id not in keys:
            return None
        ids = read_mask(masks.read(keys[image_id]), f"the prediction of {image_id}")
        return ids if match is None else matched_ids(ids, match)

    return read
