"""The places, what is scored against their masks, and a Dataset to be checked; written once a run."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from mask_places import Place, write_places

import imagenet_s
from imagenet_s.cli.main import main
from imagenet_s.conversion.masks.codec import encode_official_png

LOADER = """
from pathlib import Path

import imagenet_s

def masks(root):
    return [{"id": path.stem, "mask": imagenet_s.decode_mask(path)} for path in sorted(Path(root).glob("*/*.png"))]
"""


@pytest.fixture(scope="session")
def places(tmp_path_factory: pytest.TempPathFactory, miniature: Callable[[str], Path], annotations: Path):
    """Name -> place."""
    return write_places(tmp_path_factory.mktemp("places"), miniature, annotations)


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory, places: dict[str, Place]) -> Path:
    """Two sets of predictions and of maps, `a` and `b`, scored against the plain folder; and a Dataset."""
    root = tmp_path_factory.mktemp("runs")
    plain = places["plain"].path
    for number, path in enumerate(sorted(plain.glob("*/*.png"))):
        ids = imagenet_s.decode_mask(path)
        noise = np.random.default_rng(number).random(ids.shape)
        for shift, run in enumerate("ab", 2):
            prediction = root / run / path.relative_to(plain)
            prediction.parent.mkdir(parents=True, exist_ok=True)
            prediction.write_bytes(encode_official_png(np.roll(np.where(ids == 1000, 0, ids), shift, 1)))
            (root / f"maps-{run}").mkdir(exist_ok=True)
            np.save(root / f"maps-{run}" / f"{path.stem}.npy", noise * shift + (ids > 0))
    for run in "ab":
        common = ["--gt-dir", str(plain), "--config", "50", "--workers", "1"]
        masks = ["--predict-dir", str(root / run), "--save-counts", str(root / f"{run}.npz")]
        maps = ["--maps-dir", str(root / f"maps-{run}"), "--save-counts", str(root / f"maps-{run}.npz")]
        assert main(["evaluate", *masks, *common]) == main(["evaluate-maps", *maps, *common]) == 0
    (root / "loader.py").write_text(LOADER)
    return root
