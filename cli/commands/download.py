"""`imagenet-s download`: archives and lists into a folder, ahead of time."""

from __future__ import annotations

import argparse
import shlex
from dataclasses import asdict
from pathlib import Path

from ...conversion.annotations import open_annotations, read_notes, unusable_masks
from ...conversion.annotations.official_files import FetchedFile, fetch_all, official_files
from ...conversion.core.errors import DownloadError, ImageNetSError
from ...conversion.facts import ANNOTATED_SPLITS, CONFIG_NAMES
from ..next_steps import call
from ..output import hint, say, table, write_json


def run(args: argparse.Namespace) -> int:
    if not args.annotations_dir:
        raise ImageNetSError("Where to? Give --annotations-dir DIR or set $IMAGENET_S_ANNOTATIONS_DIR.")
    folder = Path(args.annotations_dir)
    configs = CONFIG_NAMES if args.config == "all" else (args.config,)
    files: list[FetchedFile] = []
    for config in configs:
        try:
            for file in fetch_all(folder, config, verify=not args.no_verify):
                hint(f"{file.file}: {file.state}")
                files.append(file)
        except DownloadError as error:
            raise DownloadError(f"{error} {_without_connection(folder, config)}") from error
    if args.json:
        write_json({"annotations_dir": str(folder), "files": [asdict(file) for file in files]}, args.json)
    if args.json != "-":
        say(table([(file.config, file.file, file.bytes, file.state) for file in files], _HEADER))
    if args.prepare and not args.no_verify:  # unverified files may not hold any masks
        for config in configs:
            opened = open_annotations(config, folder, verify=not args.no_verify)
            for split in ANNOTATED_SPLITS:
                if unusable := read_notes(opened.prepared_masks(split)).unusable:
                    hint(unusable_masks(unusable, opened.members(split).num_rows, f"{split} of {config}"))
    unverified = {"verify": False} if args.no_verify else {}
    use = call(
        "load_dataset", "imagenet_s", configs[-1], data_dir="IMAGENET", annotations_dir=str(folder), **unverified
    )
    variable = shlex.quote(str(folder.resolve()))
    hint(f"\nTo use them: {use}\nOr once for all: export IMAGENET_S_ANNOTATIONS_DIR={variable}")
    return 0


def _without_connection(folder: Path, config: str) -> str:
    """What to do where this machine can't fetch what is missing."""
    files = official_files(config)
    missing = [file for file in files if not (folder / file.name).exists()]
    return (
        f"Once there is a connection, the same command goes on. Or fetch them on another machine, under these names, "
        f"into {folder}, and run it again to check them; or name a mirror with IMAGENET_S_ENDPOINT:\n"
        + "\n".join(f"- {file.name} from {file.url}" for file in missing)
    )


_HEADER = ("config", "file", "bytes", "state")
