"""Convert: ImageNet and the annotations in, a data set repository out; safe to interrupt, and to run again."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from filelock import FileLock, Timeout
from tqdm import tqdm

from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import SPELLINGS, SPLITS, split_names
from imagenet_s.conversion.imagenet.base import ImageReader
from imagenet_s.conversion.imagenet.contents import FileContents, NoContents
from imagenet_s.conversion.imagenet.image_folder import ImageFolderReader
from imagenet_s.conversion.process_pool import Workers, early_workers
from imagenet_s.conversion.shards.beginning import begin_split, sweep
from imagenet_s.conversion.shards.executors import run_jobs
from imagenet_s.conversion.shards.index import Index, SplitIndex, read_index, write_index
from imagenet_s.conversion.shards.repository_files import write_surroundings
from imagenet_s.conversion.shards.resume import Record, make_record
from imagenet_s.conversion.shards.shard_job import WORKING_FOLDER, ShardJob, Written, packed, read_mark
from imagenet_s.conversion.shards.sharding import cut, parse_size, row_sizes
from imagenet_s.conversion.shards.storage import LocalPlace, Place, open_place
from imagenet_s.conversion.shards.writers import FORMATS, Format
from imagenet_s.conversion.source import open_source, resolve_annotations_dir, resolve_data_dir
from imagenet_s.conversion.split_plan import OnMissing, Source, check_plan, plan_split

logger = logging.getLogger("imagenet_s")

DEFAULT_SPLITS = ("train_semi", "validation", "test")
"""The splits that people evaluate on, about 5 GB for 919; `train` is more than 100 GB, and asked for by name."""


@dataclass(frozen=True)
class Options:
    """How to convert.

    Attributes:
        splits: of `split_names(config)`, in official spelling (`train-semi`) too.
        form: `"parquet"`, or `"arrow"` for `datasets.load_from_disk(OUT/<config>)`.
        images: False leaves out the pixels of ImageNet.
        max_shard_size: about how large a shard may become, `"500MB"`.
        workers: processes of this machine.
        scheduler: address of a Dask scheduler in their place.
        on_missing: what an incomplete ImageNet gets: `"error"`, or `"skip"` to go on without the images it lacks.
        verify: check annotations and counts against the official ones.
        restart: write splits anew that an earlier run with other arguments began or finished.
    """

    splits: Sequence[str] = DEFAULT_SPLITS
    form: Format = "parquet"
    images: bool = True
    max_shard_size: int | str = "500MB"
    workers: int = 1
    scheduler: str | None = None
    on_missing: OnMissing = "error"
    verify: bool = True
    restart: bool = False


def convert(
    data_dir: str | os.PathLike[str] | None,
    out: str | os.PathLike[str],
    config: str = "919",
    annotations_dir: str | os.PathLike[str] | None = None,
    options: Options | None = None,
) -> Index:
    """Write the shards of a configuration and what a data set repository needs around them.

    What an interrupted run has finished is kept: the same call goes on. Other configurations and splits in the same
    `out` are added to. The same source, arguments and pyarrow give the same bytes, whatever happened on the way and
    however many workers there were.

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
    splits = _checked(config, options)
    with early_workers(1 if options.scheduler else options.workers) or contextlib.nullcontext() as early:
        place = open_place(out)
        if not place.shared and (options.workers > 1 or options.scheduler):
            raise ImageNetSError(
                f"{place.url} is the memory of this process: others can't write there; use one worker."
            )
        source = open_source(
            config, resolve_data_dir(data_dir), resolve_annotations_dir(annotations_dir), options.verify
        )
        return _convert(source, place, splits, options, early)


def _convert(source: Source, place: Place, splits: list[str], options: Options, early: Workers | None) -> Index:
    config = source.config
    with place.readable_errors(), _only_one(place):
        index = read_index(place) or Index()
        _refuse_other_kind(index, config, options, place)
        sweep(place, config, splits)
        jobs: list[ShardJob] = []
        planned: list[tuple[Record, list[ShardJob]]] = []
        for split in splits:
            record, own = _plan(source, split, place, options)
            index = begin_split(place, index, record, options.restart)
            planned.append((record, own))
            jobs += [job for job in own if not read_mark(place, job.name)]
        _work(jobs, place, options, early)
        sweep(place, config, splits)
        for record, own in planned:
            shards = SplitIndex(record.order_seed, record.pyarrow, tuple(_mark(place, job.name) for job in own))
            index = index.with_split(config, record.split, options.form, options.images, shards)
        write_surroundings(place, index)
        write_index(place, index)
    return index


def _checked(config: str, options: Options) -> list[str]:
    known = split_names(config)
    splits = [SPELLINGS.get(one, one) for one in options.splits]
    if unknown := [one for one in splits if one not in known]:
        raise ImageNetSError(f"ImageNet-S-{config} has no split {unknown[0]!r}; it has {', '.join(known)}.")
    if options.form not in FORMATS:
        raise ImageNetSError(f"format {options.form!r}: {' and '.join(FORMATS)} are known.")
    if options.workers < 1:
        raise ImageNetSError(f"workers={options.workers}: at least one has to do it.")
    if not splits:
        raise ImageNetSError("no splits to convert were named.")
    return [one for one in SPLITS if one in splits]


def _refuse_other_kind(index: Index, config: str, options: Options, place: Place) -> None:
    there = index.configs.get(config)
    if there is None or (there.form, there.images) == (options.form, options.images):
        return
    if options.restart and set(there.splits) <= set(_checked(config, options)):
        return
    kind = f"{there.form}, {'with' if there.images else 'without'} images"
    raise ImageNetSError(
        f"{place.url} holds {config} as {kind}: all splits of a configuration have the same columns and format; "
        f"convert into another folder."
    )


def _plan(source: Source, split: str, place: Place, options: Options) -> tuple[Record, list[ShardJob]]:
    plan = plan_split(source, split, options.verify)
    check_plan(plan, source.config, options.on_missing)
    part: ImageReader = plan.part if options.images else NoContents(plan.part)
    measure = part.measure(plan.rows)
    rows = plan.rows
    if options.images and isinstance(part, ImageFolderReader):
        part, rows = FileContents(part), rows.append_column("size", pa.array(measure.sizes))
    target = parse_size(options.max_shard_size)
    sizes = row_sizes(rows, measure.sizes, plan.masks)
    pieces = cut(rows, sizes, part, target)
    record = make_record(
        config=source.config,
        split=split,
        form=options.form,
        images=options.images,
        max_shard_size=target,
        shards=len(pieces),
        rows=rows,
        source=measure.identity,
        masks=plan.masks,
    )
    jobs, start = [], 0
    for number, piece in enumerate(pieces):
        size = int(sizes[start : start + len(piece)].sum())
        start += len(piece)
        jobs.append(
            ShardJob(
                out=place.url,
                form=options.form,
                config=source.config,
                split=split,
                number=number,
                count=len(pieces),
                images=options.images,
                part=part,
                masks=plan.masks,
                rows=packed(piece),
                num_rows=len(piece),
                size=size,
                pyarrow=record.pyarrow,
            )
        )
    return record, jobs


def _work(jobs: list[ShardJob], place: Place, options: Options, early: Workers | None) -> None:
    needed = sum(job.size for job in jobs)
    free = place.free()
    if free is not None and free < needed:
        logger.warning("%s has %s bytes free, about %s are needed.", place.url, f"{free:,}", f"{needed:,}")
    with tqdm(total=needed, unit="B", unit_scale=True, desc="writing shards", delay=1) as bar:

        def done(job: ShardJob, written: Written) -> None:
            bar.update(job.size)

        report: Callable[[ShardJob, Written], None] = done
        try:
            run_jobs(jobs, options.workers, options.scheduler, report, early)
        except OSError as error:
            message = f"{error.strerror or error}; finished shards are kept, run it again to go on"
            raise (type(error)(error.errno, message, place.url) if error.errno else OSError(message)) from error


def _mark(place: Place, shard: str) -> Written:
    written = read_mark(place, shard)
    if written is None:
        raise ImageNetSError(f"{place.url}/{shard} was written and is gone or changed: does something else work there?")
    return written


@contextlib.contextmanager
def _only_one(place: Place) -> Iterator[None]:
    """Refuse a second conversion into the same folder; behind an address nobody can tell."""
    if not isinstance(place, LocalPlace):
        yield
        return
    folder = os.path.join(place.url, WORKING_FOLDER)
    os.makedirs(folder, exist_ok=True)
    lock: Any = FileLock(os.path.join(folder, "lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ImageNetSError(f"another conversion into {place.url} is running; wait for it, or stop it.") from error
    try:
        yield
    finally:
        lock.release()
