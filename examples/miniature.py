"""Where the examples find their data: the ImageNet that is named, or else a generated miniature."""

from __future__ import annotations

import argparse
import atexit
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from imagenet_s import ImageNetSError
from imagenet_s.conversion.synthetic import write_annotations, write_imagenet


def data_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with what all examples take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", help="ImageNet in any layout; a generated miniature where it is not given")
    parser.add_argument("--annotations-dir", help="where the masks are; downloaded where it is not given")
    parser.add_argument("--config", default="50", choices=("50", "300", "919"), help="which ImageNet-S (50)")
    parser.add_argument(
        "--no-verify",
        action="store_true",
        help="check neither checksums nor the official counts: for miniatures and subsets of your own",
    )
    return parser


def positive(text: str) -> int:
    """A number of at least 1, for an option."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: expected at least 1")
    return value


def data_options(args: argparse.Namespace, folder: str | os.PathLike[str] | None = None) -> dict[str, Any]:
    """What to pass to `imagenet_s.load_dataset`.

    Args:
        args: of `data_parser`.
        folder: where a miniature is written; a temporary folder, which the end of the script removes, if None.
    """
    if args.data_dir:
        return {"data_dir": args.data_dir, "annotations_dir": args.annotations_dir, "verify": not args.no_verify}
    if folder is None:
        temporary = tempfile.TemporaryDirectory(prefix="imagenet-s-example-")
        atexit.register(temporary.cleanup)
        folder = temporary.name
    place = Path(folder)
    write_imagenet(place / "imagenet", "folders")
    write_annotations(place / "annotations", "archives")
    return {
        "data_dir": str(place / "imagenet"),
        "annotations_dir": str(place / "annotations"),
        "verify": False,  # a miniature has neither the official checksums nor the official counts
        "cache_dir": str(place / "cache"),
    }


def command_options(args: argparse.Namespace, data: dict[str, Any]) -> list[str]:
    """What a command of `imagenet-s` takes to read the same data."""
    annotations_dir = data["annotations_dir"]
    return [
        "--config",
        args.config,
        *(["--annotations-dir", annotations_dir] if annotations_dir else []),
        *([] if data["verify"] else ["--no-verify"]),
    ]


def run(main: Callable[[], None]) -> None:
    """Run a script. What its user can mend ends it with one sentence; IMAGENET_S_DEBUG=1 shows the traceback."""
    try:
        main()
    except (ImageNetSError, OSError) as error:  # an OSError also for a model that can't be fetched
        if os.environ.get("IMAGENET_S_DEBUG"):
            raise
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
