"""`imagenet-s subset`: the images of a subset that anyone can draw again."""

from __future__ import annotations

import argparse

from ...conversion.dataset.subset import subset, subset_digest
from ..output import hint, say


def run(args: argparse.Namespace) -> int:
    """Draw and print."""
    chosen = subset(
        args.config,
        args.split,
        args.n,
        args.seed,
        args.annotations_dir,
        data_dir=args.imagenet,
        verify=args.verify,
    )
    say("\n".join(chosen))
    hint(
        f"{len(chosen):,} images of {args.split} of ImageNet-S-{args.config}, seed {args.seed}, digest "
        f"{subset_digest(chosen)}. A file of these lines goes with --list of evaluate and evaluate-maps, and --ids of "
        "show."
    )
    return 0
