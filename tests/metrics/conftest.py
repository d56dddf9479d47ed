import shutil
from pathlib import Path

import pytest
from mask_trees import gaps, trees

__all__ = ["gaps", "trees"]

MODULE = Path(__file__).resolve().parents[2] / "metrics" / "matched_miou"


@pytest.fixture(scope="session", autouse=True)
def _private_caches(evaluate_cache):
    """In every test of this folder."""


@pytest.fixture(scope="session")
def module_path(tmp_path_factory):
    """The module's folder alone, as a Space has it."""
    target = tmp_path_factory.mktemp("space") / "matched_miou"
    shutil.copytree(MODULE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return str(target)
