"""`prepare_tree`: plan every split, then link or write its images and masks."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from tqdm import tqdm

from ..annotations import Member
from ..core.errors import ImageNetSError, some
from ..core.paths import local_path
from ..core.read_only_sources import refuse_overlap
from ..dataset.plan_check import check_plan, refuse_resized
from ..dataset.source import Source, open_source
from ..dataset.split_plan import SplitPlan, plan_split
from ..facts import MASK_FOLDERS, SPLIT_FOLDERS, config_name, tree_name
from ..facts.spellings import OnMissing, on_missing_policy, split_list
from ..imagenet.data_dir import resolve_data_dir
from .images import link_images, with_class_folders
from .linking import Linker, Outcome
from .temporary_folder import temporary_folder
from .unexpected_files import unexpected_files

logger = logging.getLogger("imagenet_s")

_ADVICE = ("SAVE_DIR", "links take no space")
"""For a tree that would lie in its source."""


@dataclass(frozen=True)
class PreparedSplit:
    """One split of a tree.

    Attributes:
        config: `"50"`, `"300"` or `"919"`.
        folder: its name in the tree, `"train-semi"`.
        images: how many it has.
        masks: how many it has in `<folder>-segmentation`; None for a split without annotations.
        new: files that this run linked, copied or wrote; every image behind a link to its folder counts.
        kept: files that were there already.
        replaced: files that replaced something else, with `overwrite`.
        strangers: other files in its folders, which stay.
    """

    config: str
    folder: str
    images: int
    masks: int | None
    new: int
    kept: int
    replaced: int
    strangers: tuple[str, ...]


def prepare_tree(
    config: str | int,
    data_dir: str | os.PathLike[str] | None,
    save_dir: str | os.PathLike[str],
    *,
    splits: Sequence[str] | None = None,
    copy: bool = False,
    overwrite: bool = False,
    annotations_dir: str | os.PathLike[str] | None = None,
    on_missing: OnMissing = "error",
    verify: bool = True,
) -> list[PreparedSplit]:
    """Write the official tree `SAVE_DIR/ImageNetS{config}`, as the official `data_preparation.sh` does.

    Images are symbolic links with absolute targets: whole class folders in `train` and `train-full` where a folder of
    the source is exactly a class, single files elsewhere. Masks are the official PNGs, byte for byte. Images from tars
    and Parquet become files of the bytes that are stored there. Running it again completes what is missing.

    Args:
        config: `"50"`, `"300"` or `"919"`.
        data_dir: ImageNet in any known layout; only read.
        save_dir: the folder to hold the tree; made if it does not exist.
        splits: names of `facts.SPLITS`; all of the configuration by default.
        copy: copy images instead of linking to them.
        overwrite: replace files and links that differ from what belongs in their place.
        annotations_dir: archives and lists, or extracted masks; downloaded by default.
        on_missing: what an incomplete ImageNet gets, as for the builder.
        verify: checksums and official counts, as for the builder.

    Returns:
        A description of each split.

    Raises:
        ImageNetSError: the source is incomplete, unreadable or a resized copy of ImageNet, the tree would lie in it, or
            something in the tree differs from what belongs there (everything else is complete then).
    """
    imagenet = resolve_data_dir(data_dir)
    config = config_name(config)
    on_missing_policy(on_missing)
    if splits is not None:
        splits = split_list(splits, config)
    save = os.path.abspath(local_path(save_dir, "save_dir"))
    tree = os.path.join(save, tree_name(config))
    refuse_overlap(tree, [imagenet.root], *_ADVICE)
    source = open_source(config, imagenet, annotations_dir, verify)
    # All plans first: an incomplete ImageNet is reported before anything is written.
    plans = []
    for split in tqdm(splits or source.splits, desc=f"looking for the images of {config}", unit="split", delay=1):
        plan = plan_split(source, split, verify, masks=False)
        check_plan(plan, config, on_missing)
        if split in MASK_FOLDERS:
            refuse_resized(plan, source.annotations_of(split).mask_sizes(split))
        plans.append(plan)
    read_from = {imagenet.root, *(plan.reader.root for plan in plans)}
    for plan in plans:
        for folder in _folders(tree, plan.split):
            refuse_overlap(folder, read_from, *_ADVICE)
    os.makedirs(tree, exist_ok=True)
    with temporary_folder(tree) as temporary:
        linkers = [Linker(temporary, overwrite) for _ in plans]
        prepared = [_prepare(source, tree, plan, linker, copy) for plan, linker in zip(plans, linkers)]
    _report(tree, prepared, sorted(set().union(*(linker.differing for linker in linkers))))
    return prepared


def _folders(tree: str, split: str) -> list[str]:
    """The folder of the images of a split, and that of its masks if it has any."""
    return [os.path.join(tree, names[split]) for names in (SPLIT_FOLDERS, MASK_FOLDERS) if split in names]


def _prepare(source: Source, tree: str, plan: SplitPlan, linker: Linker, copy: bool) -> PreparedSplit:
    folders = _folders(tree, plan.split)
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    rows = with_class_folders(plan)
    link_images(plan, rows, folders[0], linker, copy)
    unexpected = unexpected_files(folders[0], rows, ".JPEG")
    num_masks = None
    if plan.split in MASK_FOLDERS:
        masks = _write_masks(source.annotations_of(plan.split).official_masks(plan.split), rows, folders[1], linker)
        num_masks = masks.num_rows
        unexpected += [f"{MASK_FOLDERS[plan.split]}/{name}" for name in unexpected_files(folders[1], masks, ".png")]
    return PreparedSplit(
        config=source.config,
        folder=SPLIT_FOLDERS[plan.split],
        images=rows.num_rows,
        masks=num_masks,
        new=linker.counts[Outcome.NEW],
        kept=linker.counts[Outcome.KEPT],
        replaced=linker.counts[Outcome.REPLACED],
        strangers=tuple(unexpected),
    )


def _write_masks(masks: Iterable[tuple[Member, bytes]], rows: pa.Table, folder: str, linker: Linker) -> pa.Table:
    """Write the official PNGs of the images that are there; `image_id` and `class_folder` of what was written."""
    written = []
    images = set(rows["image_id"].to_pylist())
    for member, png in tqdm(masks, total=rows.num_rows, desc="/".join(folder.split(os.sep)[-2:]), unit="mask", delay=1):
        if member.image_id in images:
            linker.write(png, f"{folder}/{member.wnid}", f"{member.image_id}.png")
            written.append({"image_id": member.image_id, "class_folder": member.wnid})
    return pa.Table.from_pylist(written, pa.schema([("image_id", pa.string()), ("class_folder", pa.string())]))


def _report(tree: str, prepared: Sequence[PreparedSplit], differing: Sequence[str]) -> None:
    for split in prepared:
        if split.strangers:
            files = some(list(split.strangers))
            logger.warning("%s/%s holds files that are not of the split; they stay: %s.", tree, split.folder, files)
    if differing:
        shown = some([os.path.relpath(path, tree) for path in differing], 10)
        places = f"{len(differing):,} place" + "s" * (len(differing) > 1)
        raise ImageNetSError(
            f"{tree} holds something else than what belongs there in {places}, not touched: {shown}. Everything else "
            "is complete. Move them away, or let --overwrite (overwrite=True) replace files and links; a folder is "
            "never replaced."
        )
