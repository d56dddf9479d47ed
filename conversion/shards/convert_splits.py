"""`convert`: ImageNet and the annotations in, a data set repository out; safe to interrupt, resumed when run again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import logging
import os

from tqdm import tqdm

from ..annotations import resolve_annotations_dir
from ..converted.dataset_index import FORMATS, Index, ShardInfo, SplitIndex
from ..core.errors import ImageNetSError
from ..core.read_only_sources import refuse_overlap, refuse_same_folder
from ..core.workers import exit_if_importing_main
from ..dataset.image_selection import selected_splits
from ..dataset.source import Source, open_source
from ..facts import SPLITS, config_name
from ..facts.spellings import on_missing_policy, split_list
from ..imagenet.data_dir import resolve_data_dir
from .convert_options import DEFAULT_SPLITS, Options
from .executors import run_jobs
from .plan_shards import plan_shards
from .repository_files import read_index, write_index
from .resume import exclusive, must_rewrite, read_marker, remove_incomplete, start_split
from .shard_job import ShardJob
from .storage import Storage, open_storage
from .written_files import WrittenFiles

logger = logging.getLogger("imagenet_s")


def convert(
    data_dir: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    config: str | int = "919",
    annotations_dir: str | os.PathLike[str] | None = None,
    options: Options | None = None,
) -> Index:
    """Write the shards of a configuration and what a data set repository needs around them.

    What an interrupted run has finished is kept, and the same call resumes it. Other configurations and splits in the
    same `out` are kept beside it. The same source, arguments and pyarrow give the same bytes, whatever happened on the
    way and however many workers there were. With several workers, call it under `if __name__ == "__main__":`.

    Args:
        data_dir: ImageNet in any known layout; else `$IMAGENET_S_DATA_DIR`.
        out: a folder, or an address that fsspec knows (`s3://bucket/imagenet-s`).
        config: `"50"`, `"300"` or `"919"`.
        annotations_dir: as for the builder.
        options: see `Options`.

    Returns:
        What `out` holds now.

    Raises:
        ImageNetSError: the source is incomplete or damaged, or an earlier run differs; says which and in what.
        OSError: the disk is full, say. The shards written so far are kept.
    """
    options = options or Options()
    if options.image_ids is not None:  # an iterator is read once, and this is used several times
        options = dataclasses.replace(options, image_ids=tuple(options.image_ids))
    if options.workers > 1:
        exit_if_importing_main()
    config = config_name(config)
    splits = _checked(config, options)
    storage = open_storage(out)
    if not storage.shared and (options.workers > 1 or options.scheduler):
        raise ImageNetSError(f"{storage.url} is the memory of this process: only it can write there; use one worker.")
    imagenet = resolve_data_dir(data_dir)
    annotations_dir = resolve_annotations_dir(annotations_dir)
    refuse_overlap(storage.url, [imagenet.root], "OUT")
    refuse_same_folder(storage.url, annotations_dir, "OUT")
    source = open_source(config, imagenet, annotations_dir, options.verify, options.cache_dir)
    available = [split for split in splits if split in source.splits]
    if available and len(available) < len(splits):
        lacking = ", ".join(split for split in splits if split not in source.splits)
        absent = source.absent or f"{imagenet.root} holds no images of {lacking}."
        if options.splits is not None or options.on_missing != "skip":
            raise ImageNetSError(
                f"{absent} Convert the others alone: splits={json.dumps(available)} (--splits {' '.join(available)})."
            )
        logger.warning("%s", absent)
        splits = available
    splits = selected_splits(source, splits, options.image_ids)
    refuse_overlap(storage.url, [source.reader(split).root for split in splits], "OUT")
    with storage.readable_errors():
        _refuse_foreign(storage, config, splits, options)  # nothing is left in the folder of somebody else, no lock
    with storage.readable_errors(), exclusive(storage):
        return _convert(source, storage, splits, options)


def _convert(source: Source, storage: Storage, splits: list[str], options: Options) -> Index:
    config = source.config
    index, written_files = _refuse_foreign(storage, config, splits, options)
    remove_incomplete(storage, config, splits)
    planned = [plan_shards(source, split, storage, options) for split in splits]
    # Everything is looked at before anything is changed.
    to_restart = [record for record, _, _ in planned if must_rewrite(storage, index, record, options.restart)]
    for record in to_restart:
        written_files.refuse_foreign_shards(index, record)
    for record in to_restart:
        earlier_index = index
        # The index goes first: it must not name shards that are removed.
        if index.has_split(config, record.split):
            written_files.save()
            index = index.without_split(config, record.split)
            write_index(storage, index)
        start_split(storage, earlier_index, record)
    jobs = [job for _, split_jobs, _ in planned for job in split_jobs if not read_marker(storage, job.name)]
    try:
        _write_shards(jobs, storage, options)
    except BaseException:
        # Of workers that were killed. A cluster's may still be busy: theirs are left to the next run.
        if options.scheduler is None:
            with contextlib.suppress(OSError):
                remove_incomplete(storage, config, splits)
        raise
    remove_incomplete(storage, config, splits)
    for record, split_jobs, upright in planned:
        finished = tuple(_finished(storage, job.name) for job in split_jobs)
        shards_now = SplitIndex(record.order_seed, record.pyarrow, finished, upright)
        index = index.with_split(config, record.split, options.form, options.images, shards_now)
    written_files.write(index)
    write_index(storage, index)
    return index


def _checked(config: str, options: Options) -> list[str]:
    splits = split_list(DEFAULT_SPLITS if options.splits is None else options.splits, config)
    on_missing_policy(options.on_missing)
    if options.form not in FORMATS:
        raise ImageNetSError(f"format {options.form!r}: {' and '.join(FORMATS)} are known.")
    if options.workers < 1:
        raise ImageNetSError(f"workers={options.workers} (--workers): at least one is needed.")
    return [split for split in SPLITS if split in splits]


def _refuse_foreign(storage: Storage, config: str, splits: list[str], options: Options) -> tuple[Index, WrittenFiles]:
    """What the storage holds, once it is known that nothing of somebody else would be replaced."""
    index = read_index(storage) or Index()
    _refuse_other_kind(index, config, splits, options, storage)
    written_files = WrittenFiles(storage, index)
    written_files.refuse_foreign(index, config, options.form, splits)
    return index, written_files


def _refuse_other_kind(index: Index, config: str, splits: list[str], options: Options, storage: Storage) -> None:
    earlier = index.configs.get(config)
    if earlier is None or (earlier.form, earlier.images) == (options.form, options.images):
        return
    if options.restart and set(earlier.splits) <= set(splits):
        return
    kind = f"{earlier.form}, {'with' if earlier.images else 'without'} images"
    raise ImageNetSError(
        f"{storage.url} holds {config} as {kind}: all splits of a configuration have the same columns and format; "
        f"convert into another folder."
    )


def _write_shards(jobs: list[ShardJob], storage: Storage, options: Options) -> None:
    needed = sum(job.size for job in jobs)
    free = storage.free()
    if free is not None and free < needed:
        logger.warning("%s has %s bytes free, about %s are needed.", storage.url, f"{free:,}", f"{needed:,}")
    with tqdm(total=needed, unit="B", unit_scale=True, desc="writing shards", delay=1) as bar:
        try:
            run_jobs(jobs, options.workers, options.scheduler, lambda job: bar.update(job.size))
        except OSError as error:
            message = f"{error.strerror or error}; finished shards are kept, run it again to resume"
            raise (type(error)(error.errno, message, storage.url) if error.errno else OSError(message)) from error


def _finished(storage: Storage, shard: str) -> ShardInfo:
    info = read_marker(storage, shard)
    if info is None:
        raise ImageNetSError(
            f"{storage.url}/{shard} was written and is gone or changed: does something else work there?"
        )
    return info
