import shutil
from pathlib import Path

import numpy as np
import pytest
from mask_trees import gaps, trees

from imagenet_s.metrics import count_pair

__all__ = ["gaps", "trees"]

MODULE = Path(__file__).resolve().parents[2] / "metrics" / "matched_miou"


@pytest.fixture(scope="session", autouse=True)
def _private_caches(evaluate_cache):
    """In every test of this folder."""


@pytest.fixture(scope="session")
def noisy_counts():
    """The counts of one image whose prediction is noise of 920 ids, as an untrained network gives: 800 rows."""
    reference = np.zeros((375, 500), int)
    reference[50:300, 100:400] = 7
    reference[48:50, 100:400] = 1000
    noise = np.random.default_rng(0).integers(0, 920, (24, 32))
    return count_pair(np.kron(noise, np.ones((16, 16), int))[:375, :500], reference)


@pytest.fixture(scope="session")
def module_path(tmp_path_factory):
    """The module's folder alone, as a Space has it."""
    target = tmp_path_factory.mktemp("space") / "matched_miou"
    shutil.copytree(MODULE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return str(target)
