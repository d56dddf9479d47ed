"""How much of a classifier's answers is the object, and how much its background?

    python examples/object_reliance.py --data-dir /data/imagenet --config 919 --model timm:resnet50 --report page.html

Shows a classifier of ImageNet's 1000 classes the object alone, the background alone, and the object before other
backgrounds (docs/reliance.md), and prints what it answers, with intervals. Without --model: a network so small that a
laptop fits it to the images in a second.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from miniature import data_options, data_parser, run
from PIL import Image
from torch.utils.data import DataLoader, Dataset

import imagenet_s
from imagenet_s.conversion.core.errors import ImageNetSError
from imagenet_s.conversion.facts import COMPOSITE_KINDS, synsets
from imagenet_s.conversion.transforms import composite
from imagenet_s.metrics import ObjectReliance
from imagenet_s.report import flipped_images, html_reliance_report, percent, points

Predict = Callable[[list[Image.Image]], Any]
"""RGB images -> N x 1000 scores, in the order of ImageNet's labels: a tensor, an array or lists."""
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


def load_classifier(name: str) -> Predict:
    """A classifier by its name: timm:NAME, MODULE:FUNCTION, or a folder or name that transformers loads."""
    if name.startswith("timm:"):
        import timm

        model = timm.create_model(name.removeprefix("timm:"), pretrained=True).eval().to(DEVICE)
        transform = timm.data.create_transform(**timm.data.resolve_model_data_config(model), is_training=False)
        return lambda images: model(torch.stack([transform(image) for image in images]).to(DEVICE))
    if ":" in name:
        sys.path.insert(0, os.getcwd())
        module, _, function = name.partition(":")
        return getattr(importlib.import_module(module), function)
    from transformers import AutoImageProcessor, AutoModelForImageClassification

    processor = AutoImageProcessor.from_pretrained(name)
    network = AutoModelForImageClassification.from_pretrained(name).eval().to(DEVICE)
    return lambda images: network(**processor(images, return_tensors="pt").to(DEVICE)).logits


def small_classifier(rows: Any, steps: int = 60) -> Predict:
    """A small network that knows the images by heart, as they are."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 16, 5, stride=2), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(4), torch.nn.Flatten(),
        torch.nn.Linear(256, 1000),
    )  # fmt: skip

    def predict(images: list[Image.Image]) -> torch.Tensor:
        pixels = [torch.from_numpy(np.array(image.resize((64, 64)))) for image in images]
        return network(torch.stack(pixels).permute(0, 3, 1, 2) / 255)

    images, labels = [row["image"] for row in rows], torch.tensor(rows["imagenet_label"][:])
    optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(predict(images), labels).backward()
        optimizer.step()
    return predict


class Pictures(Dataset):
    """The rows as one kind shows them; None where its mask does not show its class or it has no partner."""

    def __init__(self, rows: Any, picture: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self.rows, self.picture = rows, picture

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, i: int) -> dict[str, Any] | None:
        try:
            return self.picture(self.rows[i])
        except ImageNetSError:
            return None


def count_answers(metric: ObjectReliance, predict: Predict, kind: str, pictures: Pictures, **options: Any) -> None:
    """Ask the classifier for every picture of a kind."""
    for batch in DataLoader(pictures, collate_fn=list, **options):
        shown = [row for row in batch if row is not None]
        if shown:
            with torch.no_grad():
                scores = predict([row["image"] for row in shown])
            labels, names, shares = (
                [row[column] for row in shown] for column in ("imagenet_label", "image_id", "object_share")
            )
            metric.update(kind, scores, labels, names, shares)


def print_figures(metric: ObjectReliance, result: dict[str, Any]) -> None:
    """A line for each kind, and for each difference of kinds."""

    def line(name: str, title: str, number: Callable[[float], str], last: str) -> str:
        low, high = map(number, result["intervals"][name])
        return f"{title:16}{number(result[name]):>8} {f'({low} to {high})':20}{last:>6}{result['images'][name]:8}"

    print(f"{result['num_images']} images, {result['num_categories']} classes; percent, and 95 % intervals")
    print(f"{'':16}{'top-1':>8} {'':20}{'top-5':>6}{'images':>8}")
    for kind in metric.kinds:
        print(line(f"top1_{kind}", kind, percent, percent(result[f"top5_{kind}"])))
    for name in ("background_gap", "object_only_drop", "flipped"):
        if name in result["intervals"]:
            print(line(name, name, percent if name == "flipped" else points, ""))


def main() -> None:
    """Show, count, print."""
    parser = data_parser(__doc__)
    parser.add_argument(
        "--model",
        help="timm:NAME, a name or folder for transformers, or MODULE:FUNCTION: a list of Pillow images to N x 1000 "
        "scores; a small network without it",
    )
    parser.add_argument("--split", default="validation", choices=("validation", "train_semi"), help="(validation)")
    parser.add_argument("--kinds", nargs="+", choices=COMPOSITE_KINDS, default=COMPOSITE_KINDS, help="(all of them)")
    parser.add_argument("--fill", choices=("mean", "blur", "tile"), help="(mean; tile in the background of mixed ones)")
    parser.add_argument("--seed", type=int, default=0, help="of the choice of backgrounds (0)")
    parser.add_argument("--batch-size", type=int, default=32, help="pictures at a time (32)")
    parser.add_argument("--workers", type=int, default=0, help="processes that make pictures (0)")
    parser.add_argument("--save", metavar="FILE.npz", help="keep the answers, for `imagenet-s compare`")
    parser.add_argument("--report", metavar="FILE.html", help="a page, with images that flip")
    args = parser.parse_args()
    rows = imagenet_s.load_dataset(args.config, split=args.split, **data_options(args))
    # An official tree without a list says no label of ImageNet.
    rows = rows.select([i for i, label in enumerate(rows["imagenet_label"][:]) if label is not None])
    predict = load_classifier(args.model) if args.model else small_classifier(rows)

    metric = ObjectReliance(1000, labels="imagenet")
    options = {"split": args.split, "fill": args.fill or "mean, of partners tile", "seed": args.seed}
    metric.record.update(name=args.model or "small network", config=args.config, options=options)
    pictures = {kind: composite(rows, kind, args.fill, args.seed) for kind in args.kinds}
    for kind, picture in pictures.items():
        count_answers(
            metric, predict, kind, Pictures(rows, picture), batch_size=args.batch_size, num_workers=args.workers
        )
    result = metric.compute()
    print_figures(metric, result)
    if args.save:
        metric.save(args.save)
    if args.report:
        notes = [f"ImageNet-S-{args.config}: " + ", ".join(f"{name} {value}" for name, value in options.items()) + "."]
        labels = [synset.lemmas[0] for synset in synsets().values()]
        flipped = flipped_images(metric.per_image(), rows, pictures, labels)
        page = html_reliance_report(result, title=metric.record["name"], notes=notes, pictures=flipped)
        Path(args.report).write_text(page, encoding="utf-8")


if __name__ == "__main__":
    run(main)
