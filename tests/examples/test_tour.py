"""examples/tour.ipynb: it runs in a kernel, in an empty folder, and gives the outputs that are committed with it.

A change that means to change them records them again with `python tests/examples/test_tour.py`, in the environment of
`make test-notebook`.
"""

from __future__ import annotations

import base64
import io
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("nbclient")

import nbformat
from nbclient import NotebookClient

TOUR = Path(__file__).resolve().parents[2] / "examples" / "tour.ipynb"


def executed(folder: Path, **changed: str) -> Any:
    """The notebook, run from top to bottom in `folder`; a cell that fails is an error. `changed`: old code to new."""
    notebook = nbformat.read(TOUR, 4)
    for original, other in changed.items():
        assert sum(original in cell.source for cell in notebook.cells) == 1, original
        for cell in notebook.cells:
            cell.source = cell.source.replace(original, other)
    options = {"kernel_name": "python3", "record_timing": False, "resources": {"metadata": {"path": str(folder)}}}
    return NotebookClient(notebook, timeout=300, **options).execute()


def outputs(notebook: Any) -> list[tuple[str, str]]:
    """What the cells give, as text: streams by name, results by their type."""
    cells = []
    for cell in notebook.cells:
        for item in cell.get("outputs", ()):
            if item.output_type == "stream":
                cells.append((item.name, item.text))
            else:
                cells.append((item.output_type, item.data["text/plain"]))
    return cells


def pictures(notebook: Any) -> list[np.ndarray]:
    data = [item.data for cell in notebook.cells for item in cell.get("outputs", ()) if "data" in item]
    pngs = [base64.b64decode(value["image/png"]) for value in data if "image/png" in value]
    return [np.asarray(Image.open(io.BytesIO(png))) for png in pngs]


@pytest.fixture(autouse=True)
def kernels_are_offline(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path_factory.mktemp("hf")))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_outputs(tmp_path: Path) -> None:
    committed, actual = nbformat.read(TOUR, 4), executed(tmp_path)
    assert outputs(actual) == outputs(committed)
    assert len(pictures(actual)) == len(pictures(committed)) == 2
    for one, other in zip(pictures(actual), pictures(committed)):
        # Fonts and codecs differ between versions of Pillow; another picture differs more.
        assert one.shape == other.shape
        assert np.abs(one.astype(int) - other).mean() < 4
    assert "<h1>" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_your_own_imagenet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, miniature: Callable[[str], Path], annotations: Path
) -> None:
    """With another path nothing is generated. Here it is a miniature in another layout: the same rows, so outputs."""
    monkeypatch.setenv("IMAGENET_S_ANNOTATIONS_DIR", str(annotations))
    path = {'IMAGENET = "miniature"': f'IMAGENET = "{miniature("tars")}"'}
    unverified = {'source = {"data_dir": IMAGENET}': 'source = {"data_dir": IMAGENET, "verify": False}'}
    assert outputs(executed(tmp_path, **path, **unverified)) == outputs(nbformat.read(TOUR, 4))
    assert not (tmp_path / "tour").exists()


def test_what_is_committed() -> None:
    text = TOUR.read_text(encoding="utf-8")
    assert len(text) < 400_000
    assert "/tmp" not in text
    assert "/home" not in text
    notebook = nbformat.read(TOUR, 4)
    runs = [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]
    assert runs == [*range(1, 1 + len(runs))]
    assert {name for name, _ in outputs(notebook)} == {"stdout", "execute_result"}


def record() -> None:
    """Write the outputs into the notebook, with pictures as small as PNG makes them."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(HF_HOME=os.path.join(folder, "hf"), HF_HUB_OFFLINE="1")
        notebook = executed(Path(folder))
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        for item in cell.get("outputs", ()):
            if "image/png" in item.get("data", {}):
                small = io.BytesIO()
                Image.open(io.BytesIO(base64.b64decode(item.data["image/png"]))).save(small, "PNG", optimize=True)
                item.data["image/png"] = base64.b64encode(small.getvalue()).decode()
                item.data.pop("image/jpeg", None)
    nbformat.write(notebook, TOUR)


if __name__ == "__main__":
    sys.exit(record())
