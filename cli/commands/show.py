"""`imagenet-s show`: masks over their images, predictions beside them: contact sheets as PNG, or a page."""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from PIL import Image, PngImagePlugin

from ...conversion.converted.dataset_index import Index
from ...conversion.core.atomic_write import atomic_write
from ...conversion.core.errors import ImageNetSError
from ...conversion.core.read_only_sources import refuse_overlap
from ...conversion.dataset.open_masks import masks_alone
from ...conversion.facts import categories
from ...conversion.imagenet.data_dir import resolve_data_dir
from ...conversion.masks.find_masks import find_masks
from ...metrics.matched_miou.matching import load_match
from ...metrics.matched_miou.read_mask import read_mask
from ...report.contact_sheets import sheet_of_rows
from ...report.mask_pictures import matched_ids, pictures_of_rows
from ...report.pictures_page import html_picture_page
from ...report.shown_rows import RowChoice, class_ids, read_ids, rows_of_converted, rows_of_imagenet, rows_of_masks
from ..existing_files import SHEET_MARK, is_sheet, refuse_foreign
from ..output import hint, say, write_page

Rows = Sequence[Mapping[str, Any]]
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
    rows = list(_rows(args, config, converted))
    if not rows:
        hint(f"{args.dataset} has no such rows of {config} {args.split}.")
        return 0
    id2label = categories(config).id2label
    for path, start in zip(sheets, range(0, len(rows), args.per_sheet)):
        write_sheet(sheet_of_rows(rows[start : start + args.per_sheet], id2label, predictions), path)
        say(str(path))
    if args.page:
        _write_page(args, config, rows, predictions)
        say(args.page)
    if predictions and (without := [row["image_id"] for row in rows if predictions(row["image_id"]) is None]):
        hint(
            f"{args.predictions} has no prediction for {len(without):,} of {len(rows):,} images, {without[0]} for one."
        )
    return 0


def _rows(args: argparse.Namespace, config: str, converted: tuple[str, Index] | None) -> Iterator[Mapping[str, Any]]:
    choice = RowChoice(class_ids(args.classes or (), config), read_ids(args.ids or ()), args.count, args.seed)
    if converted:
        return rows_of_converted(*converted, config, args.split, choice)
    if (masks := masks_alone(args.dataset, config, args.split)) is not None:
        return rows_of_masks(masks, config, args.split, choice)
    return rows_of_imagenet(
        args.dataset,
        config,
        args.split,
        choice,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )


def write_sheet(sheet: Image.Image, path: Path) -> None:
    """Write a contact sheet as PNG, which `is_sheet` recognises."""
    about = PngImagePlugin.PngInfo()
    about.add_text(*SHEET_MARK)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_write(path) as file:
        sheet.save(file, "PNG", pnginfo=about)


def _write_page(args: argparse.Namespace, config: str, rows: Rows, prediction_of: Predictions | None) -> None:
    if any(row["annotation"] is None for row in rows):
        raise ImageNetSError(f"{config} {args.split} has no masks: --page shows masks, --output shows images too.")
    pictures = pictures_of_rows(rows, categories(config).names, prediction_of or (lambda image_id: None))
    page = html_picture_page(pictures, title=f"ImageNet-S-{config}", notes=[f"{len(rows):,} images of {args.split}."])
    write_page(page, args.page)


def _predictions(args: argparse.Namespace, config: str) -> Predictions:
    """The predictions of a folder, zip or data set, by image id, after matching."""
    masks = find_masks(args.predictions, config, args.split)
    match = load_match(args.match, int(config)) if args.match else None

    def read(image_id: str) -> NDArray[Any] | None:
        if image_id not in masks.by_id:
            return None
        ids = read_mask(masks.read(masks.by_id[image_id]), f"the prediction of {image_id}")
        return ids if match is None else matched_ids(ids, match)

    return read
