"""`imagenet-s convert`: shards, card and id2label.json: OUT becomes a data set repository."""

from __future__ import annotations

import argparse
import glob
import os

from ...conversion.converted.dataset_index import Index
from ...conversion.core.errors import ImageNetSError
from ...conversion.core.paths import is_address
from ...conversion.shards import Options, convert, verify
from ...conversion.shards.writers import data_files
from ..next_steps import call, command
from ..output import hint, say, table, write_json


def run(args: argparse.Namespace) -> int:
    if args.verify_out is not None:
        if args.imagenet is not None:
            raise ImageNetSError("--verify OUT reads a finished result: it takes no IMAGENET.")
        given = [name for name in ("config", "splits", "annotations_dir", "scheduler") if getattr(args, name)]
        if given:
            raise ImageNetSError(
                f"--verify OUT reads all of a finished result, every configuration and split: it takes no "
                f"--{given[0].replace('_', '-')}."
            )
        index = verify(args.verify_out)
        _report(index, args.json)
        hint("All of it is as the index says.")
        return 0
    if args.out is None:
        raise ImageNetSError("say where ImageNet is and where to write: imagenet-s convert IMAGENET OUT")
    config = args.config or "919"
    options = Options(
        splits=args.splits or None,
        form=args.format,
        images=args.images,
        max_shard_size=args.max_shard_size,
        workers=args.workers,
        scheduler=args.scheduler,
        on_missing=args.on_missing,
        verify=args.verify,
        restart=args.restart,
    )
    index = convert(args.imagenet, args.out, config, args.annotations_dir, options)
    _report(index, args.json)
    hint("\n" + "\n".join(_next_steps(index, str(args.out), config)))
    return 0


def _next_steps(index: Index, out: str, config: str) -> list[str]:
    part = index.configs[config]
    if part.form == "arrow":
        read = call("datasets.load_from_disk", f"{out}/{config}")
    elif not is_address(out) and not glob.has_magic(out):
        # A name alone may be part that `datasets` knows otherwise: parquet, say.
        read = call("datasets.load_dataset", out if os.path.dirname(out) else os.path.join(".", out), config)
    else:  # `load_dataset` knows no data set behind an address or a name such as `out[1]`, but files
        folder = out if is_address(out) else glob.escape(out)
        files = {
            split: f"{folder}/{data_files(part.form, config, split, len(shards.shards))}"
            for split, shards in part.splits.items()
        }
        read = call("datasets.load_dataset", "parquet", data_files=files)
    steps = [f"To read it: {read}"]
    if not is_address(out):
        steps.append(f"To push it: {command('push', out, '--repo-id', 'NAME/imagenet-s')}")
    return [*steps, f"To check it: {command('convert', '--verify', out)}"]


def _report(index: Index, json: str | None) -> None:
    rows = [
        (config, name, split.rows, len(split.shards), split.bytes)
        for config, part in index.configs.items()
        for name, split in part.splits.items()
    ]
    header = ("config", "split", "images", "files", "bytes")
    if json:
        write_json([dict(zip(header, row)) for row in rows], json)
    if json != "-":
        say(table(rows, header))
