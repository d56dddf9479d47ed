"""`imagenet-s distance-match`: a pre-trained backbone evaluated by the distance matching protocol, start to end."""

from __future__ import annotations

import argparse
import os
from typing import Any

from ...conversion.core.errors import ImageNetSError
from ...conversion.core.read_only_sources import refuse_overlap
from ...conversion.dataset.load import load_dataset
from ...conversion.imagenet.data_dir import resolve_data_dir
from ...conversion.submission.prediction_writer import PredictionWriter
from ..next_steps import annotation_options, command
from ..output import hint, say


def run(args: argparse.Namespace) -> int:
    """Embed train_semi, then predict split by split."""
    refuse_overlap(args.output, [resolve_data_dir(args.imagenet).root], "OUTPUT")
    splits = args.splits or ["validation"]
    if wrong := [split for split in splits if split not in ("validation", "test")]:
        raise ImageNetSError(f"--splits {wrong[0]}: validation (the default) and test are predicted.")
    try:
        import torch

        from ...metrics.distance_matching.backbone import open_backbone
        from ...metrics.distance_matching.embed_and_predict import DistanceMatching
    except ImportError as error:
        raise ImageNetSError('distance-match needs PyTorch: pip install "imagenet-s[torch]".') from error

    device = torch.device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    backbone = open_backbone(args.backbone, device, args.multiple)
    matching = DistanceMatching(
        backbone, device, args.size, args.k, args.temperature, batch_size=args.batch_size, workers=args.workers
    )
    bank, bank_ids = matching.embedding_bank(args.output, args.config, lambda: _load(args, "train_semi"))
    for split in splits:
        rows = _load(args, split)
        folder = os.path.join(args.output, split)
        with PredictionWriter(folder, args.config) as writer:
            names = zip(rows["image_id"][:], rows["wnid"][:])
            todo = [i for i, (image_id, wnid) in enumerate(names) if not writer.has(image_id, wnid)]
            if done := len(rows) - len(todo):
                hint(f"{split}: {done:,} predictions are there already.")
            for image, ids in matching.predictions(rows.select(todo), bank, bank_ids, f"predicting {split}"):
                writer.write(image.image_id, ids, image.wnid)
            say(f"{folder}: {len(rows):,} predictions, {writer.written:,} of them new")
    common = ["--config", args.config]
    if "validation" in splits:
        masks = args.annotations_dir or "GT"
        where = ["--predict-dir", f"{args.output}/validation", "--gt-dir", masks]
        where += ["--on-missing", "skip"] if args.on_missing == "skip" else []
        hint(f"Score it: {command('evaluate', *where, *common)}")
    if "test" in splits:
        packed = [f"{args.output}/test", "OUT.zip", *common, "--protocol", "distance"]
        packed += ["--imagenet", str(args.imagenet), *annotation_options(args)]  # it compares the sizes
        when = "Pack it" if args.on_missing == "error" else "Pack it, once no image of the list is missing"
        hint(f"{when}: {command('submit', *packed)}")
    return 0


def _load(args: argparse.Namespace, split: str) -> Any:
    return load_dataset(
        args.config,
        data_dir=args.imagenet,
        split=split,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )
