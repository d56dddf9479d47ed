"""`imagenet-s distance-match`: a pre-trained backbone evaluated by the distance matching protocol, start to end."""

from __future__ import annotations

import argparse
import json
import os
from typing import Any

from imagenet_s.cli.options import add_imagenet_options, config_argument
from imagenet_s.cli.output import hint, say

_UPSAMPLING = 4
"""How much finer than the backbone's the feature maps are that segments and pixels are taken from (PASS)."""


def add_parser(commands: Any) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "distance-match",
        help="predict with a pre-trained backbone: pixels get the class of the nearest train_semi segments",
        description="The distance matching protocol: the mean features of the annotated train_semi segments are the "
        "classes, and a pixel of another image gets the class that its 10 nearest segments vote for. Writes "
        "OUTPUT/<split>/<wnid>/<image_id>.png for `evaluate` and `submit`, and OUTPUT/embeddings.npz. Run it again to "
        "go on after an interruption.",
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

    splits = args.splits or ["validation"]
    if wrong := [one for one in splits if one not in ("validation", "test")]:
        raise ImageNetSError(f"--splits {wrong[0]}: validation (the default) and test are predicted.")
    try:
        import torch
    except ImportError as error:
        raise ImageNetSError("distance-match needs PyTorch: pip install 'imagenet-s[torch]'.") from error
    from imagenet_s.cli.backbones import open_backbone

    device = torch.device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    backbone = open_backbone(args.backbone, device, args.multiple)
    made_with = {
        "config": args.config,
        "backbone": backbone.identity,
        "size": args.size,
        "multiple": backbone.multiple,
        "k": args.k,
        "temperature": args.temperature,
    }
    with torch.inference_mode():
        bank, ids = _bank(args, made_with, backbone, device)
        for split in splits:
            _predict(args, split, backbone, device, bank, ids)
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


def _features(args: argparse.Namespace, rows: Any, backbone: Any, device: Any, description: str) -> Any:
    """(example, D x h x w features) of every row, in whatever order makes good batches."""
    import torch
    from torch.utils.data import DataLoader
    from tqdm import tqdm

    from imagenet_s.cli.distance_images import Examples, batches
    from imagenet_s.metrics.distance_matching import upsample

    loader: Any = DataLoader(
        Examples(rows, args.size, backbone.multiple),  # type: ignore[arg-type]
        batch_size=None,
        num_workers=args.workers,
    )
    with tqdm(total=len(rows), desc=description, unit="image", delay=1) as bar:
        for batch in batches(loader, args.batch_size):
            pixels = torch.stack([torch.as_tensor(one.pixels) for one in batch]).to(device)
            for example, features in zip(batch, backbone.features(pixels)):
                yield example, upsample(features, _UPSAMPLING)
            bar.update(len(batch))


def _bank(args: argparse.Namespace, made_with: dict[str, Any], backbone: Any, device: Any) -> tuple[Any, Any]:
    """The embeddings of train_semi: from OUTPUT, where they are kept, or made now."""
    import numpy as np
    import torch

    from imagenet_s.conversion.errors import ImageNetSError
    from imagenet_s.metrics.distance_matching import segment_embeddings

    path = os.path.join(args.output, "embeddings.npz")
    if os.path.exists(path):
        with np.load(path) as kept:
            before = json.loads(str(kept["made_with"]))
            if before != made_with:
                other = [f"{key} {before.get(key)} and now {value}" for key, value in made_with.items()
                         if before.get(key) != value]  # fmt: skip
                raise ImageNetSError(
                    f"{args.output} was begun with {', '.join(other)}: give another OUTPUT, or remove this one."
                )
            return torch.as_tensor(kept["embeddings"]).to(device), torch.as_tensor(kept["ids"]).to(device)
    if os.path.isdir(args.output) and os.listdir(args.output):
        raise ImageNetSError(f"{args.output} is not empty, and no embeddings.npz says what it is: give another OUTPUT.")
    found = []
    for example, features in _features(args, _load(args, "train_semi"), backbone, device, "embedding train_semi"):
        means, ids = segment_embeddings(features, torch.as_tensor(example.mask).to(device))
        found.append((example.image_id, means, ids))
    found.sort(key=lambda one: one[0])  # batches must not decide which of two equal neighbours comes first
    bank, bank_ids = torch.cat([one[1] for one in found]), torch.cat([one[2] for one in found])
    os.makedirs(args.output, exist_ok=True)
    aside = f"{path}.{os.getpid()}.part"
    try:
        with open(aside, "wb") as file:
            np.savez(
                file,
                embeddings=bank.cpu().numpy(),
                ids=bank_ids.cpu().numpy(),
                made_with=np.array(json.dumps(made_with)),
            )
        os.replace(aside, path)
    finally:
        if os.path.exists(aside):
            os.unlink(aside)
    return bank, bank_ids


def _predict(args: argparse.Namespace, split: str, backbone: Any, device: Any, bank: Any, ids: Any) -> None:
    from imagenet_s.conversion.submission.writer import PredictionWriter
    from imagenet_s.metrics.distance_matching import label_pixels, resize_nearest

    rows = _load(args, split)
    folder = os.path.join(args.output, split)
    with PredictionWriter(folder, args.config) as writer:
        names = zip(rows["image_id"][:], rows["wnid"][:])
        todo = [i for i, (image_id, wnid) in enumerate(names) if not writer.has(image_id, wnid)]
        if done := len(rows) - len(todo):
            hint(f"{split}: {done:,} predictions are there already.")
        for example, features in _features(args, rows.select(todo), backbone, device, f"predicting {split}"):
            labels = label_pixels(features, bank, ids, k=args.k, temperature=args.temperature)
            writer.write(example.image_id, resize_nearest(labels, example.size), example.wnid)
        say(f"{folder}: {len(rows):,} predictions, {writer.written:,} of them new")
