"""`imagenet-s download`: archives and lists into a folder, ahead of time."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from imagenet_s.cli.output import hint, say, table, write_json
from imagenet_s.conversion.annotations import open_annotations
from imagenet_s.conversion.annotations.official_files import FetchedFile, fetch_all
from imagenet_s.conversion.errors import ImageNetSError
from imagenet_s.conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES


def run(args: argparse.Namespace) -> int:
    """Run the command."""
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
