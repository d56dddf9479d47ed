"""Unsupervised segmentation in its shortest form: cluster pixels, match clusters to classes, score.

    python examples/cluster_pixels.py [--data-dir /data/imagenet] [--clusters 50]

K-means over colour and place stands in for a method of yours: replace `features` by what your network gives for each
pixel. No mask is seen before the end, where the metric decides which class each cluster stands for.
"""

from __future__ import annotations

import itertools

import numpy as np
from miniature import data_options, data_parser, positive, run
from numpy.typing import NDArray
from PIL import Image
from scipy.cluster.vq import kmeans2, vq

import imagenet_s
from imagenet_s.metrics import MatchedIoU


def features(image: Image.Image) -> NDArray[np.float32]:
    """H x W x 5: colour and place, from 0 to 1."""
    colours = np.asarray(image, np.float32) / 255
    height, width = colours.shape[:2]
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.dstack([colours, y[..., None] / height, x[..., None] / width])


def main() -> None:
    """Cluster the pixels of train_semi's images, predict validation, print the figures."""
    parser = data_parser(__doc__)
    parser.add_argument(
        "--clusters", type=positive, default=50, help="default: 50; more than classes are fine for all but 'none'"
    )
    parser.add_argument(
        "--images", type=positive, default=500, help="how many to cluster, and how many to score (default: 500)"
    )
    args = parser.parse_args()
    data = data_options(args)
    classes = imagenet_s.categories(args.config).num_classes

    rng = np.random.default_rng(0)
    sample = []
    for row in itertools.islice(
        imagenet_s.load_dataset(args.config, split="train-semi", streaming=True, **data), args.images
    ):
        pixels = features(row["image"]).reshape(-1, 5)
        sample.append(pixels[rng.integers(len(pixels), size=200)])
    centres, _ = kmeans2(np.concatenate(sample), args.clusters, minit="++", seed=0)

    metric = MatchedIoU(classes)
    rows = iter(imagenet_s.load_dataset(args.config, split="val", streaming=True, **data))
    for row in itertools.islice(rows, args.images):
        found = features(row["image"])
        clusters = 1 + vq(found.reshape(-1, 5), centres)[0].reshape(found.shape[:2])  # 0 would mean "other"
        metric.update(clusters, row["annotation"], row["image_id"])

    print(f"{len(metric)} images, {args.clusters} clusters, {classes} classes; percent")
    if next(rows, None) is not None:
        print("the first ones only; --images N takes more")
    print(f"{'matching':12}{'mIoU':>8}{'mBIoU':>8}{'Acc':>8}{'FMeasure':>10}")
    for matching in ("none", "hungarian", "pixel", "majority"):
        if matching == "none" and args.clusters > classes:
            continue  # clusters above C are no classes
        result = metric.compute(matching)  # the masks are not read again
        figures = [result[key] for key in ("mean_iou", "boundary_mean_iou", "image_accuracy", "f_measure")]
        print(f"{matching:12}" + "".join(f"{100 * one:{width}.2f}" for one, width in zip(figures, (8, 8, 8, 10))))


if __name__ == "__main__":
    run(main)
