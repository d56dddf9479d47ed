"""Score saliency and explanation maps (Grad-CAM, attention, attributions) against the masks.

    python examples/score_saliency.py [--data-dir /data/imagenet] [--thresholds 0.3 0.5 0.7]

A map says how much each pixel matters for the image's class. Two questions are asked of it: does its peak lie on the
object (the pointing game), and, cut at a threshold and given the image's class, how well does it segment (F-measure of
the foreground, mIoU over classes)? Replace `saliency` by a map of yours.
"""

from __future__ import annotations

import itertools

import numpy as np
from miniature import data_options, data_parser
from numpy.typing import NDArray
from PIL import Image

import imagenet_s
from imagenet_s.metrics import MatchedIoU


def saliency(image: Image.Image, category: int) -> NDArray[np.float64]:
    """H x W from 0 to 1 for one class. Here: how far a pixel's colour is from the mean colour of the border."""
    pixels = np.asarray(image, np.float64)
    border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]]).mean(0)
    distance = np.linalg.norm(pixels - border, axis=-1)
    return distance / max(distance.max(), 1e-12)


def main() -> None:
    """Score the maps of validation at each threshold."""
    parser = data_parser(__doc__)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.2, 0.4, 0.6])
    parser.add_argument("--images", type=int, default=1000, help="how many to score")
    args = parser.parse_args()
    rows = imagenet_s.load_dataset(args.config, split="val", streaming=True, **data_options(args))

    metrics = {threshold: MatchedIoU(imagenet_s.categories(args.config).num_classes) for threshold in args.thresholds}
    hits = asked = 0
    for row in itertools.islice(rows, args.images):
        truth = np.asarray(row["annotation"])  # H x W class ids: the image is as large, and turned the same way
        found = saliency(row["image"], row["category"])
        if (truth == row["category"]).any():
            peak = np.unravel_index(found.argmax(), found.shape)
            if truth[peak] != imagenet_s.IGNORE_ID:
                asked += 1
                hits += bool(truth[peak] == row["category"])
        for threshold, metric in metrics.items():
            metric.update(np.where(found >= threshold, row["category"], imagenet_s.OTHER_ID), truth, row["image_id"])

    print(f"pointing game: {100 * hits / max(asked, 1):.1f} % of {asked} peaks lie on the image's class")
    print(f"{'threshold':>10}{'FMeasure':>10}{'mIoU':>8}   (percent)")
    for threshold, metric in metrics.items():
        result = metric.compute()  # ids are classes: nothing to match
        print(f"{threshold:10.2f}{100 * result['f_measure']:10.2f}{100 * result['mean_iou']:8.2f}")


if __name__ == "__main__":
    main()
