"""Predictions of the miniature to submit: the true masks, relabelled a little, in the official form."""

from pathlib import Path
from typing import Any

import numpy as np

from imagenet_s.conversion.submission.method_file import Method
from imagenet_s.conversion.submission.prediction_writer import PredictionWriter
from imagenet_s.conversion.submission.submission_zip import CheckedSubmission, write_submission
from imagenet_s.conversion.synthetic import IMAGES, images_of, mask_ids

IDS = [image.image_id for image in images_of("50", "test")]
METHOD = Method("PASS", "ImageNet-S-50", "SSL", "ResNet-50", "https://arxiv.org/abs/2106.03149", "As in the paper.")
KEYS = {image.image_id: f"{image.class_wnid}/{image.image_id}.png" for image in images_of("50", "test")}


def prediction(image_id: str, config: str = "50") -> np.ndarray:
    """H x W ids, no pixel ignored."""
    ids = mask_ids(IMAGES[image_id], config).astype(np.int64)
    ids[ids == 1000] = 0
    return np.roll(ids, 3, axis=1)


def write_predictions(folder: Path, config: str = "50", split: str = "test") -> Path:
    """All predictions of a split."""
    with PredictionWriter(folder, config) as writer:
        for image in images_of(config, split):
            writer.write(image.image_id, prediction(image.image_id, config), image.class_wnid)
    return folder


def submit(predictions: Path, annotations: Path, **options: Any) -> CheckedSubmission:
    """Pack them into out.zip beside their folder."""
    target = predictions.with_name("out.zip")
    return write_submission(
        predictions, target, "50", "test", METHOD, annotations_dir=annotations, verify=False, **options
    )
