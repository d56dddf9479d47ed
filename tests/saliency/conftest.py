import shutil
from pathlib import Path

import pytest

MODULE = Path(__file__).resolve().parents[2] / "metrics" / "localization"


@pytest.fixture(scope="session", autouse=True)
def _private_caches(evaluate_cache):
    """In every test of this folder."""


@pytest.fixture(scope="session")
def module_path(tmp_path_factory):
    """The module's folder alone, as a Space has it."""
    target = tmp_path_factory.mktemp("space") / "localization"
    shutil.copytree(MODULE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return str(target)
