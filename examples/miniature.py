"""Where the examples find their data: the ImageNet that is named, or else a generated miniature."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

from imagenet_s.conversion.synthetic import write_annotations, write_imagenet


def data_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser with what all examples take."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", help="ImageNet in any layout; a generated miniature where it is not given")
    parser.add_argument("--annotations-dir", help="where the masks are; downloaded where it is not given")
    parser.add_argument("--config", default="50", choices=("50", "300", "919"), help="which ImageNet-S (50)")
    return parser


def data_options(args: argparse.Namespace) -> dict[str, Any]:
    """What to pass to `imagenet_s.load_dataset`."""
    if args.data_dir:
        return {"data_dir": args.data_dir, "annotations_dir": args.annotations_dir}
    folder = Path(tempfile.mkdtemp(prefix="imagenet-s-example-"))
    write_imagenet(folder / "imagenet", "folders")
    write_annotations(folder / "annotations", "archives")
    # A miniature has neither the official checksums nor the official counts.
    return {"data_dir": str(folder / "imagenet"), "annotations_dir": str(folder / "annotations"), "verify": False}
