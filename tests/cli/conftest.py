from pathlib import Path

import numpy as np
import pytest

from imagenet_s.conversion import PredictionWriter
from imagenet_s.conversion.synthetic import images_of, mask_ids


@pytest.fixture(scope="session")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """References of 50's validation as predictions of themselves, official PNGs."""
    folder = tmp_path_factory.mktemp("masks")
    with PredictionWriter(folder, "50") as writer:
        for image in images_of("50", "validation"):
            ids = mask_ids(image, "50")
            writer.write(image.image_id, np.where(ids == 1000, 0, ids), image.class_wnid)
    return folder
