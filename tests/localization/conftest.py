import shutil
from pathlib import Path

import pytest

MODULE = Path(__file__).resolve().parents[2] / "metrics" / "localization"


@pytest.fixture(scope="session", autouse=True)
def _private_caches(tmp_path_factory):
    """evaluate copies modules into a cache: not the user's, in tests."""
    import evaluate.config
    import evaluate.loading

    patch = pytest.MonkeyPatch()
    home = tmp_path_factory.mktemp("evaluate")
    patch.setattr(evaluate.config, "HF_MODULES_CACHE", str(home / "modules"))
    patch.setattr(evaluate.config, "HF_METRICS_CACHE", home / "metrics")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def module_path(tmp_path_factory):
    """The module's folder alone, as a Space has it."""
    target = tmp_path_factory.mktemp("space") / "localization"
    shutil.copytree(MODULE, target, ignore=shutil.ignore_patterns("__pycache__"))
    return str(target)
