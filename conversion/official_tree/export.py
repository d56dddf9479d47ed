"""`prepare_tree`: plan every split, then link or write its images and masks.

Imports `errors`, `cache`, `facts`, `source`, `split_plan`, and the modules beside it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
from tqdm import tqdm

from imagenet_s.conversion.cache import cache_dir, locked
from imagenet_s.conversion.errors import ImageNetSError, some
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, MASK_FOLDERS, SPLIT_FOLDERS, split_names, tree_name
from imagenet_s.conversion.official_tree.images import link_images, with_class_folders
from imagenet_s.conversion.official_tree.linking import Linker, Outcome, Tally, linker_for
from imagenet_s.conversion.official_tree.safety import refuse_source, unexpected_files
from imagenet_s.conversion.source import open_source, resolve_data_dir
from imagenet_s.conversion.split_plan import OnMissing, SplitPlan, check_plan, plan_split

logger = logging.getLogger("imagenet_s")


@dataclass(frozen=True)
class PreparedSplit:
    """One split of a tree.

    Attributes:
        config: `"50"`, `"300"` or `"919"`.
        folder: its name in the tree, `"train-semi"`.
        images: how many it has.
        masks: how many it has in `<folder>-segmentation`; None for a split without annotations.
        new: files (or images behind a new link to their folder) that this run brought.
        kept: those that were there already.
        replaced: those that took the place of something else, with `overwrite`.
        strangers: what else lies in its folders, and is left alone.
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
    config: str,
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
        save_dir: the folder to hold the tree; made if need be.
        splits: names of `facts.SPLITS`; all of the configuration by default.
        copy: copy images instead of linking to them.
        overwrite: replace files and links that differ from what belongs in their place.
        annotations_dir: archives and lists, or extracted masks; downloaded by default.
        on_missing: what an incomplete ImageNet gets, as for the builder.
        verify: checksums and official counts, as for the builder.

    Returns:
        A description of each split.

    Raises:
        ImageNetSError: the source is incomplete or unreadable, the tree would lie in it, or something in the tree
            differs from what belongs there (what does not is in place then).
    """
    data_dir = resolve_data_dir(data_dir)
    known = split_names(config)
    if unknown := [one for one in splits or () if one not in known]:
        raise ImageNetSError(f"ImageNet-S-{config} has no split {unknown[0]!r}; it has {', '.join(known)}.")
    save = os.path.abspath(os.path.expanduser(os.fspath(save_dir)))
    tree = os.path.join(save, tree_name(config))
    refuse_source(tree, [data_dir])
    source = open_source(config, data_dir, annotations_dir, verify)
    # All plans first: an incomplete ImageNet is reported before anything is written.
    plans = []
    for split in tqdm(splits or source.splits, desc=f"looking for the images of {config}", unit="split", delay=1):
        plan = plan_split(source, split, verify, masks=False)
        check_plan(plan, config, on_missing)
        plans.append(plan)
    read_from = {data_dir, *(plan.reader.root for plan in plans)}
    for plan in plans:
        for folder in _folders(tree, plan.split):
            refuse_source(folder, read_from)
    prepared, differing = [], Tally()
    key = hashlib.sha256(os.path.realpath(tree).encode()).hexdigest()[:16]
    with locked(cache_dir("trees") / f"{key}.lock", f"prepares {tree}"):
        os.makedirs(tree, exist_ok=True)
        with linker_for(tree, socket.gethostname(), overwrite) as linker:
            for plan in plans:
                masks = source.official_masks(plan.split) if plan.split in ANNOTATED_SPLITS else None
                one, tally = _prepare(config, tree, plan, masks, linker, copy)
                prepared.append(one)
                differing.merge(tally)
    _report(tree, prepared, list(differing.differing))
    return prepared


def _folders(tree: str, split: str) -> list[str]:
    names = [SPLIT_FOLDERS[split], *([MASK_FOLDERS[split]] if split in ANNOTATED_SPLITS else [])]
    return [os.path.join(tree, name) for name in names]


def _prepare(
    config: str, tree: str, plan: SplitPlan, masks: Iterable | None, linker: Linker, copy: bool
) -> tuple[PreparedSplit, Tally]:
    folders = _folders(tree, plan.split)
    for folder in folders:
        os.makedirs(folder, exist_ok=True)
    rows = with_class_folders(plan)
    tally = link_images(plan, rows, folders[0], linker, copy)
    others = unexpected_files(folders[0], rows["class_folder"], rows["file_name"])
    num_masks = None
    if masks is not None:
        there, mask_tally = _write_masks(masks, rows, folders[1], linker)
        tally.merge(mask_tally)
        num_masks = there.num_rows
        others += tuple(
            f"{os.path.basename(folders[1])}/{one}"
            for one in unexpected_files(folders[1], there["class_folder"], there["file_name"])
        )
    one = PreparedSplit(
        config=config,
        folder=SPLIT_FOLDERS[plan.split],
        images=rows.num_rows,
        masks=num_masks,
        new=tally.counts[Outcome.NEW],
        kept=tally.counts[Outcome.KEPT],
        replaced=tally.counts[Outcome.REPLACED],
        strangers=others,
    )
    return one, tally


def _write_masks(masks: Iterable, rows: pa.Table, folder: str, linker: Linker) -> tuple[pa.Table, Tally]:
    """The official PNGs of the images that are there."""
    tally = Tally()
    places: dict[str, list[str]] = {"class_folder": [], "file_name": []}
    images = set(rows["image_id"].to_pylist())
    for member, png in tqdm(masks, total=rows.num_rows, desc="/".join(folder.split(os.sep)[-2:]), unit="mask", delay=1):
        if member.image_id not in images:
            continue
        class_folder, name = f"{folder}/{member.wnid}", f"{member.image_id}.png"
        places["class_folder"].append(member.wnid)
        places["file_name"].append(name)
        path = f"{class_folder}/{name}" if linker.folder(class_folder) else class_folder
        tally.add(linker.write(png, path) if path != class_folder else Outcome.DIFFERS, path)
    return pa.table(places, pa.schema([("class_folder", pa.string()), ("file_name", pa.string())])), tally


def _report(tree: str, prepared: Sequence[PreparedSplit], differing: list[str]) -> None:
    for one in prepared:
        if one.strangers:
            logger.warning(
                "%s/%s holds what belongs to no list, left alone: %s.", tree, one.folder, some(list(one.strangers)),
            )  # fmt: skip
    if differing:
        shown = some([os.path.relpath(path, tree) for path in differing], 10)
        places = f"{len(differing):,} place" + "s" * (len(differing) > 1)
        raise ImageNetSError(
            f"{tree} holds something else than what belongs there in {places}, left alone: {shown}. Everything else is "
            "in place. Move them away, or let --overwrite (overwrite=True) replace files and links; a folder is never "
            "replaced."
        )
