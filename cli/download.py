"""`imagenet-s download`: archives and lists into a folder, ahead of time."""

from __future__ import annotations

import argparse
import os
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Describe the command."""
    parser = subparsers.add_parser(
        "download",
        help="fetch the annotations: archives and lists, resumable, verified",
        description="Fetch the official annotation archives and lists into a folder that annotations_dir takes. What "
        "is there already is checked and kept; an interrupted download resumes where it stopped.",
        epilog="IMAGENET_S_ENDPOINT=https://mirror.example replaces the scheme and host of all addresses; the usual "
        "proxy variables are respected.",
    )
    parser.add_argument(
        "--annotations-dir",
        metavar="DIR",
        default=os.environ.get("IMAGENET_S_ANNOTATIONS_DIR"),
        help="where the files go (default: $IMAGENET_S_ANNOTATIONS_DIR)",
    )
    parser.add_argument("--config", choices=["50", "300", "919", "all"], default="919", help="default: 919")
    parser.add_argument("--no-verify", action="store_true", help="no checksums, and no look into the archive")
    parser.add_argument(
        "--no-prepare",
        dest="prepare",
        action="store_false",
        help="leave turning the masks into 16-bit grey PNGs (once, about a minute for 919) to the first use",
    )
    parser.add_argument("--json", metavar="FILE", help="the files as JSON too; - for stdout, in place of the table")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Do it.

    Returns:
        The exit code.
    """
    from dataclasses import asdict
    from pathlib import Path

    from imagenet_s.cli.output import hint, say, table, write_json
    from imagenet_s.conversion.annotations import open_annotations
    from imagenet_s.conversion.annotations.official_files import FetchedFile, fetch_all
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES

    if not args.annotations_dir:
        raise ImageNetSError("Where to? Give --annotations-dir DIR or set $IMAGENET_S_ANNOTATIONS_DIR.")
    folder = Path(args.annotations_dir).expanduser()
    configs = CONFIG_NAMES if args.config == "all" else (args.config,)
    files: list[FetchedFile] = []
    for config in configs:
        for file in fetch_all(folder, config, verify=not args.no_verify):
            hint(f"{file.file}: {file.state}")
            files.append(file)
    if args.json != "-":
        say(table([(file.config, file.file, file.bytes, file.state) for file in files], _HEADER))
    if args.json:
        write_json({"annotations_dir": str(folder), "files": [asdict(file) for file in files]}, args.json)
    if args.prepare and not args.no_verify:  # unverified files may not hold any masks
        for config in configs:
            opened = open_annotations(config, folder, verify=not args.no_verify)
            for split in ANNOTATED_SPLITS:
                opened.masks(split)
    hint(
        f"\nTo use them: load_dataset('imagenet_s', '{configs[-1]}', data_dir=..., annotations_dir='{folder}'),\n"
        f"or once for all: export IMAGENET_S_ANNOTATIONS_DIR={folder.resolve()}"
    )
    return 0


_HEADER = ("config", "file", "bytes", "state")
