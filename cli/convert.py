"""`imagenet-s convert`: shards, card and id2label.json: OUT becomes a data set repository."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from imagenet_s.cli.options import add_imagenet_options, config_argument
from imagenet_s.cli.output import hint, say, table, write_json

if TYPE_CHECKING:
    from imagenet_s.conversion.dataset_index import Index


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "convert",
        help="write Parquet shards that plain datasets reads, with card and id2label.json",
        description="Write ImageNet-S as a data set repository: shards of Parquet (or Arrow), a card, id2label.json "
        "and an index. Safe to interrupt: the same command goes on where it stopped. A further configuration or split "
        "with the same OUT adds to it.",
        epilog="convert --verify OUT reads a finished result again, byte by byte.",
    )
    parser.add_argument("imagenet", metavar="IMAGENET", nargs="?", help="the folder that holds ImageNet, in any layout")
    parser.add_argument("out", metavar="OUT", nargs="?", help="a folder, or an address such as s3://bucket/imagenet-s")
    parser.add_argument("--config", type=config_argument, default="919", help="50, 300 or 919 (default)")
    parser.add_argument("--format", choices=("parquet", "arrow"), default="parquet", help="arrow: for load_from_disk")
    parser.add_argument("--no-images", dest="images", action="store_false", help="ids, classes and masks only")
    parser.add_argument("--max-shard-size", default="500MB", metavar="SIZE", help="default: 500MB")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="processes of this machine (default: 1)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="a Dask cluster instead: tcp://host:8786")
    parser.add_argument("--restart", action="store_true", help="write anew what an earlier, different run began")
    parser.add_argument("--verify", dest="verify_out", metavar="OUT", help="compare a finished result with its index")
    parser.add_argument("--json", metavar="FILE", help="the result as JSON too; - for stdout, in place of the table")
    add_imagenet_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it.

    Returns:
        The exit code.
    """
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.shards import DEFAULT_SPLITS, Options, convert, verify

    if args.verify_out is not None:
        if args.imagenet is not None:
            raise ImageNetSError("--verify OUT reads a finished result: it takes no IMAGENET.")
        index = verify(args.verify_out)
        _report(index, args.json)
        hint("All of it is as the index says.")
        return 0
    if args.out is None:
        raise ImageNetSError("say where ImageNet is and where to write: imagenet-s convert IMAGENET OUT")
    options = Options(
        splits=tuple(args.splits or DEFAULT_SPLITS),
        form=args.format,
        images=args.images,
        max_shard_size=args.max_shard_size,
        workers=args.workers,
        scheduler=args.scheduler,
        on_missing=args.on_missing,
        verify=args.verify,
        restart=args.restart,
    )
    index = convert(args.imagenet, args.out, args.config, args.annotations_dir, options)
    _report(index, args.json)
    read = "load_from_disk" if args.format == "arrow" else "load_dataset"
    what = f'"{args.out}/{args.config}"' if args.format == "arrow" else f'"{args.out}", "{args.config}"'
    hint(f"\nTo read it: datasets.{read}({what})\nTo push it: imagenet-s push {args.out} --repo-id NAME/imagenet-s")
    return 0


def _report(index: Index, json: str | None) -> None:
    rows = [
        (config, name, split.rows, len(split.shards), split.bytes)
        for config, one in index.configs.items()
        for name, split in one.splits.items()
    ]
    header = ("config", "split", "images", "files", "bytes")
    if json != "-":
        say(table(rows, header))
    if json:
        write_json([dict(zip(header, row)) for row in rows], json)
