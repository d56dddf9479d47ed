"""`imagenet-s distance-match`: a pre-trained backbone evaluated by the distance matching protocol, start to end."""

from __future__ import annotations

import argparse
import os
from typing import Any

from imagenet_s.cli.options import add_imagenet_options, config_argument
from imagenet_s.cli.output import hint, say


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "distance-match",
        help="predict with a pre-trained backbone: pixels get the class of the nearest train_semi segments",
        description="The distance matching protocol: the mean features of the annotated train_semi segments are the "
        "classes, and a pixel of another image gets the class that its 10 nearest segments vote for. Writes "
        "OUTPUT/<split>/<wnid>/<image_id>.png for `evaluate` and `submit`, and OUTPUT/embeddings.npz. Run it again to "
        "resume after an interruption.",
    )
    parser.add_argument("imagenet", metavar="IMAGENET", help="any ImageNet, or the official tree")
    parser.add_argument("output", metavar="OUTPUT", help="a folder for the predictions of this backbone")
    parser.add_argument(
        "--backbone",
        required=True,
        metavar="MODEL",
        help="a folder that transformers.AutoModel loads (or a name on the Hub), or module:name of a Python callable "
        "from B x 3 x H x W images, normalised as ImageNet, to B x D x h x w features",
    )
    parser.add_argument("--config", type=config_argument, default="919", help="50, 300 or 919 (default)")
    parser.add_argument("--size", type=int, default=256, metavar="N", help="short side of the images (default: 256)")
    parser.add_argument("--multiple", type=int, metavar="N", help="round sides to this (default: the patch size, or 1)")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="segments that vote (default: 10)")
    parser.add_argument("--temperature", type=float, default=0.07, help="of their votes (default: 0.07)")
    parser.add_argument("--batch-size", type=int, default=16, metavar="N", help="images at a time (default: 16)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes that decode (default: 2)")
    parser.add_argument("--device", help="as torch names it (default: cuda where there is one, else cpu)")
    add_imagenet_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Embed train_semi, then predict split by split."""
    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.conversion.submission.writer import PredictionWriter

    splits = args.splits or ["validation"]
    if wrong := [one for one in splits if one not in ("validation", "test")]:
        raise ImageNetSError(f"--splits {wrong[0]}: validation (the default) and test are predicted.")
    try:
        import torch
    except ImportError as error:
        raise ImageNetSError("distance-match needs PyTorch: pip install 'imagenet-s[torch]'.") from error
    from imagenet_s.metrics.distance_matching.backbone import open_backbone
    from imagenet_s.metrics.distance_matching.protocol import DistanceMatching

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
    if "validation" in splits:
        hint(f"Score it: imagenet-s evaluate --predict-dir {args.output}/validation --gt-dir GT --config {args.config}")
    if "test" in splits:
        hint(f"Submit it: imagenet-s submit {args.output}/test OUT.zip --config {args.config} --protocol distance ...")
    return 0


def _load(args: argparse.Namespace, split: str) -> Any:
    import imagenet_s

    return imagenet_s.load_dataset(
        args.config,
        data_dir=args.imagenet,
        split=split,
        annotations_dir=args.annotations_dir,
        on_missing=args.on_missing,
        verify=args.verify,
    )
